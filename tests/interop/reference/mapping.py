# SPDX-License-Identifier: MIT
"""DESIGN 1.2 to 1.4 in NumPy: written from that page, for tests alone, without a look at speed."""
import math
from collections import namedtuple

import numpy as np

FLT_MIN = float(np.finfo(np.float32).tiny)
FLT_MAX = float(np.finfo(np.float32).max)
LIMITS = {"int8": (-128, 127), "uint8": (0, 255)}

Spec = namedtuple("Spec", "scheme dtype clip scale zero_point qmin qmax include_zero rounding")
Params = namedtuple("Params", "scale zero_point qmin qmax rounding dtype range")


def options_of(spec):
    options = ["--scheme", spec.scheme, "--dtype", spec.dtype, "--rounding", spec.rounding]
    for name in ("scale", "zero_point", "qmin", "qmax"):
        value = getattr(spec, name)
        if value is not None:
            options += ["--" + name.replace("_", "-"), repr(value)]
    if spec.clip:
        options += ["--clip", "%r,%r" % spec.clip]
    return options + (["--include-zero"] if spec.include_zero else [])


def target(spec):
    least, greatest = LIMITS[spec.dtype]
    qmin = spec.qmin if spec.qmin is not None else least + (spec.scheme == "absmax")
    qmax = spec.qmax if spec.qmax is not None else greatest
    return qmin, qmax


def choose(spec, x):
    """Scale and zero point for the float32 array x: all in double, the scale rounded once."""
    qmin, qmax = target(spec)
    symmetric_unsigned = spec.scheme == "absmax" and spec.dtype == "uint8"
    half = (qmax - qmin) // 2
    middle = qmax - half if symmetric_unsigned else 0

    def made(scale, zero_point, bounds):
        scale = np.float32(min(max(scale, FLT_MIN), FLT_MAX))
        return Params(scale, int(zero_point), qmin, qmax, spec.rounding, spec.dtype, bounds)

    if spec.scale is not None:
        z = middle if spec.zero_point is None else spec.zero_point
        return made(1, z, None)._replace(scale=np.float32(spec.scale))
    finite = x[np.isfinite(x)]
    if spec.clip:
        lo, hi = spec.clip
    elif finite.size:
        lo, hi = float(finite.min()), float(finite.max())
    else:
        return made(1, middle, None)
    if spec.include_zero or lo == hi:
        lo, hi = min(lo, 0.0), max(hi, 0.0)
    if lo == hi == 0:
        return made(1, middle, (lo, hi))
    if spec.scheme == "absmax":
        steps = half if symmetric_unsigned else qmax
        return made(max(abs(lo), abs(hi)) / steps, middle, (lo, hi))

    def affine(lo, hi):
        scale = (hi - lo) / (qmax - qmin)
        return scale, qmin - float(np.rint(np.float64(lo) / max(scale, FLT_MIN)))
    scale, zero_point = affine(lo, hi)
    if abs(zero_point) > 1 << 22:
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale, zero_point = affine(lo, hi)
    return made(scale, zero_point, (lo, hi))


def same_range(found, expected):
    """Whether a sidecar's range is this one: nine digits tell a float32, other doubles have all."""
    return all(np.float32(a) == np.float32(b) if float(np.float32(b)) == b else a == b
               for a, b in zip(found, expected))


def quantize(params, x):
    """clamp(round(x / s) + z, qmin, qmax); the quotient is the only float32 rounding."""
    with np.errstate(all="ignore"):
        quotient = (x / params.scale).astype(np.float32).astype(np.float64)
        if params.rounding == "half-even":
            rounded = np.rint(quotient)
        else:
            rounded = np.copysign(np.floor(np.abs(quotient) + 0.5), quotient)
        rounded = np.where(np.isnan(quotient), 0.0, rounded)
        q = np.clip(rounded + params.zero_point, params.qmin, params.qmax)
    return q.astype(params.dtype), rounded + params.zero_point


def dequantize(params, q):
    difference = (q.astype(np.int64) - params.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        return (difference * params.scale).astype(np.float32)


def total(values):
    """A sum without any rounding error; NaN where what was restored is infinite."""
    return math.fsum(values) if np.isfinite(values).all() else math.nan


def divide(a, b):
    return a / b if b else None


def report(params, x, nbytes_in):
    """The figures of 1.4; a figure that is no finite number is null in JSON, here too."""
    q, unclamped = quantize(params, x)
    restored = dequantize(params, q)
    everything = x.size
    kept = np.isfinite(x)
    levels = len(np.unique(q[kept]))
    x, restored = x[kept].astype(np.float64), restored[kept].astype(np.float64)
    unclamped, n = unclamped[kept], int(kept.sum())
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
        "cosine": xy / (math.sqrt(xx) * math.sqrt(yy)) if xx > 0 and yy > 0 else None,
        "clipped": int(((unclamped < params.qmin) | (unclamped > params.qmax)).sum()),
        "zeroed": int(((x != 0) & (restored == 0)).sum()), "sign_flipped": flipped,
        "levels_used": levels, "bytes_in": nbytes_in, "bytes_out": everything,
        "ratio": divide(nbytes_in, everything),
    }
    return {key: value if value is not None and math.isfinite(value) else None
            for key, value in figures.items()}
