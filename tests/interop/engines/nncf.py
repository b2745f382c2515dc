# SPDX-License-Identifier: MIT
"""NNCF: weight compression, as compress_weights does it to each matrix of an OpenVINO model."""
from __future__ import annotations

import numpy as np

from .engine import Result, bits_of, cases, grouped, version_of

PROFILE, SOURCE, DTYPES = "nncf", "engine", ("float32",)
CASES = cases(("int8",), ("absmax",), ("row",)) + cases(("uint8",), ("zero-point",), ("row",)) \
    + cases(("int4",), ("absmax",), ("row", 32)) + cases(("uint4",), ("zero-point",), ("row", 32))


def version():
    return version_of("nncf", "NNCF")


def quantize(x, case):
    from nncf import CompressWeightsMode
    from nncf.quantization.algorithms.weight_compression.config import WeightCompressionConfig
    from nncf.quantization.algorithms.weight_compression.weight_lowering import \
        do_integer_dequantization, do_integer_quantization
    from nncf.tensor import Tensor
    mode = f"INT{bits_of(case)}_{'SYM' if case.scheme == 'absmax' else 'ASYM'}"
    config = WeightCompressionConfig(getattr(CompressWeightsMode, mode))
    groups = np.ascontiguousarray(grouped(np.asarray(x, np.float32), case))
    done = do_integer_quantization(Tensor(groups), config, reduction_axes=(1,))
    zero_points = None if done.zero_point is None else \
        np.asarray(done.zero_point.as_numpy_tensor().data).astype(np.int32).reshape(-1)
    restored = np.asarray(do_integer_dequantization(done).as_numpy_tensor().data)
    return Result(np.asarray(done.tensor.as_numpy_tensor().data).astype(np.int32).reshape(x.shape),
                  np.asarray(done.scale.as_numpy_tensor().data, np.float32).reshape(-1), zero_points, None,
                  restored.astype(np.float32).reshape(x.shape))
