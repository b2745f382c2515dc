#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The statistics of `quant inspect --stats` against NumPy: percentiles and counts to the last bit,
means to the precision of double.

    inspect_statistics.py [SEED]
"""
import json
import sys
import tempfile
from pathlib import Path

from reference import ROOT, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")

PERCENTILES = ["0.1", "1", "50", "99", "99.9"]


def tensors(rng):
    for path in sorted((ROOT / "data" / "digits").glob("*.npy")):
        x = np.load(path)
        if x.dtype == np.float32:
            yield path.stem, x
    yield "normal", rng.normal(0, 0.02, (64, 1500)).astype(np.float32)
    yield "far", rng.normal(1000, 0.01, (3, 20000)).astype(np.float32)
    yield "cauchy", rng.standard_cauchy(300001).astype(np.float32)
    yield "half", rng.normal(0, 1, (50, 70, 9)).astype(np.float16)
    yield "double", rng.normal(0, 1, (500, 70))
    yield "fortran", np.asfortranarray(rng.normal(0, 1, (90, 70)).astype(np.float32))
    yield "constant", np.full((5, 5), -0.75, np.float32)
    yield "sparse", np.where(rng.random(50000) < 0.9, 0, rng.normal(0, 1, 50000)).astype(np.float32)
    bits = rng.integers(0, 1 << 32, 70001, dtype=np.uint64).astype(np.uint32).view(np.float32)
    yield "bits", bits
    yield "integers", rng.integers(-100, 90, (40, 50)).astype(np.int8)


def check(name, x, found):
    x = x.astype(np.float32)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        finite = wide[np.isfinite(wide)]
        assert found["n"] == finite.size, name
        assert found["nan"] == np.isnan(wide).sum(), name
        assert found["inf"] == (wide == np.inf).sum(), name
        assert found["minus_inf"] == (wide == -np.inf).sum(), name
        assert found["zeros"] == (finite == 0).sum(), name
        assert found["min"] == finite.min() and found["max"] == finite.max(), name
        spread = np.abs(finite).max()
        assert abs(found["mean"] - finite.mean()) <= 1e-12 * spread, name
        assert abs(found["std"] - finite.std()) <= 1e-9 * finite.std() + 1e-300, name
    for key in PERCENTILES:
        expected = np.percentile(finite, float(key))
        assert found["percentiles"][key] == expected, (name, key, found["percentiles"][key], expected)
    histogram = found["histogram"]
    counts, _ = np.histogram(finite, bins=np.array(histogram["edges"])) if finite.min() < finite.max() \
        else (np.array([finite.size]), None)
    assert histogram["counts"] == counts.tolist(), name
    if finite.min() < finite.max() and "levels" not in found:
        assert histogram["edges"] == np.linspace(finite.min(), finite.max(), 65).tolist(), name
    if x.ndim >= 2:
        absmax = np.sort(np.nan_to_num(np.abs(wide.reshape(x.shape[0], -1)), posinf=0).max(1))
        channels = found["channels"]
        assert channels["min"] == absmax[0] and channels["max"] == absmax[-1], name
        assert channels["median"] == absmax[(len(absmax) - 1) // 2], name


def main():
    rng = np.random.default_rng(seed_from(sys.argv))
    n = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        for name, x in tensors(rng):
            np.save(path, x)
            out = run("inspect", "--stats", "--report=json", path, cwd=folder)[0]
            check(name, x, json.loads(out)["statistics"])
            n += 1
    print(f"statistics of {n} tensors are those of NumPy")


main()
