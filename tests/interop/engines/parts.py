# SPDX-License-Identifier: MIT
"""What an engine makes of a matrix, as the bytes that quant would write."""
from typing import NamedTuple

import ml_dtypes
import numpy as np

DTYPES = {"float32": np.dtype("<f4"), "float16": np.dtype("<f2"),
          "bfloat16": np.dtype(ml_dtypes.bfloat16)}


class Matrix(NamedTuple):
    """An array with what by_quant needs of an input."""
    name: str
    x: np.ndarray

    @property
    def dtype(self):
        return self.x.dtype.name

    @property
    def rows(self):
        return self.x.shape[0]

    @property
    def columns(self):
        return self.x.shape[1]

    def data(self):
        return self.x.tobytes()


def matrix(one):
    return np.frombuffer(one.data(), DTYPES[one.dtype]).reshape(one.rows, one.columns)


def packed(q, dtype):
    """The bytes of a raw file."""
    if dtype.endswith("int4"):
        nibbles = np.asarray(q).astype(np.int8).ravel().view(np.uint8) & 15
        nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
        return (nibbles[::2] | nibbles[1::2] << 4).tobytes()
    if dtype.startswith("q"):
        return np.asarray(q, np.uint8).tobytes()
    return np.asarray(q).astype(np.dtype(dtype).newbyteorder("<")).tobytes()


def saturated(restored):
    """As quant restores to 16 bits: the largest number where an engine gives an infinity."""
    if restored.dtype == np.float32:
        return restored
    limit = float(ml_dtypes.finfo(restored.dtype).max)
    return np.clip(restored.astype(np.float32), -limit, limit)


def contents(results, case):
    """The bytes of each part of some results, one after the other."""
    kinds = {"q": lambda r: packed(r.q, case.dtype), "scale": lambda r: r.scales.astype("<f4").tobytes(),
             "zero_point": lambda r: np.asarray(r.zero_points).astype("<i4").tobytes(),
             "bias": lambda r: r.biases.astype("<f4").tobytes(),
             "restored": lambda r: saturated(r.restored).astype("<f4").tobytes()}
    missing = {"zero_point": results[0].zero_points is None, "bias": results[0].biases is None,
               "scale": results[0].scales.size == 0}
    return {key: b"".join(map(kind, results)) for key, kind in kinds.items() if not missing.get(key)}


def is_sound(engine, x, case, result):
    """No engine has a use for scales that are not finite, and quant refuses to make them. What an engine
    does with subnormal ones, its documentation does not say. In C a quotient past int32 has no integer."""
    if case.scheme == "given" and np.abs(x.astype(np.float64)).max() >= 2.0 ** 31 * case.given[0]:
        return False
    if engine.SOURCE == "formula" and (np.abs(result.scales) < 2.0 ** -126).any():
        return False
    if result.scales.size == 0:  # they are in the blocks
        return bool(np.isfinite(result.restored).all())
    found = [a for a in (result.scales, result.biases) if a is not None]
    return all(np.isfinite(a.astype(np.float32)).all() for a in found) and \
        bool((result.scales != 0).all())
