# SPDX-License-Identifier: MIT
"""TensorRT's weights by its published rules (Developer Guide, Explicit Quantization): the engine needs
a graphics processor, so these are no results of its own."""
import numpy as np

from .engine import Result, cases, grouped

PROFILE, SOURCE, DTYPES = "tensorrt", "formula", ("float32",)
CASES = cases(("int8",), ("absmax",), ("row", "tensor"))


def version():
    return "TensorRT 10, by its documentation"


def quantize(x, case):
    groups = grouped(np.asarray(x, np.float32), case)
    scales = np.abs(groups).max(1, keepdims=True) / np.float32(127)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.clip(np.rint(groups / scales), -127, 127)
    q = np.nan_to_num(q).astype(np.int8)
    return Result(q.reshape(x.shape), scales.reshape(-1), None, None,
                  (q.astype(np.float32) * scales).reshape(x.shape))
