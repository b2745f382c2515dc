# SPDX-License-Identifier: MIT
"""compressed-tensors on the CPU, as llm-compressor calls it: the observer's minimum and maximum of each
group in the type of the weights, calculate_qparams, quantize."""
from __future__ import annotations

import torch

from .engine import Result, bits_of, cases, grouped, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "compressed-tensors", "engine", ("float32", "bfloat16", "float16")
CASES = cases(("int8", "int4"), ("absmax", "zero-point"), ("row", 32)) + \
    cases(("int8",), ("absmax",), ("tensor",))


def version():
    return version_of("compressed-tensors")


def quantize(x, case):
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import dequantize as restore
    from compressed_tensors.quantization.lifecycle.forward import quantize as map_to_integers
    from compressed_tensors.quantization.utils import calculate_qparams
    strategy = {"row": "channel", "tensor": "tensor"}.get(case.group, "group")
    size = {"group_size": case.group} if strategy == "group" else {}
    args = QuantizationArgs(num_bits=bits_of(case), type="int", symmetric=case.scheme == "absmax",
                            strategy=strategy, **size)
    w = to_torch(x)
    groups = to_torch(grouped(x, case))
    scales, zero_points = calculate_qparams(groups.amin(1), groups.amax(1), args)
    shape = (1,) if strategy == "tensor" else (w.shape[0], -1)
    scales, zero_points = scales.reshape(shape), zero_points.reshape(shape)
    q = map_to_integers(w, scales, zero_points, args, dtype=torch.int8)
    restored = restore(q, scales, zero_points, args)
    return Result(to_numpy(q), to_numpy(scales).reshape(-1), to_numpy(zero_points).reshape(-1), None,
                  to_numpy(restored))
