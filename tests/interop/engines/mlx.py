# SPDX-License-Identifier: MIT
"""MLX on the CPU: affine quantization of groups of 32 or 64. To 16 bits it restores by rounding the
product to them, then the sum; what is held against quant there is q * s + bias in float32."""
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
    theirs = to_numpy(mx.dequantize(words, scales, biases, group_size=case.group, bits=bits_of(case)))
    octets = np.array(words).astype("<u4").view(np.uint8)
    if bits_of(case) == 4:
        octets = np.stack([octets & 15, octets >> 4], -1)
    q, scales, biases = octets.reshape(-1, case.group), to_numpy(scales), to_numpy(biases)
    products = q.astype(np.float32) * scales.reshape(-1, 1).astype(np.float32)
    restored = products + biases.reshape(-1, 1).astype(np.float32)
    twice = products.astype(x.dtype).astype(np.float32) + biases.reshape(-1, 1).astype(np.float32)
    assert np.array_equal(twice.astype(x.dtype).reshape(x.shape), theirs, equal_nan=True)
    return Result(q.reshape(x.shape), scales.reshape(-1), None, biases.reshape(-1),
                  restored.reshape(x.shape))
