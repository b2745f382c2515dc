#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Archives of arrays, against NumPy.

    npz.py [SEED]

Every archive that numpy.savez and numpy.savez_compressed write is read: every type, order and shape,
to a file and to a pipe. What is written NumPy opens, each CRC checked, and writes in the same bytes.
The tensors of an archive have the same integers and scales as files of their own, and as the same
tensors in .safetensors.
"""
import io
import json
import random
import sys
import tempfile
import zipfile
from pathlib import Path

from reference import IS_SANITIZED, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import safetensors_file  # noqa: E402

CASES = 10 if IS_SANITIZED else 40


def arrays():
    """Of every kind that NumPy has but objects and structures; the first ones are quantized."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal
    return {
        "w": x((64, 100)).astype("<f4"), "f": np.asfortranarray(x((33, 17)).astype("<f4")),
        "h": x((3, 4, 5)).astype("<f2"), "d": x((5, 6)), "big": x((8, 9)).astype(">f4"),
        "bigd": np.asfortranarray(x((8, 9)).astype(">f8")), "e": np.zeros((0, 5), "<f4"),
        "é/../x y": x((2, 2)).astype("<f4"), "/abs": x((2, 2)).astype("<f4"),
        "b": x(7).astype("<f4"), "z": np.float32(3), "i": np.arange(9), "t": np.array([True, False]),
        "s": np.array(["abc", "d"]), "bytes": np.array([b"ab"]), "v": np.zeros(3, "V5"),
        "date": np.array(["2020-01-01"], "M8[D]"), "span": np.array([3], "m8[25us]"),
        "c": np.ones((2, 2), "<c8"), "c16": np.ones(2), "long": np.ones(2, np.longdouble),
        "fi": np.asfortranarray(np.arange(12).reshape(3, 4)), "bigi": np.arange(4).astype(">i4"),
        "i1": np.arange(5, dtype="i1"), "u8": np.arange(5, dtype="u8"), "empty": np.zeros((3, 0, 2)),
        "none": np.array([], "<f4"), "u0": np.array([], "<U3"),
    }


NQUANTIZED = ("w", "f", "h", "d", "big", "bigd", "e", "é/../x y", "/abs", "empty")


class Pipe(io.RawIOBase):
    """A stream that cannot go back: zipfile then writes data descriptors."""
    def __init__(self):
        super().__init__()
        self.content = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data)
        return len(bytes(data))

    def read(self, size=-1):  # NumPy asks whether there is one
        raise OSError


def save(path, kind, tensors):
    if kind == "pipe":
        pipe = Pipe()
        np.savez(pipe, **tensors)
        path.write_bytes(pipe.content)
    elif kind == "compressed pipe":
        pipe = Pipe()
        np.savez_compressed(pipe, **tensors)
        path.write_bytes(pipe.content)
    elif kind == "mixed":
        with zipfile.ZipFile(path, "w") as z:
            z.comment = b"a comment"
            for number, (name, array) in enumerate(tensors.items()):
                buffer = io.BytesIO()
                np.save(buffer, array)
                z.writestr(zipfile.ZipInfo(name + ".npy"), buffer.getvalue(),
                           compress_type=number % 2 * zipfile.ZIP_DEFLATED)
    else:
        {"stored": np.savez, "compressed": np.savez_compressed}[kind](path, **tensors)


def is_fortran(array):
    return array.flags.f_contiguous and not array.flags.c_contiguous


def same(found, expected):
    return (found.dtype.str == expected.dtype.str and found.shape == expected.shape and
            is_fortran(found) == is_fortran(expected) and found.tobytes() == expected.tobytes())


def load(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def scheme_options(rng):
    options = ["-s", rng.choice(["absmax", "zero-point"]), "-t",
               rng.choice(["int8", "uint8", "int16", "int4"])]
    if rng.random() < 0.3:
        options = ["-s", "absmax", "-t", rng.choice(["float8_e4m3fn", "bfloat16"])]
    if rng.random() < 0.6 and options[-1] != "bfloat16":
        options += rng.choice([["--axis", "0"], ["--axis", "-1"], ["--block-size", "3"],
                               ["--axis", "0", "--block-size", "4"]])
    return options + ["-j", rng.choice(["1", "3"])]


# ---- As NumPy of today writes it ----

def as_of_today(content):
    """zipfile wrote version 2.0 and plain sizes in local headers until Python 3.11.4."""
    content = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        for info in archive.infolist():
            at = info.header_offset
            content[at + 4:at + 6] = b"\x2d\0"
            content[at + 18:at + 26] = b"\xff" * 8
        at = archive.start_dir
        for info in archive.infolist():
            content[at + 4] = content[at + 6] = 45
            at += 46 + len(info.filename.encode()) + len(info.extra) + len(info.comment)
    return bytes(content)


def check_bytes(directory):
    """What comes back from dequantizing float16 are the bytes of numpy.savez."""
    rng = np.random.default_rng(2)
    tensors = {"w": rng.integers(-8, 8, (30, 70)).astype("<f4"), "b": np.ones(3, "<f4"),
               "f": np.asfortranarray(rng.integers(-8, 8, (5, 7, 2)).astype("<f4")),
               "s": np.array(["x", "yz"]), "e": np.zeros((4, 0), "<f4"), "é": np.arange(3)}
    np.savez(directory / "m.npz", **tensors)
    run("quantize", "-q", "-t", "float16", "m.npz", "-o", "h.npz", cwd=directory)
    run("dequant", "-q", "h.npz", "-o", "r.npz", cwd=directory)
    found, expected = (directory / "r.npz").read_bytes(), (directory / "m.npz").read_bytes()
    assert found == as_of_today(expected), "the bytes are not NumPy's"


# ---- Reading and writing ----

def check_kinds(directory, rng):
    """Every way of writing an archive gives the same, and copied tensors stay what they are."""
    tensors = arrays()
    outputs = set()
    options = scheme_options(rng)
    for kind in ("stored", "compressed", "pipe", "compressed pipe", "mixed"):
        save(directory / "m.npz", kind, tensors)
        run("quantize", "-q", "--force", *options, "m.npz", "-o", "q.npz", cwd=directory)
        outputs.add((directory / "q.npz").read_bytes())
        through_pipe = run("quantize", "-q", *options, "-", "-o", "-", "--sidecar", "p.json",
                           "--force", cwd=directory, stdin=(directory / "m.npz").read_bytes())[0]
        outputs.add(through_pipe)
        run("dequant", "-q", "--report", "q.npz", cwd=directory)
        run("verify", "-q", "q.npz", cwd=directory)
    assert len(outputs) == 1, f"{options}: the same arrays give different files"
    found = load(directory / "q.npz")
    names = list(found)
    for name, array in tensors.items():
        array = np.asarray(array)
        if name not in NQUANTIZED:
            assert same(found[name], array), f"{name} has changed"
        elif "int4" not in options:
            assert found[name].shape == array.shape and is_fortran(found[name]) == is_fortran(array)
        if name + "_scale" in found:
            assert names.index(name + "_scale") == names.index(name) + 1
    run("dequant", "-q", "--force", "q.npz", "-o", "r.npz", cwd=directory)
    restored = load(directory / "r.npz")
    assert list(restored) == list(tensors)
    for name, array in tensors.items():
        array = np.asarray(array)
        if name in NQUANTIZED:
            assert restored[name].dtype == "<f4" and restored[name].shape == array.shape
            assert is_fortran(restored[name]) == is_fortran(array), name
        else:
            assert same(restored[name], array), name


def check_alone(directory, rng):
    """A tensor of an archive has the elements, and its scales multiply out to the same floats, as the
    same array in a file of its own."""
    options = scheme_options(rng)
    tensors = {name: array for name, array in arrays().items()
               if name in ("w", "f", "h", "d", "big", "bigd")}
    np.savez(directory / "m.npz", **tensors)
    run("quantize", "-q", "--force", *options, "m.npz", "-o", "q.npz", cwd=directory)
    run("dequant", "-q", "--force", "q.npz", "-o", "r.npz", cwd=directory)
    found, restored = load(directory / "q.npz"), load(directory / "r.npz")
    entries = json.loads((directory / "q.npz.json").read_text())["tensors"]
    for name, array in tensors.items():
        np.save(directory / "one.npy", array)
        run("quantize", "-q", "--force", *options, "one.npy", "-o", "one.q.npy", cwd=directory)
        run("dequant", "-q", "--force", "one.q.npy", "-o", "one.r.npy", cwd=directory)
        q, r = np.load(directory / "one.q.npy"), np.load(directory / "one.r.npy")
        assert found[name].tobytes("A") == q.tobytes("A"), f"{options}: {name} has other elements"
        assert same(restored[name], r), f"{options}: {name} is restored differently"
        assert entries[name]["order"] == ("F" if is_fortran(array) else "C")
        if name + "_scale" in found and "--block-size" not in options and \
                not options[3].startswith(("int4", "float8")):
            zero = found.get(name + "_zero_point", np.int32(0))
            product = (found[name].astype("<i4") - zero).astype("<f4") * found[name + "_scale"]
            assert np.array_equal(product, r), f"{options}: {name} does not broadcast"


def check_safetensors(directory):
    """From one to the other and back; types and orders that a format lacks are refused."""
    rng = np.random.default_rng(3)
    w = rng.standard_normal((9, 8)).astype("<f4")
    tensors = {"w": ("F32", (9, 8), w.tobytes()),
               "i": ("I64", (2,), np.arange(2, dtype="<i8").tobytes()),
               "t": ("BOOL", (1,), b"\1")}
    safetensors_file.write(directory / "m.safetensors", tensors)
    run("quantize", "-q", "m.safetensors", "-o", "a.npz", cwd=directory)
    found = load(directory / "a.npz")
    assert found["i"].dtype == "<i8" and found["t"].dtype == "|b1"
    run("quantize", "-q", "m.safetensors", "-o", "a.safetensors", cwd=directory)
    other, _ = safetensors_file.read(directory / "a.safetensors")
    assert all(found[name].tobytes() == other[name][2] for name in found)
    np.savez(directory / "n.npz", w=w, i=np.arange(2), t=np.array([True]))
    run("quantize", "-q", "n.npz", "-T", "safetensors", "-o", "b.safetensors", cwd=directory)
    assert (directory / "b.safetensors").read_bytes() == (directory / "a.safetensors").read_bytes()
    run("dequant", "-q", "b.safetensors", "-T", "npz", "-o", "c.npz", cwd=directory)
    assert load(directory / "c.npz")["w"].shape == (9, 8)


def check_many(directory):
    """More members than an end record can count."""
    names = [f"t{i}" for i in range(70000 if not IS_SANITIZED else 66000)]
    np.savez(directory / "m.npz", **{name: np.float32([[1]]) for name in names})
    run("quantize", "-q", "m.npz", "-o", "q.npz", cwd=directory)
    with zipfile.ZipFile(directory / "q.npz") as archive:
        assert len(archive.namelist()) == 2 * len(names)
        assert archive.testzip() is None
    run("dequant", "-q", "q.npz", "-o", "r.npz", cwd=directory)
    assert (directory / "r.npz").read_bytes() == as_of_today((directory / "m.npz").read_bytes())


def main():
    seed = seed_from(sys.argv)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for number, check in enumerate((check_bytes, check_safetensors, check_many)):
            (directory / str(number)).mkdir()
            check(directory / str(number))
        for _ in range(CASES // 5):
            check_kinds(directory, rng)
        for _ in range(CASES):
            check_alone(directory, rng)
    print(f"seed {seed}: archives of arrays are as NumPy has them")


if __name__ == "__main__":
    main()
