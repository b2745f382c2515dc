# SPDX-License-Identifier: MIT
"""bitsandbytes on the CPU: LLM.int8, as Int8Params turns weights into integers. It stores the greatest
magnitude of a row; what quant keeps is that times the factor by which the engine restores."""
from __future__ import annotations

import numpy as np
import torch

from .engine import Result, cases, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "bitsandbytes", "engine", ("float32", "bfloat16", "float16")
CASES = cases(("int8",), ("absmax",), ("row",))


def version():
    return version_of("bitsandbytes")


def quantize(x, case):
    import bitsandbytes
    w = to_torch(x).to(torch.float16)
    q, greatest, _ = bitsandbytes.functional.int8_vectorwise_quant(w)
    return Result(to_numpy(q), to_numpy(greatest).reshape(-1).astype(np.float32), None, None,
                  to_numpy(bitsandbytes.functional.int8_vectorwise_dequant(q, greatest)))
