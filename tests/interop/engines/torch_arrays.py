# SPDX-License-Identifier: MIT
"""Between NumPy and PyTorch, which has its own bfloat16."""
import ml_dtypes
import numpy as np
import torch


def to_torch(x):
    x = np.array(x, copy=True)
    if x.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def to_numpy(t):
    t = t.detach().contiguous()
    if t.dtype == torch.bfloat16:
        return t.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return t.numpy()
