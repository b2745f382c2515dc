# SPDX-License-Identifier: MIT
"""What the modules of this directory share: each lets one engine quantize a matrix.

A module that ends in such an engine has

    PROFILE     what quant calls it: quantize --like PROFILE
    SOURCE      "engine" if the engine itself computes, "formula" if its published rules do here
    CASES       the cases that it knows
    DTYPES      the types of weights that it works in: others it would widen to float32
    version()   the engine and its version
    quantize(x, case)   the Result for a matrix of float32, float16 or ml_dtypes.bfloat16

and is imported only where its packages are installed.
"""
import importlib.metadata
from typing import NamedTuple, Optional

import numpy as np


class Case(NamedTuple):
    dtype: str           # -t
    scheme: str          # -s; "given" if scale and zero point are given
    group: object        # what shares a scale: "tensor", "row", or the number of elements of a block
    given: tuple = ()    # (scale, zero point)

    def options(self):
        """Of quant quantize."""
        options = ["-t", self.dtype]
        if self.scheme == "given":
            scale, zero_point = self.given
            return [*options, "-s", "zero-point", "--scale", f"{scale:.9g}", "--zero-point", str(zero_point)]
        if self.scheme != "blocks":
            options += ["-s", self.scheme]
        if self.group == "row":
            options += ["--axis", "0"]
        elif self.group != "tensor" and self.scheme != "blocks":
            options += ["--axis", "1", "--block-size", str(self.group)]
        return options


class Result(NamedTuple):
    q: np.ndarray        # integers in the shape of the matrix, or the bytes of whole blocks
    scales: np.ndarray   # one for each group, float32; with blocks of bytes none
    zero_points: Optional[np.ndarray]
    biases: Optional[np.ndarray]
    restored: np.ndarray  # in the type that the engine restores to


def cases(dtypes, schemes, groups):
    return [Case(dtype, scheme, group) for dtype in dtypes for scheme in schemes for group in groups]


def grouped(x, case):
    """A row for each group."""
    if case.group == "tensor":
        return x.reshape(1, -1)
    return x if case.group == "row" else x.reshape(-1, case.group)


def bits_of(case):
    return int(case.dtype.lstrip("uint"))


def is_signed(case):
    return case.dtype.startswith("int")


def version_of(package, name=None):
    return f"{name or package} {importlib.metadata.version(package)}"


def given_cases(x, dtypes):
    """Two for each type: a power of two, so that ties occur, and a scale of no special kind."""
    greatest = min(float(np.abs(x.astype(np.float64)).max()), 1e30)
    made = []
    for i, dtype in enumerate(dtypes):
        bits, signed = int(dtype.lstrip("uint")), dtype.startswith("int")
        power = 2.0 ** np.ceil(np.log2(greatest / 2 ** (bits - 1)))
        odd = float(np.float32(greatest / (0.9 * 2 ** (bits - 1))))
        middle = 0 if signed else 2 ** (bits - 1)
        made += [Case(dtype, "given", "tensor", (float(power), middle)),
                 Case(dtype, "given", "tensor", (odd, middle + (3 if i % 2 else -2)))]
    return made
