# SPDX-License-Identifier: MIT
"""PyTorch: the observers of ranges, then quantize_per_tensor or quantize_per_channel."""
import numpy as np
import torch
from torch.ao.quantization.observer import MinMaxObserver, PerChannelMinMaxObserver

from .engine import Result, cases, is_signed

PROFILE, SOURCE, DTYPES = "pytorch", "engine", ("float32",)
CASES = cases(("int8", "uint8"), ("absmax", "zero-point"), ("tensor", "row"))


def version():
    return f"PyTorch {torch.__version__.split('+')[0]}"


def quantize(x, case):
    kind = torch.qint8 if is_signed(case) else torch.quint8
    scheme = "symmetric" if case.scheme == "absmax" else "affine"
    w = torch.from_numpy(np.array(x, np.float32))
    if case.group == "tensor":
        observer = MinMaxObserver(dtype=kind, qscheme=getattr(torch, f"per_tensor_{scheme}"))
    else:
        observer = PerChannelMinMaxObserver(ch_axis=0, dtype=kind,
                                            qscheme=getattr(torch, f"per_channel_{scheme}"))
    observer(w)
    scales, zero_points = observer.calculate_qparams()
    if case.group == "tensor":
        done = torch.quantize_per_tensor(w, float(scales), int(zero_points), kind)
    else:
        done = torch.quantize_per_channel(w, scales, zero_points, 0, kind)
    return Result(done.int_repr().numpy(), scales.numpy().reshape(-1), zero_points.numpy().reshape(-1),
                  None, done.dequantize().numpy())
