# SPDX-License-Identifier: MIT
"""ncnn: the inverse of the scale as ncnn2table computes it (127 / m, or 1), the elements by the
library's quantize_to_int8."""
from __future__ import annotations

import numpy as np

from .engine import Result, cases, grouped, version_of

PROFILE, SOURCE, DTYPES = "ncnn", "engine", ("float32",)
CASES = cases(("int8",), ("absmax",), ("row", "tensor"))


def version():
    return version_of("ncnn")


def quantize(x, case):
    import ncnn
    groups = np.ascontiguousarray(grouped(np.asarray(x, np.float32), case))
    greatest = np.abs(groups).max(1)
    with np.errstate(divide="ignore", over="ignore"):
        inverses = np.where(greatest == 0, np.float32(1), np.float32(127) / greatest)
    q = np.empty(groups.shape, np.int8)
    for i, group in enumerate(groups):
        done, flat = ncnn.Mat(), ncnn.Mat()
        ncnn.quantize_to_int8(ncnn.Mat(group.copy()), done, ncnn.Mat(inverses[i:i + 1].copy()))
        ncnn.convert_packing(done, flat, 1)
        q[i] = np.array(flat)
    with np.errstate(divide="ignore", over="ignore"):
        scales = (np.float32(1) / inverses).astype(np.float32)
    return Result(q.reshape(x.shape), scales, None, None,
                  (q.astype(np.float32) * scales[:, None]).reshape(x.shape))
