#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ranges of many files against NumPy: percentiles are numpy.percentile's over the concatenation, to
the last bit, in one run and merged from parts; sigma's are those of exact sums, in any order and
however elements are cut into files; moving averages are PyTorch's formula; and neither threads
nor instruction sets change a byte.

    calibration_files.py [SEED]
"""
import json
import sys
import tempfile
from pathlib import Path

from reference import read_sidecar, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")

from reference import mapping  # needs NumPy

SCHEMES = ("absmax", "zero-point")
METHODS = ("percentile", "mse", "entropy", "octav", "sigma")


def made(rng):
    """Sets of tensors, as a list of arrays each."""
    yield "activations", [np.maximum(rng.normal(0, 1 + i, 3000), 0) for i in range(5)]
    yield "uneven", [rng.standard_t(3, n) for n in (1, 20000, 3, 777, 140000)]
    yield "far apart", [rng.normal(mean, 0.1, 2000) for mean in (-50, 0, 1e6)]
    yield "ties", [rng.integers(-3, 4, 999) for _ in range(3)]
    yield "empty ones", [np.array([]), rng.normal(0, 1, 100), np.array([]), np.array([3.0])]


def write(folder, tensors):
    """In every format, by turns; returns the names."""
    names = []
    for i, x in enumerate(tensors):
        name = f"{i}.{('npy', 'bin', 'json')[i % 3]}"
        if name.endswith("npy"):
            np.save(folder / name, x)
        elif name.endswith("bin"):
            (folder / name).write_bytes(x.astype("<f4").tobytes())
        else:
            (folder / name).write_text(json.dumps([float(value) for value in x]))
        names.append(name)
    return names


def calibrate(folder, *arguments, **env):
    return run("calibrate", *arguments, cwd=folder, **env)[0]


def same(found, expected):
    """Ends that are float32 stand there with nine digits, which are only near."""
    return all(a == b or np.float32(a) == b for a, b in zip(found, expected))


# ---- Percentiles ----

def percentiles(x, scheme, percent):
    wide = x.astype(np.float64)
    if scheme == "absmax":
        p = np.percentile(np.abs(wide), percent)
        return -p, p
    tail = (100 - percent) / 2
    return np.percentile(wide, tail), np.percentile(wide, 100 - tail)


def merge_rounds(folder, options, groups):
    """The bytes that parts, one for each group of names, come to, round by round."""
    resume = ["--partial", *options]
    for number in range(200):
        parts = []
        for i, names in enumerate(groups):
            parts.append(f"part{i}")
            calibrate(folder, *resume, "--force", "-o", parts[-1], *names)
        calibrate(folder, "--merge", "--force", "-o", "merged", *parts)
        if read_sidecar(folder / "merged")["stage"] == "complete":
            return (folder / "merged").read_bytes()
        resume = ["--continue", "merged"]
    raise AssertionError(f"{options}: no end after {number} rounds")


def check_percentiles(folder, label, tensors, names):
    whole = np.concatenate(tensors)
    count = 0
    for scheme in SCHEMES:
        for percent in (100, 99.99, 97.3, 50, 1.25):
            options = ["-m", f"percentile:{percent}", "-s", scheme]
            text = calibrate(folder, *options, *names)
            lo, hi = percentiles(whole, scheme, percent)
            if not lo < hi:
                lo, hi = float(whole.min()), float(whole.max())
            found = json.loads(text)
            assert same(found["range"], (lo, hi)), \
                f"{label}, {scheme}, {percent}: {found['range']}, NumPy {lo, hi}"
            assert same(found["observed"], (whole.min(), whole.max())), label
            assert found["count"] == whole.size and found["inputs"] == len(names), label
            count += 1
    assert merge_rounds(folder, options, [names[:2], names[2:]]) == text, f"{label}, {scheme}"
    return count


# ---- Standard deviations ----

def cut(rng, x, n):
    """x in n pieces, some of them empty, in any order."""
    places = np.sort(rng.integers(0, x.size + 1, n - 1))
    pieces = np.split(x, places)
    return [pieces[i] for i in rng.permutation(n)]


def check_sigma(folder, label, tensors, names, rng):
    """The same in one file and in many, in any order, merged or not."""
    whole = np.concatenate(tensors)
    for scheme in SCHEMES:
        for k in (0.3, 3):
            options = ["-m", f"sigma:{k}", "-s", scheme]
            expected = mapping.sigma(whole, scheme, k)
            text = calibrate(folder, *options, *names)
            pieces = folder / "pieces"
            pieces.mkdir(exist_ok=True)
            other = write(pieces, cut(rng, rng.permutation(whole), 5))
            for found in (text, calibrate(pieces, *options, *other)):
                found = json.loads(found)["range"]
                assert same(found, expected), f"{label}, {scheme}, {k}: {found}, Python {expected}"
    assert merge_rounds(folder, options, [names[:1], names[1:]]) == text, f"{label}, {scheme}"


# ---- The moving average ----

def average(tensors, constant):
    """As PyTorch's MovingAverageMinMaxObserver: the first sets it, and then a step to each."""
    lo = hi = None
    for x in tensors:
        if x.size == 0:
            continue
        own_lo, own_hi = float(x.min()), float(x.max())
        if lo is None:
            lo, hi = own_lo, own_hi
        else:
            lo = lo + constant * (own_lo - lo)
            hi = hi + constant * (own_hi - hi)
    return lo, hi


def check_averages(folder, label, tensors, names):
    for constant in (0.01, 0.3, 1):
        options = ["--ema", constant]
        text = calibrate(folder, *options, *names)
        found = json.loads(text)
        assert same(found["range"], average(tensors, constant)), f"{label}, {constant}: {found}"
        assert found["ema"] == constant, label
    assert merge_rounds(folder, options, [names[:1], names[1:]]) == text, label
    backwards = json.loads(calibrate(folder, "--ema", 0.3, *reversed(names)))
    assert same(backwards["range"], average(tensors[::-1], 0.3)), f"{label}: {backwards}"


# ---- What must not matter ----

def check_processors(folder, label, names, sets):
    for scheme in SCHEMES:
        for method in METHODS:
            options = ["-m", method, "-s", scheme, *names]
            expected = calibrate(folder, "-j", 1, *options)
            for threads, isa in [(3, None), *((2, isa) for isa in sets)]:
                found = calibrate(folder, "-j", threads, *options, **({"QUANT_ISA": isa} if isa else {}))
                assert found == expected, f"{label}, {scheme}, {method}: {threads} threads, {isa}"


def instruction_sets(folder):
    """Those that this processor has, as `quant version` says."""
    lines = run("version", cwd=folder)[0].decode().splitlines()
    return [line.split()[1] for line in lines
            if line.startswith("kernels:") and "not supported" not in line]


def main():
    seed = seed_from(sys.argv)
    rng = np.random.default_rng(seed)
    print(f"seed {seed}, NumPy {np.__version__}")
    count = 0
    for label, tensors in made(rng):
        tensors = [np.asarray(x, np.float32) for x in tensors]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            names = write(folder, tensors)
            count += check_percentiles(folder, label, tensors, names)
            check_averages(folder, label, tensors, names)
            check_sigma(folder, label, tensors, names, rng)
            if label == "ties":
                check_processors(folder, label, names, instruction_sets(folder))
    print(f"{count} percentiles of many files are NumPy's")


if __name__ == "__main__":
    main()
