#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ONNX models of --onnx.

    onnx_models.py [SEED]

Files of every format, type, scheme, granularity and order are quantized with a model beside them.
Its outputs, computed by reference/onnx_file.py, are bit by bit what `quant dequant` restores, and
what was copied is as it was. tests/interop/live/onnx_runtime.py does the same with ONNX Runtime.
"""
import random
import sys
import tempfile
from pathlib import Path

from reference import IS_SANITIZED, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import onnx_file, safetensors_file  # noqa: E402

CASES = 40 if IS_SANITIZED else 150

INTEGERS = ["int8", "uint8", "int4", "uint4", "int16", "uint16"]
FLOATS = ["float8_e4m3fn", "float8_e5m2"]
UNSCALED = ["float16", "bfloat16"]
WORDS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I64": "<i8", "BOOL": "?"}


# ---- Inputs ----

def random_shape(rng):
    ndim = rng.choice([1, 2, 2, 2, 3])
    return tuple(rng.choice([1, 2, 3, 5, 8, 17, 0 if rng.random() < 0.1 else 4]) for _ in range(ndim))


def random_array(rng, generator, may_be_fortran):
    x = (generator.normal(size=random_shape(rng)) * 10.0 ** rng.randrange(-3, 4)).astype(
        rng.choice(["<f4", "<f4", "<f2", "<f8"]))
    return np.asfortranarray(x) if may_be_fortran and rng.random() < 0.5 else x


def write_npz(rng, generator, directory):
    arrays = {f"t{i}/w": random_array(rng, generator, True) for i in range(rng.randrange(1, 5))}
    arrays["w"] = np.asfortranarray(generator.normal(size=(6, 10)).astype("<f4"))
    others = {"ids": np.arange(5), "bias": np.float32([1, 2, 3]), "flag": np.array([True, False]),
              "turned": np.asfortranarray(np.arange(6, dtype="<u2").reshape(2, 3)),
              "text": np.array(["abc"]), "big": np.arange(3).astype(">i4")}
    np.savez(directory / "m.npz", **arrays, **others)
    return "m.npz", {name: x for name, x in others.items() if name not in ("text", "big")}


def write_safetensors(rng, generator, directory):
    types = {"<f4": "F32", "<f2": "F16", "<f8": "F64"}
    tensors = {}
    for i in range(rng.randrange(1, 5)):
        x = random_array(rng, generator, False)
        tensors[f"layer.{i}"] = (types[x.dtype.str], x.shape, x.tobytes())
    tensors["w"] = ("F32", (6, 10), generator.normal(size=(6, 10)).astype("<f4").tobytes())
    others = {"ids": np.arange(5), "bias": np.float32([1, 2, 3]), "flag": np.array([True, False])}
    words = {"ids": "I64", "bias": "F32", "flag": "BOOL"}
    tensors.update({name: (words[name], x.shape, x.tobytes()) for name, x in others.items()})
    tensors["small"] = ("F6_E2M3", (4,), bytes(3))
    safetensors_file.write(directory / "m.safetensors", tensors)
    return "m.safetensors", others


def write_single(rng, generator, directory):
    x = random_array(rng, generator, True)
    if rng.random() < 0.3:
        (directory / "w.bin").write_bytes(x.astype("<f4").tobytes())
        return "w.bin", {}
    np.save(directory / "w.npy", x)
    return "w.npy", {}


# ---- Options ----

def random_options(rng):
    dtype = rng.choice(INTEGERS * 2 + FLOATS + UNSCALED + ["int32"])
    options = ["-t", dtype]
    if dtype == "int32":
        return [*options, "--scale", "0.001"]
    if dtype in UNSCALED:
        return options
    if dtype in INTEGERS and rng.random() < 0.6:
        options += ["-s", "zero-point", "--include-zero"]
    granularity = rng.choice([[], ["--axis", "-1"], ["--axis", "0"], ["--block-size", "4"],
                              ["--block-size", "16"], ["--block-size", "2", "--axis", "0"]])
    # A scale that is rounded to fewer bits may bring the zero point outside the type.
    scale = rng.choice([[], [], ["--scale-dtype", "float16"], ["--scale-dtype", "bfloat16"]])
    return options + granularity + ([] if "-s" in options else scale)


# ---- What quant restores ----

def restored_npz(path):
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def restored(directory, output):
    """{name: array}, of the types that ONNX has."""
    run("dequant", "-q", "--force", output, "-o", "r" + Path(output).suffix, cwd=directory)
    path = directory / ("r" + Path(output).suffix)
    if path.suffix == ".npz":
        return restored_npz(path)
    if path.suffix == ".safetensors":
        tensors, _ = safetensors_file.read(path)
        return {name: np.frombuffer(data, WORDS[word]).reshape(shape)
                for name, (word, shape, data) in tensors.items() if word in WORDS}
    if path.suffix == ".npy":
        return {"w": np.load(path)}
    return {"w": np.fromfile(path, "<f4")}


def check(case, found, expected, copied):
    """found: {name: array}"""
    assert set(copied) <= set(found), f"{case}: {set(copied)} were copied, but not {set(found)}"
    for name, x in found.items():
        if name in copied:
            assert x.tobytes() == copied[name].tobytes(), f"{case}: {name!r} is not as it was"
            continue
        assert x.shape == expected[name].shape, f"{case}: the shape of {name!r}"
        assert x.tobytes() == expected[name].tobytes(), \
            f"{case}: {name!r} differs in {(x != expected[name]).sum()} elements of {x.size}"
    missing = set(expected) - set(found) - {"text", "big"}
    assert not missing, f"{case}: no output {missing}"


def check_case(rng, i, evaluate):
    """evaluate: of the path of a model gives {name: array}."""
    generator = np.random.default_rng(rng.randrange(1 << 32))
    write = rng.choice([write_npz, write_safetensors, write_single])
    options = random_options(rng)
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        name, copied = write(rng, generator, directory)
        if write is not write_single:
            options += ["--exclude", "bias"]
            if any("axis" in option or "block" in option for option in options):
                options += ["--min-dims", "2"]
            else:
                options += ["--min-dims", rng.choice(["1", "2"])]
        elif "--axis" in options and name == "w.bin":
            options[options.index("--axis") + 1] = "0"
        (directory / "out").mkdir()
        output = "out/q" + Path(name).suffix
        run("quantize", "-q", *options, name, "-o", output, "--onnx", "m.onnx", cwd=directory)
        found = evaluate(directory / "m.onnx")
        if write is write_single:
            found = {key.removeprefix("out/"): x for key, x in found.items()}
        check(f"case {i}: quantize {' '.join(options)} {name}", found, restored(directory, output),
              copied)


def check_shards(evaluate):
    """One model of all shards of a checkpoint, in the directory above it."""
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        (directory / "ck").mkdir()
        copied = {}
        for shard in ("1", "2"):
            weight = generator.normal(size=(4, 6)).astype("<f4")
            copied[f"bias.{shard}"] = bias = generator.normal(size=4).astype("<f4")
            safetensors_file.write(directory / "ck" / f"{shard}.safetensors",
                                   {f"w.{shard}": ("F32", weight.shape, weight.tobytes()),
                                    f"bias.{shard}": ("F32", bias.shape, bias.tobytes())})
        run("quantize", "-q", "--axis", "0", "ck", "--output-dir", "q", "--onnx", "m.onnx", cwd=directory)
        found = evaluate(directory / "m.onnx")
        expected = {**restored(directory, "q/1.safetensors"), **restored(directory, "q/2.safetensors")}
        assert len(expected) == 4
        check("shards", found, expected, copied)


def check_directory(evaluate):
    """Files of one tensor, named by their place."""
    generator = np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        (directory / "in" / "deep").mkdir(parents=True)
        for name in ("w", "deep/w", "deep/v"):
            np.save(directory / "in" / f"{name}.npy", generator.normal(size=(4, 6)).astype("<f4"))
        run("quantize", "-q", "-r", "in", "--output-dir", "q", "--onnx", "q/m.onnx", cwd=directory)
        expected = {name: restored(directory, f"q/{name}.int8.npy")["w"]
                    for name in ("w", "deep/w", "deep/v")}
        check("a directory", evaluate(directory / "q" / "m.onnx"), expected, {})


def main():
    rng = random.Random(seed_from(sys.argv))

    def evaluate(path):
        return {name: x for name, (_, x) in onnx_file.evaluate(path).items()}

    for i in range(CASES):
        check_case(rng, i, evaluate)
    check_shards(evaluate)
    check_directory(evaluate)
    print(f"{CASES} models give what 'quant dequant' restores")


if __name__ == "__main__":
    main()
