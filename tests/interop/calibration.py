#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calibrated ranges against NumPy: percentiles are numpy.percentile's to the last bit, mse is within
0.1 % of the best of an exhaustive search, and the others are their definitions, on real and on made
tensors.

    calibration.py [SEED]
"""
import sys
import tempfile
from pathlib import Path

from reference import IS_SANITIZED, ROOT, read_sidecar, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import mapping  # noqa: E402
from reference.entropy import BINS, Histogram  # noqa: E402
from reference.least_error import Sorted  # noqa: E402
from reference.mapping import Spec  # noqa: E402

SCHEMES = ("absmax", "zero-point")
STEPS = 128 if IS_SANITIZED else 2048
BOTH_ENDS = 24 if IS_SANITIZED else 64
NEAR = 1.001


# ---- Tensors ----

def real():
    """The weights of a small network and the images it was tested with."""
    for path in sorted((ROOT / "data" / "digits").glob("*.npy")):
        x = np.load(path)
        if x.dtype == np.float32:
            yield path.stem, x.reshape(-1)


def made(rng):
    yield "normal", rng.normal(0, 0.02, 20000)
    yield "laplace", rng.laplace(0, 1, 9999)
    yield "student", rng.standard_t(3, 5000)
    yield "relu", np.maximum(rng.normal(0, 1, 12345), 0)
    yield "far", rng.normal(50, 1, 3000)
    yield "grid", np.rint(rng.normal(0, 40, 4000)) / 8
    yield "outlier", np.concatenate([rng.normal(0, 1, 4096), [40]])


def odd(rng):
    """Of all kinds: what percentiles must get right."""
    bits = rng.integers(0, 1 << 32, 70001, dtype=np.uint64).astype(np.uint32).view(np.float32)
    yield "bits", bits[np.isfinite(bits)]
    yield "cauchy", rng.standard_cauchy(100000)
    yield "uniform", rng.uniform(1, 1.01, 100001)
    yield "subnormal", rng.uniform(-1e-38, 1e-40, 1000)
    yield "ties", rng.integers(-3, 4, 5000)
    yield "two", np.array([-1.5, 7])
    yield "three", np.array([3, -0.0, 1e-45])
    yield "sparse", np.where(rng.random(5000) < 0.9, 0, rng.normal(0, 1, 5000))
    yield "huge", np.concatenate([rng.normal(0, 1, 5000), [1e30, -3e38]])


def calibrate(folder, x, method, scheme, *options):
    """(the range, the parameters) as the sidecar has them"""
    np.save(folder / "x.npy", x)
    run("quantize", "-q", "--force", "-m", method, "-s", scheme, *options, "x.npy", "-o", "q.npy",
        cwd=folder)
    sidecar = read_sidecar(folder / "q.npy.json")
    return sidecar["range"], sidecar


# ---- Percentiles ----

def percentiles(x, scheme, percent):
    wide = x.astype(np.float64)
    if scheme == "absmax":
        p = np.percentile(np.abs(wide), percent)
        return -p, p
    tail = (100 - percent) / 2
    return np.percentile(wide, tail), np.percentile(wide, 100 - tail)


def check_percentiles(folder, name, x):
    count = 0
    for scheme in SCHEMES:
        for percent in (100, 99.99, 99.9, 99, 97.3, 50, 1.25):
            found, sidecar = calibrate(folder, x, f"percentile:{percent}", scheme)
            lo, hi = percentiles(x, scheme, percent)
            if not lo < hi:
                lo, hi = float(x.min()), float(x.max())
            spec = Spec(scheme, "int8", (lo, hi), None, None, None, None, False, "half-even")
            params = mapping.choose(spec, x)
            where = f"{name}, {scheme}, percentile {percent}"
            assert mapping.same_range(found, params.range), \
                f"{where}: {found}, NumPy {params.range}"
            assert np.float32(sidecar["scale"]) == params.scale, f"{where}: {sidecar['scale']}"
            assert sidecar["zero_point"] == params.zero_point, where
            assert sidecar["calibration"]["argument"] == percent, where
            count += 1
    return count


# ---- The least squared error ----

def squared_error(x, params):
    q, _ = mapping.quantize(params, x)
    e = x.astype(np.float64) - mapping.dequantize(params, q).astype(np.float64)
    return float((e * e).sum())


def check_mse(folder, name, x):
    for scheme in SCHEMES:
        for dtype in ("int8", "int4"):
            spec = Spec(scheme, dtype, None, None, None, None, None, False, "half-even")
            found, sidecar = calibrate(folder, x, "mse", scheme, "-t", dtype, "-o", "x.int8.npy")
            error = squared_error(x, mapping.choose(spec._replace(clip=tuple(found)), x))
            observed = squared_error(x, mapping.choose(spec, x))
            search = Sorted(x, *mapping.target(spec))
            best = search.absmax(STEPS) if scheme == "absmax" else search.zero_point(BOTH_ENDS)
            assert error <= best * NEAR, \
                f"{name}, {scheme}, {dtype}: {found} has {error}, there is one of {best}"
            # NumPy adds in another order.
            assert error <= observed * (1 + 1e-12), f"{name}, {scheme}, {dtype}: worse than minmax"
            assert "argument" not in sidecar["calibration"], name


# ---- The others ----

def around_zero(x, scheme, s):
    return (-s, s) if scheme == "absmax" else (max(-s, float(x.min())), min(s, float(x.max())))


def octav(x, scheme):
    """The least s where the derivative of the modelled error, linear between two magnitudes, is 0."""
    magnitude = np.sort(np.abs(x.astype(np.float64)))
    magnitude = magnitude[magnitude > 0]
    least, greatest = float(x.min()), float(x.max())
    above = np.arange(len(magnitude) - 1, -1, -1)
    total = np.append(np.cumsum(magnitude[::-1])[::-1][1:], 0.0)

    def width(s):
        return s / 127 if scheme == "absmax" else \
            (np.minimum(s, greatest) - np.maximum(-s, least)) / 255

    def rate(s):
        return np.full(len(s), 1 / 127) if scheme == "absmax" else \
            ((s < greatest) * 1.0 + (-s > least)) / 255

    within = np.arange(1, len(magnitude) + 1)
    slope = rate(magnitude) * width(magnitude) / 12 * within - (total - magnitude * above)
    last = np.append(magnitude[1:] != magnitude[:-1], True)  # of equal ones
    first = np.flatnonzero((slope >= 0) & last)[0]
    before = np.flatnonzero((slope < 0) & last & (magnitude < magnitude[first]))
    if len(before) == 0:
        start = np.zeros(1)
        increase, at_start = np.array([len(magnitude)]), -magnitude.sum()
    else:
        start = magnitude[before[-1:]]
        increase = rate(start) ** 2 / 12 * within[before[-1]] + above[before[-1]]
        at_start = slope[before[-1]]
    return around_zero(x, scheme, min(float((start - at_start / increase)[0]), magnitude[first]))


def check_others(folder, name, x):
    for scheme in SCHEMES:
        for method, expected in (("sigma:2.5", mapping.sigma(x, scheme, 2.5)), ("sigma", mapping.sigma(x, scheme, 3)),
                                 ("octav", octav(x, scheme))):
            found, _ = calibrate(folder, x, method, scheme)
            # Float32 ends have nine digits.
            near = np.allclose(found, expected, rtol=1e-8, atol=1e-13 * np.abs(x).max())
            assert near, f"{name}, {scheme}, {method}: {found}, expected {expected}"


# ---- Entropy ----

def activations(rng):
    """Of which much is near zero, or little is far from it."""
    x = rng.normal(0, 2, 30000)
    yield "gelu", x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
    yield "silu", x / (1 + np.exp(-x))
    x = np.exp(rng.normal(0, 3, (100, 200)))
    yield "softmax", x / x.sum(1, keepdims=True)


def case(zeros):
    """laplace(0, 0.02), 30 % of it replaced by noise of 1e-9, or by zeros"""
    rng = np.random.default_rng(0)
    x = rng.laplace(0, 0.02, 60000).astype(np.float32)
    replaced = rng.random(60000) < 0.3
    x[replaced] = 0 if zeros else rng.standard_normal(replaced.sum()) * 1e-9
    return x


def mse_by(x, spec, found):
    return squared_error(x, mapping.choose(spec._replace(clip=tuple(found)), x)) / len(x)


def check_entropy(folder, name, x, dtype):
    qmax = 127 if dtype == "int8" else 7
    for scheme in SCHEMES:
        spec = Spec(scheme, dtype, None, None, None, None, None, False, "half-even")
        found, _ = calibrate(folder, x, "entropy", scheme, "-t", dtype)
        where = f"{name}, {scheme}, {dtype}: {found}"
        histogram = Histogram(x, scheme, -qmax - (scheme != "absmax"), qmax)
        _, widths = histogram.widths()
        ranges = [around_zero(x, scheme, width * histogram.limit / BINS) for width in widths]
        ranges = [r if r[0] < r[1] else (float(x.min()), float(x.max())) for r in ranges]
        assert any(np.allclose(found, r, rtol=1e-8, atol=0) for r in ranges), f"{where}: {ranges}"
        minmax = squared_error(x, mapping.choose(spec, x)) / len(x)
        if histogram.limit == np.abs(x).max():
            assert mse_by(x, spec, found) <= 1.05 * minmax, f"{where}: minmax is better"


def check_noise(folder):
    """Noise that minmax maps to zero counts no more than zeros do."""
    for scheme, most in (("absmax", 1.74e-7), ("zero-point", 1.70e-7)):
        spec = Spec(scheme, "int8", None, None, None, None, None, False, "half-even")
        found, _ = calibrate(folder, case(False), "entropy", scheme)
        expected, _ = calibrate(folder, case(True), "entropy", scheme)
        assert found == expected, f"{scheme}: {found}, of zeros {expected}"
        assert mse_by(case(False), spec, found) < most, f"{scheme}: {found}"


def check_entropies(folder, tensors, rng):
    tensors = tensors + [("noise", case(False))] + \
        [(name, x.astype(np.float32).reshape(-1)) for name, x in activations(rng)]
    if IS_SANITIZED:
        tensors = tensors[::5]
    for i, (name, x) in enumerate(tensors):
        check_entropy(folder, name, x, "int4" if i % 3 == 1 else "int8")
    check_noise(folder)


def main():
    seed = seed_from(sys.argv)
    rng = np.random.default_rng(seed)
    print(f"seed {seed}, NumPy {np.__version__}")
    tensors = [(name, np.asarray(x, np.float32)) for name, x in [*real(), *made(rng)]]
    strange = [(name, np.asarray(x, np.float32)) for name, x in odd(rng)]
    assert len(tensors) >= 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = sum(check_percentiles(folder, *tensor) for tensor in tensors + strange)
        for tensor in tensors:
            check_mse(folder, *tensor)
            check_others(folder, *tensor)
        check_entropies(folder, tensors + strange, rng)
    print(f"{count} percentiles are NumPy's; {len(tensors)} tensors have no range better by 0.1 %")


if __name__ == "__main__":
    main()
