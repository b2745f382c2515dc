#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NumPy's own computation of the mapping gives the same bytes, the same sidecar and the same report as
quant, on random arrays of every kind.

    numpy_bytes.py [SEED]
"""
import io
import itertools
import json
import math
import random
import sys
import tempfile
from pathlib import Path

from reference import IS_SANITIZED, read_sidecar, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import mapping  # noqa: E402
from reference.mapping import Spec  # noqa: E402

CASES = 300 if IS_SANITIZED else 1200
TYPES = list(mapping.LIMITS) + list(mapping.FLOATS)
SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (2, 3), (5, 1), (1, 5), (4, 3, 2), (1000,), (63, 65),
          (3, 5, 7, 2), (70000,), (1,) * 32]


# ---- Arrays ----

def values(rng, kind, shape):
    """float64; what the element type cannot hold is left out by the caller."""
    if kind == "uniform":
        return rng.uniform(-3, 5, shape)
    if kind == "normal":
        return rng.normal(0, rng.choice([1e-20, 0.02, 1, 1e10]), shape)
    if kind == "heavy":
        return rng.standard_cauchy(shape)
    if kind == "subnormal":
        return rng.uniform(-1e-38, 1e-38, shape) * rng.choice([1, 1e-3, 1e-6])
    if kind == "constant":
        return np.full(shape, rng.choice([0.0, -0.0, 2.5, -1e-3, 1e-42]))
    if kind == "far":
        return rng.choice([50, 1e4, 1e6]) + rng.uniform(0, 1, shape)
    if kind == "ties":
        return rng.integers(-300, 300, shape) / 2.0
    if kind == "bits":  # any float32 that there is
        bits = rng.integers(0, 1 << 32, shape, dtype=np.uint64).astype(np.uint32)
        found = bits.view(np.float32)
        return np.where(np.isfinite(found), found, np.float32(0)).astype(np.float64)
    raise ValueError(kind)


KINDS = ["uniform", "normal", "heavy", "subnormal", "constant", "far", "ties", "bits"]


def widen_bf16(bits):
    return np.array(bits.astype(np.uint32) << 16, np.uint32).view(np.float32)


def make_array(rng, kind, shape, element, order):
    """(the array as it is stored, the float32 that it means)"""
    with np.errstate(over="ignore"):
        wide = np.asarray(values(rng, kind, shape))
        if element == "bf16":
            stored = np.asarray(np.asarray(wide, np.float32).view(np.uint32) >> 16, np.uint16)
            x = widen_bf16(stored)
            stored = stored.astype(order + "u2")
        else:
            limit = float(np.finfo(element).max)
            wide = np.clip(wide, -min(limit, mapping.FLT_MAX), min(limit, mapping.FLT_MAX))
            stored = np.asarray(wide).astype(order + element)
            x = stored.astype(np.float32)
    return stored, x


def sprinkle(rng, stored):
    """Some NaN and infinities, for --nonfinite saturate."""
    flat = stored.reshape(-1)
    for special in (math.nan, math.inf, -math.inf):
        for _ in range(2):
            if flat.size > 2:
                flat[rng.integers(flat.size)] = special
    return stored, stored.astype(np.float32)


def make_spec(pick, x):
    scheme, dtype = pick.choice(["absmax", "zero-point"]), pick.choice(TYPES)
    spec = Spec(scheme, dtype, None, None, None, None, None, False,
                pick.choice(["half-even", "half-even", "half-away"]))
    if dtype in mapping.FLOATS:
        spec = spec._replace(scheme="absmax", rounding="half-even")
    way = pick.choice(["plain", "plain", "plain", "clip", "scale", "narrow", "zero"])
    finite = np.abs(x[np.isfinite(x)])
    size = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    if dtype in mapping.FLOATS and (mapping.is_unscaled(dtype) or way in ("narrow", "zero")):
        return spec
    if way == "clip":
        low = pick.uniform(-1.2, 0.9) * size
        high = low + pick.uniform(0.01, 1) * size
        if np.float32(low) < np.float32(high) and high < mapping.FLT_MAX:
            return spec._replace(clip=(low, high))
    elif way == "scale":
        scale = float(np.float32(max(size / pick.choice([1, 60, 127, 1000]), 1e-44)))
        if dtype in mapping.FLOATS:
            return spec._replace(scale=scale)
        return spec._replace(scale=scale, zero_point=pick.choice(
            [None, 0, 5, -128, 255, 1000, -70000, 2**31 - 1, -2**31]))
    elif way == "narrow":
        least, greatest = mapping.LIMITS[dtype]
        qmin = pick.choice([None, least, least + 5, 3])
        return spec._replace(qmin=qmin, qmax=pick.choice(
            [None, greatest, greatest - (greatest - least) // 28, min(100, greatest - 1), 7]))
    elif way == "zero":
        return spec._replace(include_zero=True)
    return spec


# ---- Comparing ----

IDENTITY = ["path", "tensor", "scheme", "dtype", "scale", "zero_point", "shape", "order", "source"]


def compare_identity(found, sidecar, where):
    """What says which tensor it is, is what the sidecar says of it."""
    assert list(found)[:len(IDENTITY)] == IDENTITY, f"{where}: keys of the report: {list(found)}"
    assert found["tensor"] is None, f"{where}: a name"
    for key in ("scheme", "dtype", "scale", "zero_point", "shape", "order"):
        assert found[key] == sidecar[key], f"{where}: {key} is {found[key]}, not {sidecar[key]}"
    for key in ("path", "format", "dtype"):
        assert found["source"][key] == sidecar["source"][key], f"{where}: source: {found['source']}"


def compare_reports(found, expected, where):
    counts = ("n", "nonfinite", "max_abs_error_index", "clipped", "zeroed", "sign_flipped",
              "levels_used", "bytes_in", "bytes_out")
    assert list(found)[len(IDENTITY):] == list(expected), f"{where}: keys of the report: {list(found)}"
    for key, value in expected.items():
        if key in counts:
            assert found[key] == value, f"{where}: {key} is {found[key]}, expected {value}"
            continue
        # The mean error may cancel to almost nothing: its size is that of what was added. Decibels
        # are as exact as the ratio that their logarithm is of, which near 0 dB is more than theirs.
        size = {"mean_error": expected["mae"], "sqnr_db": max(abs(value or 0), 10)}.get(key, value)
        same = found[key] == value if value is None or found[key] is None else \
            abs(found[key] - value) <= 1e-12 * abs(size or 0)
        assert same, f"{where}: {key} is {found[key]!r}, expected {value!r}"


def compare_sidecars(sidecar, params, spec, x, data, where):
    assert np.float32(sidecar["scale"]) == params.scale, \
        f"{where}: scale {sidecar['scale']!r}, expected {params.scale!r}"
    for key in ("zero_point", "qmin", "qmax", "rounding"):
        assert sidecar[key] == getattr(params, key), f"{where}: {key} is {sidecar[key]}"
    assert sidecar["shape"] == list(x.shape), f"{where}: shape {sidecar['shape']}"
    assert sidecar["scheme"] == spec.scheme and sidecar["dtype"] == spec.dtype, where
    assert sidecar["data"]["bytes"] == len(data), where
    finite = x[np.isfinite(x)]
    observed = sidecar["calibration"]["observed"]
    assert (observed is None) == (finite.size == 0), f"{where}: observed {observed}"
    if finite.size:
        assert np.array_equal(np.float32(observed), [finite.min(), finite.max()]), \
            f"{where}: observed {observed}"
    assert (sidecar["range"] is None) == (params.range is None), f"{where}: range"
    if params.range:
        assert mapping.same_range(sidecar["range"], params.range), \
            f"{where}: range {sidecar['range']}, expected {params.range}"


def npy_bytes(array, fortran):
    stream = io.BytesIO()
    np.save(stream, np.asfortranarray(array) if fortran else np.ascontiguousarray(array)
            .reshape(array.shape))
    return stream.getvalue()


def case(number, rng, pick, folder):
    shape = pick.choice(SHAPES)
    kind, order = pick.choice(KINDS), pick.choice("<>")
    element = pick.choice(["f4", "f4", "f4", "f2", "f8", "bf16"])
    stored, x = make_array(rng, kind, shape, element, order)
    options = []
    if element != "bf16" and pick.random() < 0.15:
        stored, x = sprinkle(rng, np.array(stored, order="C"))
        options += ["--nonfinite", "saturate"]
    spec = make_spec(pick, x)
    raw = element == "bf16" or pick.random() < 0.25
    fortran = not raw and len(shape) > 1 and pick.random() < 0.4
    where = f"case {number}: {kind} {element} {order} {shape} {'F' if fortran else 'C'} {spec}"

    source = folder / ("x.bin" if raw else "x.npy")
    if raw:
        source.write_bytes(stored.tobytes())
        options += ["--from", "raw"]  # two bytes may look like a number of JSON
        options += ["--input-dtype", element if element == "bf16" else element.replace(
            "f2", "f16").replace("f4", "f32").replace("f8", "f64")]
        options += ["--byte-order", "little" if order == "<" else "big"]
        if shape:
            options += ["--shape", ",".join(map(str, shape))]
        else:
            x = x.reshape(1)
    else:
        with source.open("wb") as file:
            np.lib.format.write_array(file, np.asfortranarray(stored) if fortran else stored,
                                      version=pick.choice([(1, 0), (2, 0), (3, 0)]))
    memory = x.flatten(order="F" if fortran else "C")  # in the order of the bytes

    out, _ = run("quantize", "--force", "-q", "--report=json", "-o", "q", *options,
                 *mapping.options_of(spec), source.name, cwd=folder)
    params = mapping.choose(spec, memory)
    q, _ = mapping.quantize(params, memory)
    written = mapping.pack(params, q)
    data = (folder / "q").read_bytes()
    if raw:
        expected = written.tobytes()
    elif spec.dtype.endswith("int4"):  # NumPy has no such type: the bytes, in one dimension
        expected = npy_bytes(written, False)
    else:
        shaped = written.reshape(x.shape, order="F" if fortran else "C")
        expected = npy_bytes(shaped, fortran)
        for size in b"12":  # bytes without a meaning have no order, the types of ml_dtypes have
            expected = expected.replace(b"'|V%c'" % size, b"'<V%c'" % size, 1)
    assert data == expected, \
        f"{where}: {params}: found {data[-160:]!r}, expected {expected[-160:]!r}"
    compare_sidecars(read_sidecar(folder / "q.json"), params, spec, x, data, where)

    expected = mapping.report(params, memory, stored.size * stored.itemsize,
                              mapping.scale_bytes(spec))
    compare_reports(json.loads(out), expected, where)
    compare_identity(json.loads(out), read_sidecar(folder / "q.json"), where)

    out, _ = run("dequant", "--force", "--report=json", "-o", "f", "q", cwd=folder)
    compare_reports(json.loads(out), expected, where + " (dequant)")
    compare_identity(json.loads(out), read_sidecar(folder / "q.json"), where + " (dequant)")
    restored = mapping.dequantize(params, q)
    if raw:
        expected = restored.astype("<f4").tobytes()
    else:
        expected = npy_bytes(restored.reshape(x.shape, order="F" if fortran else "C")
                             .astype("<f4"), fortran)
    assert (folder / "f").read_bytes() == expected, f"{where}: the restored floats differ"


def headers(folder):
    """Every shape's header is np.save's byte for byte, also where its length crosses 64 bytes."""
    for dtype, digits in itertools.product(("int8", "uint16"), range(1, 33)):
        for shape in ((0,) * digits, (1,) * digits, (10 ** min(digits, 17), 0)):
            (folder / "e.bin").write_bytes(bytes(4 * math.prod(shape)))
            run("quantize", "--force", "-s", "zero-point", "-t", dtype, "--to", "npy", "-o", "e.npy", "--shape",
                ",".join(map(str, shape)), "e.bin", cwd=folder)
            expected = npy_bytes(np.zeros(shape, dtype), False)
            assert (folder / "e.npy").read_bytes() == expected, f"header for {shape} {dtype}"


def main():
    seed = seed_from(sys.argv)
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    np.seterr(over="ignore")
    print(f"seed {seed}, NumPy {np.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if tuple(map(int, np.__version__.split(".")[:2])) >= (1, 23):
            headers(folder)
        else:
            print("skipped: this NumPy pads headers in another way: they are not compared")
        for number in range(CASES):
            case(number, rng, pick, folder)
    print(f"{CASES} arrays: the same bytes, sidecars, reports and restored floats")


if __name__ == "__main__":
    main()
