# SPDX-License-Identifier: MIT
"""bitsandbytes on the CPU: LLM.int8, as Int8Params turns weights into integers. It stores the greatest
magnitude m of a row and restores by (q * m) * 0.007874..., rounding twice. quant keeps one
factor, m * 0.007874...: by that the numbers here are restored, and they are near the engine's."""
from __future__ import annotations

import numpy as np
import torch

from .engine import Result, cases, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "bitsandbytes", "engine", ("float32", "bfloat16", "float16")
FACTOR = np.float32(7.874015718698502e-3)  # of int8_vectorwise_dequant, near 1 / 127
CASES = cases(("int8",), ("absmax",), ("row",))


def version():
    return version_of("bitsandbytes")


def quantize(x, case):
    import bitsandbytes
    w = to_torch(x).to(torch.float16)
    q, greatest, _ = bitsandbytes.functional.int8_vectorwise_quant(w)
    theirs = to_numpy(bitsandbytes.functional.int8_vectorwise_dequant(q, greatest))
    q, scales = to_numpy(q), to_numpy(greatest).reshape(-1, 1).astype(np.float32) * FACTOR
    restored = q.astype(np.float32) * scales
    assert np.allclose(theirs, restored, rtol=2.0 ** -22, atol=2.0 ** -149, equal_nan=True)
    return Result(q, scales.reshape(-1), None, None, restored)
