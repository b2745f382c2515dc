# SPDX-License-Identifier: MIT
"""ncnn: the inverse of the scale as ncnn2table computes it (127 / m, or 1), the elements by the
library's quantize_to_int8.

Of 0.49999997 its vector code for x86 makes 1, since it adds one half and cuts off; its scalar code,
which has the last elements of a row, and its code for ARM make 0. Such products are given to the
scalar code here.
"""
from __future__ import annotations

import numpy as np

from .engine import Result, cases, grouped, version_of

PROFILE, SOURCE, DTYPES = "ncnn", "engine", ("float32",)
CASES = cases(("int8",), ("absmax",), ("row", "tensor"))


def version():
    return version_of("ncnn")


def mapped(group, inverse):
    import ncnn
    weights, inverse = group.copy(), inverse.copy()  # a Mat does not keep its array
    done, flat = ncnn.Mat(), ncnn.Mat()
    ncnn.quantize_to_int8(ncnn.Mat(weights), done, ncnn.Mat(inverse))
    ncnn.convert_packing(done, flat, 1)
    return np.array(flat)


def quantize(x, case):
    groups = np.ascontiguousarray(grouped(np.asarray(x, np.float32), case))
    greatest = np.abs(groups).max(1)
    with np.errstate(divide="ignore", over="ignore"):
        inverses = np.where(greatest == 0, np.float32(1), np.float32(127) / greatest)
    with np.errstate(invalid="ignore", over="ignore"):
        is_below_half = np.abs(groups * inverses[:, None]) == np.float32(0.49999997)
    q = np.empty(groups.shape, np.int8)
    for i, group in enumerate(groups):
        q[i] = mapped(group, inverses[i:i + 1])
        for j in np.flatnonzero(is_below_half[i]):
            q[i, j] = mapped(group[j:j + 1], inverses[i:i + 1])[0]
    with np.errstate(divide="ignore", over="ignore"):
        scales = (np.float32(1) / inverses).astype(np.float32)
    return Result(q.reshape(x.shape), scales, None, None,
                  (q.astype(np.float32) * scales[:, None]).reshape(x.shape))
