# SPDX-License-Identifier: MIT
"""comfy-kitchen on the CPU, which ComfyUI takes its int8_tensorwise from."""
import comfy_kitchen

from .engine import Result, cases, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "comfyui", "engine", ("float32", "bfloat16", "float16")
CASES = cases(("int8",), ("absmax",), ("row", "tensor"))


def version():
    return version_of("comfy-kitchen")


def quantize(x, case):
    each = comfy_kitchen.quantize_int8_rowwise if case.group == "row" else \
        comfy_kitchen.quantize_int8_tensorwise
    q, scales = each(to_torch(x))
    return Result(to_numpy(q), to_numpy(scales).reshape(-1), None, None,
                  to_numpy(comfy_kitchen.dequantize_int8_simple(q, scales)))
