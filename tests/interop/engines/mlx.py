# SPDX-License-Identifier: MIT
"""MLX on the CPU: affine quantization of groups of 32 or 64."""
from __future__ import annotations

import ml_dtypes
import numpy as np

from .engine import Case, Result, bits_of, version_of

PROFILE, SOURCE, DTYPES = "mlx", "engine", ("float32", "bfloat16", "float16")
CASES = [Case(dtype, "zero-point", size) for dtype in ("uint4", "uint8") for size in (32, 64)]


def version():
    return version_of("mlx", "MLX")


def to_mlx(x):
    import mlx.core as mx
    if x.dtype == ml_dtypes.bfloat16:
        return mx.array(x.view(np.uint16)).view(mx.bfloat16)
    return mx.array(x)


def to_numpy(a):
    import mlx.core as mx
    if a.dtype == mx.bfloat16:
        return np.array(a.view(mx.uint16)).view(ml_dtypes.bfloat16)
    return np.array(a)


def quantize(x, case):
    import mlx.core as mx
    words, scales, biases = mx.quantize(to_mlx(np.ascontiguousarray(x)), group_size=case.group,
                                        bits=bits_of(case))
    restored = mx.dequantize(words, scales, biases, group_size=case.group, bits=bits_of(case))
    octets = np.array(words).astype("<u4").view(np.uint8)
    if bits_of(case) == 4:
        octets = np.stack([octets & 15, octets >> 4], -1)
    return Result(octets.reshape(x.shape), to_numpy(scales).reshape(-1), None,
                  to_numpy(biases).reshape(-1), to_numpy(restored))
