# SPDX-License-Identifier: MIT
"""The tools of ONNX Runtime that quantize weights: quantize_data for a tensor or each of its rows, and
blocks as QDQQuantizer does them."""
from __future__ import annotations

import numpy as np
from onnx import TensorProto
from onnxruntime.quantization import quant_utils

from .engine import Result, cases, version_of

PROFILE, SOURCE, DTYPES = "onnx-tools", "engine", ("float32",)
CASES = cases(("int8", "uint8", "int16", "uint16", "int4", "uint4"), ("absmax", "zero-point"), ("row",)) \
    + cases(("int8", "uint8"), ("absmax", "zero-point"), ("tensor", 32)) \
    + cases(("int4", "uint4"), ("absmax", "zero-point"), (32,))


def version():
    return version_of("onnxruntime", "ONNX Runtime")


def in_blocks(x, kind, case):
    zero_points, scales = quant_utils.compute_scale_zp_blocked(x, kind, 1, case.group,
                                                               case.scheme == "absmax")
    zero_points, scales = np.asarray(zero_points), np.asarray(scales)
    q = np.empty(x.shape, np.int32)
    for row in range(x.shape[0]):
        for block in range(scales.shape[1]):
            part = slice(block * case.group, (block + 1) * case.group)
            q[row, part] = quant_utils.quantize_nparray(kind, x[row, part], scales[row, block],
                                                        zero_points[row, block])
    return q, scales, zero_points.astype(np.int32)


def quantize(x, case):
    kind = getattr(TensorProto, case.dtype.upper())
    x = np.ascontiguousarray(x, np.float32)
    if case.group in ("row", "tensor"):
        parts = x if case.group == "row" else x.reshape(1, -1)
        done = [quant_utils.quantize_data(part, kind, case.scheme == "absmax") for part in parts]
        zero_points = np.array([int(z) for z, _, _ in done])
        scales = np.array([s for _, s, _ in done], np.float32)
        q = np.stack([np.asarray(part).astype(np.int32) for _, _, part in done]).reshape(x.shape)
    else:
        q, scales, zero_points = in_blocks(x, kind, case)
    size = x.size // scales.size
    with np.errstate(over="ignore"):
        restored = (q.reshape(-1, size) - zero_points.reshape(-1, 1)).astype(np.float32) \
            * scales.reshape(-1, 1)
    return Result(q, scales.reshape(-1), zero_points.reshape(-1), None, restored.reshape(x.shape))
