# SPDX-License-Identifier: MIT
"""torchao: int8 weights alone, as quantize_ replaces them in a linear layer."""
from __future__ import annotations

import torch

from .engine import Result, cases, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "torchao", "engine", ("float32", "bfloat16", "float16")
CASES = cases(("int8",), ("absmax",), ("row", "tensor", 32))


def version():
    return version_of("torchao")


def quantize(x, case):
    from torchao.quantization import Int8WeightOnlyConfig, PerGroup, PerRow, PerTensor, quantize_
    granularity = {"row": PerRow, "tensor": PerTensor}.get(case.group, lambda: PerGroup(case.group))()
    w = to_torch(x)
    layer = torch.nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=w.dtype)
    layer.weight = torch.nn.Parameter(w, requires_grad=False)
    quantize_(layer, Int8WeightOnlyConfig(granularity=granularity, set_inductor_config=False))
    done = layer.weight
    scales = to_numpy(done.scale)
    return Result(to_numpy(done.qdata), scales.reshape(-1), None, None, to_numpy(done.dequantize()))
