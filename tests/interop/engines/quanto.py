# SPDX-License-Identifier: MIT
"""optimum-quanto: qint8 weights with a scale for each row."""
from optimum.quanto import AbsmaxOptimizer, qint8, quantize_weight

from .engine import Result, cases, version_of
from .torch_arrays import to_numpy, to_torch

PROFILE, SOURCE, DTYPES = "quanto", "engine", ("float32", "bfloat16", "float16")
CASES = cases(("int8",), ("absmax",), ("row",))


def version():
    return version_of("optimum-quanto")


def quantize(x, case):
    w = to_torch(x)
    scales = AbsmaxOptimizer()(w, qint8, axis=0)
    done = quantize_weight(w, qint8, 0, scales, optimized=False)
    return Result(to_numpy(done._data), to_numpy(scales).reshape(-1), None, None,
                  to_numpy(done.dequantize()))
