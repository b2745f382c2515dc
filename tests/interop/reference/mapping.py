# SPDX-License-Identifier: MIT
"""The mapping of docs/design.md in NumPy: written from that page, for tests alone, without a look at speed."""
import math
from collections import namedtuple
from fractions import Fraction

import numpy as np

FLT_MIN = float(np.finfo(np.float32).tiny)
FLT_MAX = float(np.finfo(np.float32).max)
LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int4": (-8, 7), "uint4": (0, 15),
          "int16": (-32768, 32767), "uint16": (0, 65535)}
FLOATS = {"float16": (5, 10), "bfloat16": (8, 7), "float8_e4m3fn": (4, 3), "float8_e5m2": (5, 2)}

Spec = namedtuple("Spec", "scheme dtype clip scale zero_point qmin qmax include_zero rounding "
                  "scale_dtype", defaults=["float32"])
Params = namedtuple("Params", "scale zero_point qmin qmax rounding dtype range")


def options_of(spec):
    options = ["--scheme", spec.scheme, "--dtype", spec.dtype, "--rounding", spec.rounding]
    for name in ("scale", "zero_point", "qmin", "qmax"):
        value = getattr(spec, name)
        if value is not None:
            options += ["--" + name.replace("_", "-"), repr(value)]
    if spec.clip:
        options += ["--clip", "%r,%r" % spec.clip]
    if spec.scale_dtype != "float32":
        options += ["--scale-dtype", spec.scale_dtype]
    return options + (["--include-zero"] if spec.include_zero else [])


def is_unscaled(dtype):
    return dtype in ("float16", "bfloat16")


class SmallFloat:
    """All numbers of a float type, in double, where they and what lies between two are exact."""

    def __init__(self, dtype):
        exponent_bits, fraction_bits = FLOATS[dtype]
        bias = 2 ** (exponent_bits - 1) - 1
        infinity = (2 ** exponent_bits - 1) << fraction_bits
        self.sign = 1 << (exponent_bits + fraction_bits)
        self.type = np.uint8 if self.sign == 0x80 else np.uint16
        self.nan = infinity | 1 << (fraction_bits - 1)
        finite = infinity
        if dtype == "float8_e4m3fn":  # no infinities, and one NaN only: the last pattern
            finite = self.nan = self.sign - 1
        rising = [self.meaning(p, fraction_bits, bias) for p in range(finite + 1)]
        self.greatest = float(rising[finite - 1])
        self.values = np.array([float(v) for v in rising[:finite]])
        self.middles = np.array([float((a + b) / 2) for a, b in zip(rising, rising[1:])])

    @staticmethod
    def meaning(pattern, fraction_bits, bias):
        """Also of the first pattern behind the greatest number, as if it were one."""
        exponent, fraction = pattern >> fraction_bits, pattern % (1 << fraction_bits)
        significand = Fraction(fraction, 1 << fraction_bits) + (exponent > 0)
        return significand * Fraction(2) ** (max(exponent, 1) - bias)

    def encode(self, t):
        """(patterns of the nearest numbers to the float64 array t, which of them the end clamped)"""
        with np.errstate(invalid="ignore"):
            magnitude = np.abs(t)
            nearest = np.searchsorted(self.middles, magnitude, side="left")  # the lower of a tie
            is_tie = self.middles[np.minimum(nearest, self.middles.size - 1)] == magnitude
            nearest = np.where(is_tie & (nearest % 2 == 1), nearest + 1, nearest)
            clipped = nearest >= self.values.size
            q = np.minimum(nearest, self.values.size - 1)
            q = np.where((t < 0) & (q > 0), q | self.sign, q)
        return np.where(np.isnan(t), self.nan, q).astype(self.type), clipped

    def decode(self, q):
        magnitude = q % self.sign
        value = self.values[np.minimum(magnitude, self.values.size - 1)]
        value = np.where(magnitude == self.nan, math.nan, value)
        return np.where(q >= self.sign, -value, value)


SMALL_FLOATS = {dtype: SmallFloat(dtype) for dtype in FLOATS}


def target(spec):
    if spec.dtype in FLOATS:
        return None, None
    least, greatest = LIMITS[spec.dtype]
    qmin = spec.qmin if spec.qmin is not None else least + (spec.scheme == "absmax")
    qmax = spec.qmax if spec.qmax is not None else greatest
    return qmin, qmax


def stored_scale(dtype, scale):
    """scale, a double, as the nearest normal number of the type."""
    if dtype == "float32":
        return np.float32(min(max(scale, FLT_MIN), FLT_MAX))
    type = SMALL_FLOATS[dtype]
    smallest = 2.0 ** -14 if dtype == "float16" else FLT_MIN
    q, _ = type.encode(np.array([max(scale, smallest)]))
    return np.float32(type.decode(q)[0])


def bisect(dtype, holds):
    """The smallest normal number of the type for which this holds, as it does for all greater ones,
    and the number before it; the greatest if it holds for none."""
    if dtype == "float32":
        below, above = 0x007FFFFF, 0x7F7FFFFF  # bit patterns, which are in the order of the numbers

        def number(i):
            return np.uint32(i).view(np.float32)
    else:
        values = SMALL_FLOATS[dtype].values
        smallest = 2.0 ** -14 if dtype == "float16" else FLT_MIN
        below, above = int(np.searchsorted(values, smallest)) - 1, values.size - 1

        def number(i):
            return np.float32(values[i])
    while above - below > 1:
        middle = (below + above) // 2
        if holds(number(middle)):
            above = middle
        else:
            below = middle
    return number(above), number(above - 1)


def choose(spec, x):
    """Scale and zero point for the float32 array x: all in double, the scale rounded once."""
    qmin, qmax = target(spec)
    symmetric_unsigned = spec.scheme == "absmax" and spec.dtype.startswith("u")
    is_float = spec.dtype in FLOATS
    half = 0 if is_float else (qmax - qmin) // 2
    middle = qmax - half if symmetric_unsigned else 0

    def restored(scale, zero_point):
        """The ends of the target, as they are restored."""
        if is_float:
            return np.float32(SMALL_FLOATS[spec.dtype].greatest) * scale
        ends = np.array([qmin - zero_point, qmax - zero_point], np.int64).astype(np.float32)
        return ends * scale

    def made(scale, zero_point, bounds):
        scale = stored_scale(spec.scale_dtype, scale)
        with np.errstate(over="ignore"):
            if not np.isfinite(restored(scale, zero_point)).all():
                _, scale = bisect(spec.scale_dtype,
                                  lambda s: not np.isfinite(restored(s, zero_point)).all())
        return Params(scale, int(zero_point), qmin, qmax, spec.rounding, spec.dtype, bounds)

    if spec.scale is not None:
        z = middle if spec.zero_point is None else spec.zero_point
        return made(1, z, None)._replace(scale=np.float32(spec.scale))
    if is_unscaled(spec.dtype):
        return Params(np.float32(1), 0, None, None, spec.rounding, spec.dtype, None)
    nothing = middle if is_float else min(max(middle, qmin), qmax)
    finite = x[np.isfinite(x)]
    if spec.clip:
        lo, hi = spec.clip
    elif finite.size:
        lo, hi = float(finite.min()), float(finite.max())
    else:
        return made(1, nothing, None)
    if spec.include_zero or lo == hi:
        lo, hi = min(lo, 0.0), max(hi, 0.0)
    if lo == hi == 0:
        return made(1, nothing, (lo, hi))
    if spec.scheme == "absmax":
        steps = half if symmetric_unsigned else qmax
        if is_float:
            steps = SMALL_FLOATS[spec.dtype].greatest
        return made(max(abs(lo), abs(hi)) / steps, middle, (lo, hi))

    def affine(scale):
        divisor = max(float(scale), FLT_MIN)
        if spec.scale_dtype != "float32":
            divisor = float(stored_scale(spec.scale_dtype, scale))
        return qmin - float(np.rint(np.float64(lo) / divisor))
    most = 1 << 22
    scale = (hi - lo) / (qmax - qmin)
    if abs(affine(scale)) > most:
        raised, _ = bisect(spec.scale_dtype, lambda s: abs(affine(s)) <= most)
        if raised > scale:
            scale = float(raised)
            hi = min(lo + (qmax - qmin) * scale, FLT_MAX)
    return made(scale, min(max(affine(scale), -most), most), (lo, hi))


def sigma(x, scheme, k):
    """The range of k standard deviations around the mean: sums in Python's integers."""
    units = [int(math.ldexp(float(value), 149)) for value in x[np.isfinite(x)]]
    n, total, squares = len(units), sum(units), sum(unit * unit for unit in units)
    mean = total / 2 ** 149 / n  # Python's division of integers is correctly rounded
    reach = k * (math.sqrt((n * squares - total * total) / 2 ** 298) / n)
    lo, hi = max(mean - reach, float(x.min())), min(mean + reach, float(x.max()))
    if scheme == "absmax":
        return -max(abs(lo), abs(hi)), max(abs(lo), abs(hi))
    return (lo, hi) if lo < hi else (float(x.min()), float(x.max()))


def same_range(found, expected):
    """Whether a sidecar's range is this one: nine digits tell a float32, other doubles have all."""
    return all(np.float32(a) == np.float32(b) if float(np.float32(b)) == b else a == b
               for a, b in zip(found, expected))


def quantize(params, x):
    """(clamp(round(x / s) + z, qmin, qmax), what the clamp changed); the quotient is the only float32
    rounding."""
    if params.dtype in FLOATS:
        with np.errstate(all="ignore"):
            t = x if is_unscaled(params.dtype) else (x / params.scale).astype(np.float32)
        return SMALL_FLOATS[params.dtype].encode(t.astype(np.float64))
    with np.errstate(all="ignore"):
        quotient = (x / params.scale).astype(np.float32).astype(np.float64)
        if params.rounding == "half-even":
            rounded = np.rint(quotient)
        else:
            rounded = np.copysign(np.floor(np.abs(quotient) + 0.5), quotient)
        rounded = np.where(np.isnan(quotient), 0.0, rounded)
        unclamped = rounded + params.zero_point
        q = np.clip(unclamped, params.qmin, params.qmax)
    return q.astype(np.int32), q != unclamped


def pack(params, q):
    """The elements q, in the order of the file, as an array of what is written."""
    if params.dtype in FLOATS:
        names = {"float16": "<f2", "bfloat16": "<V2"}
        return q.astype(q.dtype.newbyteorder("<")).view(names.get(params.dtype, "|V1"))
    if not params.dtype.endswith("int4"):
        return q.astype(np.dtype(params.dtype).newbyteorder("<"))
    nibbles = np.append(q, [0] * (q.size % 2)).astype(np.int32) & 15
    return (nibbles[0::2] | nibbles[1::2] << 4).astype(np.uint8)


def dequantize(params, q):
    if params.dtype in FLOATS:
        with np.errstate(over="ignore"):
            value = SMALL_FLOATS[params.dtype].decode(q.astype(np.int64)).astype(np.float32)
            return value * params.scale
    difference = (q.astype(np.int64) - params.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        return (difference * params.scale).astype(np.float32)


def total(values):
    """A sum without any rounding error; NaN where what was restored is infinite."""
    return math.fsum(values) if np.isfinite(values).all() else math.nan


def divide(a, b):
    return a / b if b else None


def has_zero_points(spec):
    """Whether the plan can give a zero point other than 0."""
    if spec.dtype in FLOATS:
        return False
    qmin, qmax = target(spec)
    return bool(spec.scheme == "zero-point" or spec.dtype.startswith("u") or spec.zero_point
                or not qmin <= 0 <= qmax)


def scale_bytes(spec, count=1):
    """The bytes of n scales, with their zero points."""
    if is_unscaled(spec.dtype):
        return 0
    return count * ((4 if spec.scale_dtype == "float32" else 2) + 4 * has_zero_points(spec))


def report(params, x, nbytes_in, nbytes_scales):
    """The figures of docs/reports.md; a figure that is no finite number is null in JSON, here too."""
    q, clamped = quantize(params, x)
    restored = dequantize(params, q)
    everything = x.size
    nbytes_out = pack(params, q).nbytes + nbytes_scales
    kept = np.isfinite(x)
    levels = len(np.unique(q[kept]))
    x, restored = x[kept].astype(np.float64), restored[kept].astype(np.float64)
    clamped, n = clamped[kept], int(kept.sum())
    with np.errstate(invalid="ignore"):
        e = x - restored
        squared, absolute, bias = total(e * e), total(np.abs(e)), total(e)
        xx, yy, xy = total(x * x), total(restored * restored), total(x * restored)
        flipped = int((x * restored < 0).sum())
    worst = int(np.abs(e).argmax()) if n else None
    figures = {
        "n": n, "nonfinite": everything - n,
        "mse": divide(squared, n), "rmse": math.sqrt(squared / n) if n else None,
        "mae": divide(absolute, n),
        "sum_squared_error": squared, "sum_abs_error": absolute,
        "max_abs_error": abs(e[worst]) if n else None,
        "max_abs_error_index": int(np.flatnonzero(kept)[worst]) if n else None,
        "max_abs_error_x": x[worst] if n else None,
        "max_abs_error_restored": restored[worst] if n else None,
        "mean_error": divide(bias, n),
        "sqnr_db": 10 * math.log10(xx / squared) if squared > 0 and xx > 0 else None,
        "cosine": (1.0 if squared == 0 else
                   xy / (math.sqrt(xx) * math.sqrt(yy)) if xx > 0 and yy > 0 else None),
        "clipped": int(clamped.sum()),
        "zeroed": int(((x != 0) & (restored == 0)).sum()), "sign_flipped": flipped,
        "levels_used": levels, "bytes_in": nbytes_in, "bytes_out": nbytes_out,
        "ratio": divide(nbytes_in, nbytes_out),
        "bits_per_element": divide(8 * nbytes_out, everything),
    }
    return {key: value if value is not None and math.isfinite(value) else None
            for key, value in figures.items()}
