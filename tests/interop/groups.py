#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scales per channel and per block against NumPy: the parameters of a group are those of its elements
alone, every byte and every figure follows from them, and from a pipe or JSON come the same.

    groups.py [SEED]
"""
import itertools
import json
import math
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

# Shapes, axes and block sizes (None: a scale for each slice): short and long rows, groups side by
# side and far apart, blocks that do not divide their axis, more scales than a sidecar holds.
SHAPES = [((5,), (None, 1, 3)), ((3, 5), (None, 2)), ((200, 300), (None, 7, 32)),
          ((4, 5, 6), (None, 2)), ((16, 8, 3, 3), (None, 4)), ((7, 1000), (None, 128)),
          ((3, 50000), (None, 32)), ((70000, 2), (None, 32)), ((70001,), (1, 7, 4096))]
SPECS = [("absmax", "int8", None, "half-even"), ("zero-point", "int8", None, "half-even"),
         ("zero-point", "int4", None, "half-away"), ("absmax", "int8", 100, "half-away"),
         ("absmax", "float8_e4m3fn", None, "half-even"), ("absmax", "uint16", None, "half-even")]
SCALE_DTYPES = ("float32", "float16", "bfloat16", "float32", "bfloat16", "float16", "float32")


def cases():
    """(shape, order, axis, block size, spec): each place with one spec after the other."""
    places = [(shape, order, axis, size) for shape, sizes in SHAPES for order in "CF"
              for axis in range(len(shape)) for size in sizes if order == "C" or len(shape) > 1]
    for place, chosen, scale_dtype in zip(places[::4 if IS_SANITIZED else 1],
                                          itertools.cycle(SPECS), itertools.cycle(SCALE_DTYPES)):
        scheme, dtype, qmax, rounding = chosen
        yield (*place, Spec(scheme, dtype, None, None, None, None, qmax, False, rounding,
                            scale_dtype))
    # A file of scales of each type, with zero points and without.
    for spec, scale_dtype in itertools.product(SPECS[:2], ("float32", "float16", "bfloat16")):
        scheme, dtype, qmax, rounding = spec
        yield ((70000, 3), "C", 0, None, Spec(scheme, dtype, None, None, None, None, qmax, False,
                                              rounding, scale_dtype))


def groups_of(shape, order, axis, size):
    """(the number of each element's group, in the order of the file, and how many there are)"""
    if size is None:
        return np.indices(shape)[axis].ravel(order), shape[axis]
    index, counts = np.indices(shape), list(shape)
    index[axis] //= size
    counts[axis] = -(-shape[axis] // size)
    number = np.ravel_multi_index(tuple(index), counts, order=order)
    return number.ravel(order), math.prod(counts)


def read_scales(file, named):
    """(scales, zero points), from a file of version 2 by what the sidecar says of it alone"""
    stored = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}[named["scale_dtype"]]
    layout = [("scale", stored)] + [("zero_point", "<i4")] * named["zero_points"]
    records = np.fromfile(file, np.dtype(layout))
    assert len(records) == named["count"] and records.nbytes == named["bytes"], named
    scales = records["scale"]
    if named["scale_dtype"] == "bfloat16":  # the upper half of a float32
        scales = (scales.astype(np.uint32) << 16).view(np.float32)
    zero_points = records["zero_point"] if named["zero_points"] else np.zeros(len(records), int)
    return scales.astype(np.float32), zero_points


def parameters(folder, sidecar, spec, count):
    """(scales, zero points), from the sidecar or the file that it names"""
    is_version_2 = count > 65536 or spec.scale_dtype != "float32"
    assert sidecar["version"] == 1 + is_version_2, f"version {sidecar['version']}"
    assert sidecar.get("scale_dtype", "float32") == spec.scale_dtype
    if count <= 65536:
        assert "scales" not in sidecar, f"{count} scales in a file"
        return np.array(sidecar["scale"], np.float32), np.array(sidecar["zero_point"])
    assert sidecar["scale"] is None and sidecar["zero_point"] is None
    assert sidecar["scales"]["count"] == count
    assert sidecar["scales"]["scale_dtype"] == spec.scale_dtype
    assert sidecar["scales"]["zero_points"] == mapping.has_zero_points(spec)
    return read_scales(folder / sidecar["scales"]["path"], sidecar["scales"])


def check_parameters(spec, x, number, scales, zero_points):
    """Of all groups, or of some of many."""
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=len(scales)))
    assert len(scales) == len(zero_points) == len(ends)
    for group in range(0, len(ends), max(1, len(ends) // 50)):
        begin = ends[group - 1] if group else 0
        params = mapping.choose(spec, x[order[begin:ends[group]]])
        assert scales[group] == params.scale, f"scale of {group}: {scales[group]}, {params.scale}"
        assert zero_points[group] == params.zero_point, f"zero point of {group}"


def check_report(found, expected):
    for key, value in expected.items():
        if isinstance(value, float):
            # NumPy's sums are exact; a mean that cancels out is as near as what it is of.
            near = 1e-12 * max(abs(value), expected["mae"] if key == "mean_error" else 0)
            assert abs(found[key] - value) <= near, f"{key}: {found[key]}, NumPy {value}"
        else:
            assert found[key] == value, f"{key}: {found[key]}, NumPy {value}"


def check_worst(found, number, x, restored, count):
    e = x.astype(np.float64) - restored
    mse = np.bincount(number, e * e, count) / np.bincount(number, minlength=count)
    falling = np.sort(mse)[::-1][:8]
    assert len(found) == np.count_nonzero(falling), f"{len(found)} of the worst"
    for one, expected in zip(found, falling):
        assert math.isclose(one["mse"], expected, rel_tol=1e-12), f"{one}: NumPy {expected}"


def check_other_ways(folder, options, x, quantized):
    """Through a pipe and from JSON, as from the file."""
    out, _ = run("quantize", "-q", *options, "-o", "-", "--sidecar", "p.json", "-", cwd=folder,
                 stdin=(folder / "w.npy").read_bytes())
    assert out == quantized, "through a pipe"
    told, piped = read_sidecar(folder / "o.npy.json"), read_sidecar(folder / "p.json")
    assert all(told[key] == piped[key] for key in ("scale", "zero_point")), "through a pipe"
    if x.flags.c_contiguous and x.size < 100000:
        (folder / "w.json").write_text(json.dumps(x.astype(float).tolist()))
        run("quantize", "-q", "--force", *options, "-o", "j.npy", "w.json", cwd=folder)
        assert (folder / "j.npy").read_bytes() == quantized, "from JSON"


def check(folder, rng, shape, order, axis, size, spec):
    x = (rng.standard_normal(shape) * np.exp(rng.standard_normal(shape))).astype(np.float32)
    np.save(folder / "w.npy", np.asarray(x, order=order))
    options = [*mapping.options_of(spec), "--axis", axis, "--force"]
    options += ["--block-size", size] if size else []
    report, _ = run("quantize", "-q", "--report=json", *options, "-o", "o.npy", "w.npy", cwd=folder)
    report = json.loads(report)
    sidecar = read_sidecar(folder / "o.npy.json")
    flat = x.ravel(order)
    number, count = groups_of(shape, order, axis, size)
    scales, zero_points = parameters(folder, sidecar, spec, count)
    check_parameters(spec, flat, number, scales, zero_points)

    qmin, qmax = mapping.target(spec)
    each = mapping.Params(scales[number], zero_points[number], qmin, qmax, spec.rounding, spec.dtype,
                          None)
    q, _ = mapping.quantize(each, flat)
    quantized = (folder / "o.npy").read_bytes()
    assert quantized.endswith(mapping.pack(each, q).tobytes()), "the bytes"
    assert len(quantized) == 128 + mapping.pack(each, q).nbytes, "their number"
    run("dequant", "-q", "--force", "o.npy", "-o", "r.npy", cwd=folder)
    restored = mapping.dequantize(each, q)
    assert np.array_equal(np.load(folder / "r.npy").ravel(order), restored), "what is restored"
    check_report(report, mapping.report(each, flat, x.nbytes, mapping.scale_bytes(spec, count)))
    check_worst(report["worst"], number, flat, restored, count)
    check_other_ways(folder, options, np.asarray(x, order=order), quantized)


def main():
    seed = seed_from(sys.argv)
    rng = np.random.default_rng(seed)
    print(f"seed {seed}, NumPy {np.__version__}")
    count = 0
    with tempfile.TemporaryDirectory() as name:
        for case in cases():
            try:
                check(Path(name), rng, *case)
            except AssertionError as error:
                raise AssertionError(f"{case}: {error}") from error
            count += 1
    print(f"{count} tensors of many scales are NumPy's")


if __name__ == "__main__":
    main()
