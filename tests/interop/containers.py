#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A container and files of one tensor give the same.

    containers.py [SEED]

1,000 `.npy` files and the same tensors in one `.safetensors` have the same integers, scales, zero
points and figures, and so has what is restored. Then, with options of every kind, each tensor of a
container beside its own file: types, schemes, axes, blocks, methods, given scales. The rest of a
container stays as it was: copied tensors, metadata. What is written is read by a reader of its own,
reference/safetensors_file.py.
"""
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
from reference import safetensors_file  # noqa: E402

MANY = 200 if IS_SANITIZED else 1000
CASES = 15 if IS_SANITIZED else 60

DESCRS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<V2"}
STORED = {"int8": "I8", "uint8": "U8", "int4": "U8", "uint4": "U8", "int16": "I16", "uint16": "U16",
          "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float16": "F16",
          "bfloat16": "BF16"}
FLOATS = ("float8_e4m3fn", "float8_e5m2", "float16", "bfloat16")
UNSCALED = ("float16", "bfloat16")


# ---- Files ----

def random_floats(rng, dtype, shape):
    x = rng.normal(0, rng.choice([0.02, 1, 300]), shape) * rng.choice([0, 1, 1, 1, 1])
    x += rng.choice([0, 0, 0, 5])
    if dtype == "BF16":
        return (np.asarray(x, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return np.asarray(x, DESCRS[dtype]).tobytes()


def save_npy(path, tensor):
    dtype, shape, data = tensor
    np.save(path, np.frombuffer(data, DESCRS[dtype]).reshape(shape))


def load_npy(path):
    """The bytes of its elements."""
    return np.load(path).tobytes()


def records(output):
    """{tensor or path: figures} of a report, and the summary if there is one."""
    found, summary = {}, None
    for line in output.decode().splitlines():
        record = json.loads(line)
        if "summary" in record:
            summary = record["summary"]
            continue
        name = record["path"] if record["tensor"] is None else record["tensor"]
        assert name not in found
        found[name] = {key: value for key, value in record.items()
                       if key not in ("path", "tensor", "source")}
    return found, summary


# ---- What a sidecar says, as arrays ----

def decode(tensor):
    """float64 of the numbers in a tensor of scales or zero points."""
    dtype, _, data = tensor
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").astype(float)
    return np.frombuffer(data, {"F32": "<f4", "F16": "<f2", "I32": "<i4"}[dtype]).astype(float)


def scales_of(sidecar, directory):
    """(scales, zero points) of a file of one tensor."""
    if "scales" in sidecar and sidecar["scales"]:
        entry = sidecar["scales"]
        bits = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}[entry["scale_dtype"]]
        fields = [("scale", bits)] + [("zero_point", "<i4")] * entry["zero_points"]
        found = np.fromfile(directory / entry["path"], np.dtype(fields))
        zero_points = found["zero_point"] if entry["zero_points"] else np.zeros(len(found))
        return np.asarray(found["scale"], float), np.asarray(zero_points, float)
    scale = np.atleast_1d(np.asarray(sidecar["scale"], float))
    return scale.astype(np.float32).astype(float), \
        np.atleast_1d(np.asarray(sidecar["zero_point"], float))


def scales_shape(shape, options):
    """Of the tensors that hold scales and zero points."""
    axis = int(options["--axis"]) if "--axis" in options else None
    block = int(options["--block-size"]) if "--block-size" in options else None
    if axis is None and block is None:
        return (1,)
    axis = len(shape) - 1 if axis is None else axis % len(shape)
    if block is None:
        return tuple(n if i == axis else 1 for i, n in enumerate(shape))
    return tuple(-(-n // block) if i == axis else n for i, n in enumerate(shape))


def check_tensor(found, name, shape, dtype, options, sidecar, data, directory):
    """Of a container's tensors: the integers, scales and zero points that a file of one has."""
    stored = found[name]
    packed = dtype in ("int4", "uint4")
    expected = ((math.prod(shape) + 1) // 2,) if packed else shape
    assert stored[:2] == (STORED[dtype], expected), f"{name!r} is {stored[:2]}"
    assert stored[2] == data, f"{name!r} has other elements"
    if dtype in UNSCALED:
        assert name + "_scale" not in found and name + "_zero_point" not in found
        return
    scales, zero_points = scales_of(sidecar, directory)
    assert found[name + "_scale"][1] == scales_shape(shape, options), f"{name!r}: shape of scales"
    assert np.array_equal(decode(found[name + "_scale"]), scales), f"{name!r}: scales"
    if name + "_zero_point" in found:
        assert found[name + "_zero_point"][:2] == ("I32", found[name + "_scale"][1])
        assert np.array_equal(decode(found[name + "_zero_point"]), zero_points), f"{name!r}: zeros"
    else:
        assert not np.any(zero_points), f"{name!r} has no zero points"


# ---- Many tensors ----

def check_many(rng, directory):
    tensors = {}
    for i in range(MANY):
        dtype = rng.choice(["F32", "F32", "F32", "F16", "F64"])
        shape = tuple(int(n) for n in rng.integers(1, 13, rng.integers(2, 4)))
        tensors[f"t{i:04}.npy"] = (dtype, shape, random_floats(rng, dtype, shape))
        save_npy(directory / f"t{i:04}.npy", tensors[f"t{i:04}.npy"])
    safetensors_file.write(directory / "all.safetensors", tensors)
    options = ["-s", "zero-point", "--report=json"]
    single, single_summary = records(run("quantize", "-q", *options, *tensors, "--output-dir", "q",
                                         cwd=directory)[0])
    whole, summary = records(run("quantize", "-q", *options, "all.safetensors", "-o",
                                 "q.safetensors", cwd=directory)[0])
    assert single == whole, "figures"
    for key in ("files", "tensors"):
        single_summary.pop(key, None)
        summary.pop(key, None)
    assert single_summary == summary, f"{single_summary} is not {summary}"
    found, metadata = safetensors_file.read(directory / "q.safetensors")
    assert not metadata and len(found) == 3 * MANY
    for name, (_, shape, _) in tensors.items():
        output = directory / "q" / name.replace(".npy", ".int8.npy")
        check_tensor(found, name, shape, "int8", {}, read_sidecar(f"{output}.json"),
                     load_npy(output), output.parent)

    names = [name.replace(".npy", ".int8.npy") for name in tensors]
    again, _ = records(run("dequant", "-q", "--report=json", *names, cwd=directory / "q")[0])
    whole, _ = records(run("dequant", "-q", "--report=json", "q.safetensors", cwd=directory)[0])
    assert {name.replace(".int8.npy", ".npy"): figures for name, figures in again.items()} == whole
    run("dequant", "-q", *names, "--output-dir", "../r", cwd=directory / "q")
    run("dequant", "-q", "q.safetensors", "-o", "r.safetensors", cwd=directory)
    found, _ = safetensors_file.read(directory / "r.safetensors")
    assert len(found) == MANY
    for name, (_, shape, _) in tensors.items():
        restored = load_npy(directory / "r" / name.replace(".npy", ".int8.f32.npy"))
        assert found[name] == ("F32", shape, restored), f"{name} is restored otherwise"


# ---- Options ----

SHAPES = [(1, 1), (2, 3), (5, 7), (64, 33), (3, 4, 5), (1, 130), (4, 1), (0, 3), (2, 0, 3), (33, 65)]
COPIED = {
    "ids": ("I64", (4,), bytes(range(32))), "mask": ("BOOL", (2, 3), b"\0\1\1\0\0\1"),
    "bias": ("F32", (3,), bytes(range(12))), "step": ("F64", (), bytes(8)),
    "packed": ("F4", (2, 4), b"abcd"), "none": ("U16", (0, 4), b""),
    "q8": ("I8", (3, 1), b"\x80\x00\x7f"), "complex": ("C64", (1, 1), bytes(8)),
}
METADATA = {"format": "pt", "note": "\u00e9\n\"\\", "": "empty"}


def random_options(rng):
    """(type, options)"""
    dtype = rng.choice(list(STORED))
    options = {"-t": dtype}
    if dtype in UNSCALED:
        return dtype, options
    if dtype not in FLOATS and rng.random() < 0.5:
        options["-s"] = "zero-point"
        if rng.random() < 0.3:
            options["--include-zero"] = None
    grouping = rng.choice(["", "", "axis", "block", "both"])
    if grouping in ("axis", "both"):
        options["--axis"] = rng.choice(["0", "1", "-1"])
    if grouping in ("block", "both"):
        options["--block-size"] = rng.choice(["1", "2", "3", "32", "1000"])
    way = rng.choice(["", "", "", "method", "method", "clip", "scale"])
    if way == "method":
        methods = ["minmax", "percentile:99", "sigma:2.5"]
        even = [] if dtype in FLOATS else ["mse", "octav", "entropy", "auto"]
        options["-m"] = rng.choice(methods + even)
    elif way == "clip" and not grouping:
        options["-c"] = "-0.5,2"
    elif way == "scale" and not grouping:
        options["--scale"] = "0.013"
        options.pop("--include-zero", None)
    if way != "scale" and rng.random() < 0.3:
        options["--scale-dtype"] = rng.choice(["float16", "bfloat16"])
    if rng.random() < 0.2 and dtype not in FLOATS:
        options["--rounding"] = "half-away"
    return dtype, options


def check_options(rng, directory, case):
    dtype, options = random_options(rng)
    words = [word for pair in options.items() for word in pair if word is not None]
    generator = np.random.default_rng(rng.randrange(1 << 32))
    mapped = {}
    for shape in rng.sample(SHAPES, 4):
        stored = rng.choice(list(DESCRS))
        mapped[f"w.{len(mapped)}\u00e9/{stored}"] = (stored, shape,
                                                    random_floats(generator, stored, shape))
    tensors = list({**mapped, **COPIED}.items())
    rng.shuffle(tensors)
    tensors = dict(tensors)
    safetensors_file.write(directory / "m.safetensors", tensors, METADATA)
    about = f"case {case}, {' '.join(words)}: "

    threads = ["-j", rng.choice(["1", "2", "5"])]
    output = run("quantize", "-q", "--force", "--report=json", *words, *threads, "m.safetensors",
                 "-o", "q.safetensors", cwd=directory)[0]
    figures, _ = records(output)
    found, metadata = safetensors_file.read(directory / "q.safetensors")
    assert {name: found.get(name) for name in COPIED} == COPIED, about + "copied tensors"
    kept = {key: value for key, value in metadata.items() if not key.startswith("quant.")}
    assert kept == METADATA, about + "metadata"
    run("dequant", "-q", "--force", *threads, "q.safetensors", "-o", "r.safetensors", cwd=directory)
    restored, metadata = safetensors_file.read(directory / "r.safetensors")
    assert metadata == METADATA, about + "metadata restored"
    assert {name: restored.get(name) for name in COPIED} == COPIED, about + "copied tensors"
    assert set(restored) == set(tensors), about + "names restored"

    for name, tensor in mapped.items():
        save_npy(directory / "x.npy", tensor)
        own = ["--input-dtype", "bfloat16"] if tensor[0] == "BF16" else []
        output = run("quantize", "-q", "--force", "--report=json", *words, *own, "x.npy", "-o",
                     "x.q.npy", cwd=directory)[0]
        single, _ = records(output)
        assert single["x.npy"] == figures[name], f"{about}{single} is not {figures[name]}"
        sidecar = read_sidecar(directory / "x.q.npy.json")
        try:
            check_tensor(found, name, tensor[1], dtype, options, sidecar,
                         load_npy(directory / "x.q.npy"), directory)
        except AssertionError as failed:
            raise AssertionError(about + str(failed)) from None
        run("dequant", "-q", "--force", "x.q.npy", "-o", "x.r.npy", cwd=directory)
        assert restored[name] == ("F32", tensor[1], load_npy(directory / "x.r.npy")), about + name


# ---- The rest ----

def check_min_dims(rng, directory):
    generator = np.random.default_rng(rng.randrange(1 << 32))
    tensors = {f"d{n}": ("F32", (2,) * n, random_floats(generator, "F32", (2,) * n))
               for n in range(5)}
    safetensors_file.write(directory / "m.safetensors", tensors)
    for least in range(5):
        run("quantize", "-q", "--force", "--min-dims", least, "m.safetensors", "-o", "q.safetensors",
            cwd=directory)
        found, _ = safetensors_file.read(directory / "q.safetensors")
        for n in range(5):
            assert found[f"d{n}"][0] == ("I8" if n >= least else "F32"), (least, n)
            assert (f"d{n}_scale" in found) == (n >= least)


def check_streams(rng, directory):
    """Through pipes, and by any number of threads: the same bytes."""
    generator = np.random.default_rng(rng.randrange(1 << 32))
    tensors = {"large": ("F32", (600, 700), random_floats(generator, "F32", (600, 700))),
               **{f"s{i}": ("F16", (9, 9), random_floats(generator, "F16", (9, 9)))
                  for i in range(20)}, **COPIED}
    safetensors_file.write(directory / "m.safetensors", tensors, METADATA)
    content = (directory / "m.safetensors").read_bytes()
    outputs = set()
    for threads in ("1", "2", "8"):
        run("quantize", "-q", "--force", "-j", threads, "--axis", "0", "m.safetensors", "-o",
            "q.safetensors", cwd=directory)
        outputs.add((directory / "q.safetensors").read_bytes())
        piped, _ = run("quantize", "-q", "--force", "-j", threads, "--axis", "0", "-", "-o", "-",
                       "--sidecar", "s.json", cwd=directory, stdin=content)
        outputs.add(piped)
    assert len(outputs) == 1, "the bytes depend on threads or pipes"
    files = run("dequant", "-q", "q.safetensors", "-o", "-", cwd=directory)[0]
    piped = run("dequant", "-q", "--sidecar", "s.json", "-", "-o", "-", cwd=directory,
                stdin=outputs.pop())[0]
    assert files == piped, "what is restored depends on pipes"


def check_restored_types(rng, directory):
    generator = np.random.default_rng(rng.randrange(1 << 32))
    tensor = ("F32", (8, 5), random_floats(generator, "F32", (8, 5)))
    safetensors_file.write(directory / "m.safetensors", {"w": tensor, **COPIED})
    save_npy(directory / "x.npy", tensor)
    for path, output in (("m.safetensors", "q.safetensors"), ("x.npy", "q.npy")):
        run("quantize", "-q", "--force", path, "-o", output, cwd=directory)
    for dtype, stored in (("float32", "F32"), ("float16", "F16"), ("bfloat16", "BF16")):
        for path, output in (("q.safetensors", "r.safetensors"), ("q.npy", "r.npy")):
            run("dequant", "-q", "--force", "--dtype", dtype, path, "-o", output, cwd=directory)
        found, _ = safetensors_file.read(directory / "r.safetensors")
        assert found["w"] == (stored, (8, 5), load_npy(directory / "r.npy")), dtype


def refused(directory, tensors, message, *options):
    """One line, and nothing left."""
    with tempfile.TemporaryDirectory(dir=directory) as own:
        safetensors_file.write(Path(own) / "m.safetensors", tensors)
        _, text = run("quantize", *options, "m.safetensors", "-o", "q.safetensors", cwd=own, status=1)
        assert message in text.decode() and text.count(b"\n") == 1, text
        assert [path.name for path in Path(own).iterdir()] == ["m.safetensors"]


def check_refused(rng, directory):
    generator = np.random.default_rng(rng.randrange(1 << 32))
    good = ("F32", (3, 2), random_floats(generator, "F32", (3, 2)))
    nan = ("F32", (3, 2), np.array([1, 2, 3, np.nan, 5, 6], "<f4").tobytes())
    refused(directory, {"a": good, "b.c": nan, "d": good}, "b.c")
    refused(directory, {"a": good, "a_scale": good}, "a_scale")
    refused(directory, {"a": good, "a_zero_point": COPIED["ids"]}, "a_zero_point", "-s", "zero-point")
    refused(directory, {"a": COPIED["q8"], "a_scale": ("F32", (1,), bytes(4)), "b": good}, "'a'")
    refused(directory, COPIED, "--min-dims")
    refused(directory, {}, "m.safetensors")


def main():
    seed = seed_from(sys.argv)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        check_many(np.random.default_rng(seed), Path(directory))
    for check in (check_min_dims, check_streams, check_restored_types, check_refused):
        with tempfile.TemporaryDirectory() as directory:
            check(rng, Path(directory))
    with tempfile.TemporaryDirectory() as directory:
        for case in range(CASES):
            check_options(rng, Path(directory), case)
    print(f"{MANY} tensors, and {CASES} containers with options: the same as files of one tensor")


if __name__ == "__main__":
    main()
