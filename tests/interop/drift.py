#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`quant drift` against NumPy: the random samples to the last bit, the figures to the precision of
their sums. Weights and activations are quantized by `quant quantize`, the rest is NumPy's.

    drift.py [SEED]
"""
import json
import math
import sys
import tempfile
from pathlib import Path

from reference import ROOT, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")

MASK = (1 << 64) - 1

# What quantizing dynamically is, as options of quantize.
ACTIVATIONS = {"token": [], "tensor": ["-t", "uint8", "-s", "zero-point", "--include-zero"]}


def normals(seed, n):
    """As docs/drift.md says. math.log differs from the program's logarithm by less than float32
    shows, as long as no number lies next to a tie."""
    state = seed
    numbers = []

    def coordinate():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return 2 * (((z ^ (z >> 31)) >> 11) * 2.0**-53) - 1

    while len(numbers) < n:
        u, v = coordinate(), coordinate()
        square = u * u + v * v
        if 0 < square < 1:
            factor = math.sqrt(-2 * math.log(square) / square)
            numbers += [u * factor, v * factor]
    return np.array(numbers[:n]).astype(np.float32)


def restored(x, options, folder):
    np.save(folder / "t.npy", x)
    run("quantize", "-q", "--force", "-o", "q.npy", *options, "t.npy", cwd=folder)
    run("dequant", "-q", "--force", "-o", "r.npy", "q.npy", cwd=folder)
    return np.load(folder / "r.npy")


def multiply(x, w):
    """Sums in the order of the inputs."""
    sums = np.zeros((x.shape[0], w.shape[0]))
    for k in range(w.shape[1]):
        sums += x[:, k:k + 1].astype(np.float64) * w[:, k].astype(np.float64)
    return sums.astype(np.float32)


def expected(weights, x, options, way, folder):
    """For each layer: sqnr_db, cosine, switched_off, switched_on."""
    original = with_error = x
    for i, w in enumerate(weights):
        if way == "token":
            with_error = np.stack([restored(row, ACTIVATIONS[way], folder) for row in with_error])
        elif way == "tensor":
            with_error = restored(with_error, ACTIVATIONS[way], folder)
        original = multiply(original, w)
        with_error = multiply(with_error, restored(w, options, folder))
        is_last = i + 1 == len(weights)
        if not is_last:
            original, with_error = np.maximum(original, 0), np.maximum(with_error, 0)
        a, b = original.astype(np.float64), with_error.astype(np.float64)
        off = None if is_last else int(((a > 0) & (b == 0)).sum())
        on = None if is_last else int(((a == 0) & (b > 0)).sum())
        yield (10 * math.log10((a * a).sum() / ((a - b)**2).sum()),
               (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()), off, on)


def check(paths, weights, options, way, samples, folder):
    arguments = [*options, *([f"--activations={way}"] if way else [])]
    if samples is None:
        arguments += ["--seed", "11", "--samples", "6"]
        samples = normals(11, 6 * weights[0].shape[1]).reshape(6, -1)
    else:
        np.save(folder / "x.npy", samples)
        arguments += ["--input", "x.npy"]
    out, _ = run("drift", "-q", "--json", *arguments, *paths, cwd=folder)
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) == len(weights) + 1, out
    for record, (sqnr_db, cosine, off, on) in zip(
            found, expected(weights, samples, options, way, folder)):
        assert abs(record["sqnr_db"] - sqnr_db) < 1e-9, (arguments, record, sqnr_db)
        assert abs(record["cosine"] - cosine) < 1e-12, (arguments, record, cosine)
        assert record["switched_off"] == off and record["switched_on"] == on, (arguments, record)
    return len(weights)


def main():
    rng = np.random.default_rng(seed_from(sys.argv))
    sizes = [37, 64, 50, 10]
    count = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights = []
        for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            w = rng.standard_normal((outputs, inputs)) / math.sqrt(inputs)
            weights.append(w.astype(np.float32))
            np.save(folder / f"w{i}.npy", weights[i])
        samples = rng.standard_normal((13, sizes[0])).astype(np.float32)
        paths = [f"w{i}.npy" for i in range(len(weights))]
        for options in ([], ["-t", "int4", "--block-size", "32"], ["-t", "bfloat16"],
                        ["-s", "zero-point", "-t", "uint4", "--axis", "0", "-m", "mse"],
                        ["--like", "compressed-tensors", "-t", "int4", "--block-size", "16"]):
            for way in (None, "token", "tensor"):
                count += check(paths, weights, options, way, None, folder)
                count += check(paths, weights, options, way, samples, folder)
        digits = ROOT / "data" / "digits"
        paths = [digits / "fc1_weight.npy", digits / "fc2_weight.npy"]
        count += check(paths, [np.load(path) for path in paths], ["-t", "int4"], "token",
                       np.load(digits / "test_images.npy")[:40], folder)
    print(f"{count} layers agree with NumPy")


main()
