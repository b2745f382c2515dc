#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python package `safetensors`, the reference implementation, beside quant.

    safetensors_package.py [SEED]
    safetensors_package.py --write

Holds the headers in tests/formats/safetensors_headers.txt, which tests/formats/test_safetensors_layout.c
lays out again, against those that the package writes of the same tensors. It also has the package
read every file in data/bad, and prints which of them it reads. Then, on random files that the package
has written, of every type, with scalars, tensors without elements and names in many scripts: quant
lists in them what the package does, quantizes, verifies and restores them; the package opens what
quant wrote, and writes the very same bytes of what it found there. At last, the same with files of
NumPy arrays, which go through the package's own save_file and load_file.

--write makes the file of headers again. The packages that this needs are installed by script/live.
"""
import ctypes
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from reference import ROOT, run, seed_from, skip  # noqa: E402

try:
    import numpy as np
    import safetensors
    from safetensors import TensorSpec, safe_open, serialize
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    skip(f"{missing}: script/live installs what this needs")

HEADERS = ROOT / "tests" / "formats" / "safetensors_headers.txt"
BAD = ROOT / "data" / "bad"
CASES, FILES, ARRAYS = 64, 60, 20

# The package's word for each type, and the bits of an element. It has none for F6_E2M3 and F6_E3M2.
TYPES = {
    "bool": ("BOOL", 8), "float4_e2m1fn_x2": ("F4", 4), "uint8": ("U8", 8), "int8": ("I8", 8),
    "float8_e5m2": ("F8_E5M2", 8), "float8_e4m3fn": ("F8_E4M3", 8),
    "float8_e8m0fnu": ("F8_E8M0", 8), "float8_e4m3fnuz": ("F8_E4M3FNUZ", 8),
    "float8_e5m2fnuz": ("F8_E5M2FNUZ", 8), "int16": ("I16", 16), "uint16": ("U16", 16),
    "float16": ("F16", 16), "bfloat16": ("BF16", 16), "int32": ("I32", 32), "uint32": ("U32", 32),
    "float32": ("F32", 32), "complex64": ("C64", 64), "float64": ("F64", 64), "int64": ("I64", 64),
    "uint64": ("U64", 64),
}
WORDS = {stored: word for word, (stored, _) in TYPES.items()}
FLOATS = {"F16", "BF16", "F32", "F64"}

# Files in data/bad that the package reads, and why quant does not: a copy would lose something, or
# C, the documentation of the format, or the limit of dimensions say otherwise.
READ_BY_PACKAGE = {"dimensions_65", "entry_array", "entry_key_unknown", "header_space_first",
                   "metadata_key_doubled", "metadata_null", "name_nul"}


# ---- The package ----

def write(tensors, metadata):
    """The bytes of a file. tensors: {name: (word, shape, bytes)}. The package writes the keys of the
    metadata in an order that changes from call to call: this waits for the sorted one."""
    kept, specs = [], {}
    for name, (word, shape, data) in tensors.items():
        buffer = ctypes.create_string_buffer(data, max(len(data), 1))
        kept.append(buffer)
        stored = list(shape)
        if word == "float4_e2m1fn_x2":  # which doubles the last dimension
            assert stored[-1] % 2 == 0
            stored[-1] //= 2
        specs[name] = TensorSpec(dtype=word, shape=stored, data_ptr=ctypes.addressof(buffer),
                                 data_len=len(data))
    for _ in range(100000):
        content = bytes(serialize(specs, metadata or None))
        keys = list(json.loads(split(content)[0]).get("__metadata__", {}))
        if keys == sorted(keys, key=str.encode):
            return content
    raise AssertionError("the package never wrote the keys in order")


def split(content):
    """The header's text, and the data."""
    end = 8 + struct.unpack("<Q", content[:8])[0]
    return content[8:end], content[end:]


def read(content):
    """What is in a file: ({name: (word, shape, bytes)}, metadata)."""
    header, data = split(content)
    entries = json.loads(header)
    metadata = entries.pop("__metadata__", {})
    tensors = {}
    for name, entry in entries.items():
        first, end = entry["data_offsets"]
        tensors[name] = (WORDS[entry["dtype"]], entry["shape"], data[first:end])
    return tensors, metadata


# ---- Random files ----

NAMES = ["model.layers.%d.weight", "w%d", "W%d", "%d", "\u00e9%d", "\u20ac.%d", "\U0001f600%d",
         "a b%d", "tab\t%d", "quote\"%d", "back\\%d", "slash/%d", "line\n%d", "\x01%d", "\x7f%d",
         "\x1f\b\f\r%d", "\u2028%d", "\uffff%d", "../%d", "~%d", "{%d}", ""]


# Those of the files, not of the committed headers: other scripts, right to left, a character that is
# composed, and the last one of Unicode.
MORE_NAMES = NAMES + ["\u5c42.%d.\u6743\u91cd", "\u0431\u043b\u043e\u043a.%d",
                      "\u0637\u0628\u0642\u0629%d", "e\u0301%d", "\U0010ffff%d"]


def random_name(rng, names):
    pattern = rng.choice(names)
    return pattern % rng.randrange(200) if "%" in pattern else pattern


def random_data(rng, word, shape):
    n = 1
    for dimension in shape:
        n *= dimension
    stored, bits = TYPES[word]
    if stored in FLOATS:
        x = np.array([rng.gauss(0, 1) for _ in range(n)], np.float32)
        if stored == "BF16":
            return (x.view(np.uint32) >> 16).astype("<u2").tobytes()
        return x.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[stored]).tobytes()
    return rng.randbytes(n * bits // 8)


def random_tensors(rng, most, words, names=NAMES):
    tensors = {}
    for _ in range(rng.randrange(most + 1)):
        word = rng.choice(words)
        shape = [rng.choice([1, 1, 2, 3, 4, 5, 8, 0 if rng.random() < 0.3 else 7])
                 for _ in range(rng.choice([0, 1, 1, 2, 2, 2, 3, 4]))]
        if word == "float4_e2m1fn_x2":
            shape = [*shape, 2]
        tensors[random_name(rng, names)] = (word, shape, random_data(rng, word, shape))
    return tensors


def random_metadata(rng):
    keys = rng.sample(["format", "step", "", "\u00e9", "a\"b", "Z"], rng.choice([0, 0, 1, 1, 2, 3]))
    return {key: rng.choice(["pt", "", "1000", "\u20ac\n", "{\"a\": [1]}"]) for key in keys}


# ---- What is compared ----

def headers(seed=20240229):
    rng = random.Random(seed)
    for i in range(CASES):
        tensors = random_tensors(rng, 60 if i % 16 == 0 else 12, list(TYPES))
        yield split(write(tensors, random_metadata(rng)))[0]


def check_headers():
    found = list(headers())
    committed = HEADERS.read_bytes().split(b"\n")[:-1]
    assert found == committed, "the package writes other headers than those committed"
    print(f"{len(found)} headers are those that safetensors {safetensors.__version__} writes")


def check_bad_files():
    accepted = set()
    for path in sorted(BAD.glob("*.safetensors")):
        try:
            with safe_open(path, "np") as opened:
                opened.keys()
            accepted.add(path.stem)
        except Exception:  # noqa: BLE001: it has several
            pass
    assert accepted <= READ_BY_PACKAGE, f"the package reads {accepted - READ_BY_PACKAGE}"
    print("of the bad files the package reads", *sorted(accepted))


def check_output(path, source, copied):
    """The package reads it and would have written it so."""
    with safe_open(path, "np") as opened:
        names = set(opened.keys())
    content = path.read_bytes()
    tensors, metadata = read(content)
    assert names == set(tensors)
    assert content == write(tensors, metadata), f"{path.name}: the package writes other bytes"
    for name in copied:
        assert tensors[name] == source[name], f"{name!r} was copied and is not the same"
    return tensors


def check_listed(path, tensors):
    """quant inspect lists what is in a file, whether or not there is something to quantize."""
    out, _ = run("inspect", "-q", "--report=json", path.name, cwd=path.parent)
    records = [json.loads(line) for line in out.splitlines()]
    found = {record["tensor"]: (record["type"], record["shape"], record["bytes"])
             for record in records if "tensor" in record}
    expected = {name: (TYPES[word][0], list(shape), len(data))
                for name, (word, shape, data) in tensors.items()}
    assert found == expected, f"{path.name}: quant lists other tensors than the package wrote"


OPTIONS = [[], ["-s", "zero-point"], ["-t", "int4"], ["-t", "uint8"], ["-t", "f8e5m2"], ["-t", "f16"],
           ["-t", "int16", "-s", "zero-point"], ["--axis", "0"], ["-s", "zero-point", "--axis", "1"],
           ["--block-size", "2"], ["--scale-dtype", "bfloat16"], ["-t", "bf16"],
           ["-t", "uint4", "--block-size", "3", "--scale-dtype", "float16"]]
RESTORED = {"float32": ("float32", 4), "float16": ("float16", 2), "bfloat16": ("bfloat16", 2)}


def check_file(rng, directory, i):
    tensors = random_tensors(rng, 20, list(TYPES), MORE_NAMES)
    metadata = random_metadata(rng)
    path = directory / "m.safetensors"
    path.write_bytes(write(tensors, metadata))
    check_listed(path, tensors)
    tensors["the.weight"] = ("float32", [3, 2], random_data(rng, "float32", [3, 2]))
    path.write_bytes(write(tensors, metadata))
    check_listed(path, tensors)
    dims = rng.choice([2, 2, 1, 3])
    options = rng.choice(OPTIONS if dims == 2 else OPTIONS[:7])
    if dims == 3:
        tensors["a.weight"] = ("bfloat16", [3, 2, 2], random_data(rng, "bfloat16", [3, 2, 2]))
        path.write_bytes(write(tensors, metadata))
    mapped = {name for name, (word, shape, _) in tensors.items()
              if TYPES[word][0] in FLOATS and len(shape) >= dims}
    run("quantize", "-q", "--force", "--min-dims", dims, *options, "m.safetensors", "-o",
        "q.safetensors", cwd=directory)
    copied = set(tensors) - mapped
    found = check_output(directory / "q.safetensors", tensors, copied)
    (directory / "p.safetensors").write_bytes((directory / "q.safetensors").read_bytes())
    check_listed(directory / "p.safetensors", found)  # which has no sidecar
    run("verify", "-q", "q.safetensors", cwd=directory)
    dtype = rng.choice(list(RESTORED))
    run("dequant", "-q", "--force", "--dtype", dtype, "q.safetensors", "-o", "r.safetensors",
        cwd=directory)
    restored = check_output(directory / "r.safetensors", tensors, copied)
    assert set(restored) == set(tensors), f"case {i}: other names are restored"
    word, size = RESTORED[dtype]
    for name in mapped:
        shape = tensors[name][1]
        assert restored[name][:2] == (word, shape), f"case {i}: {name!r}"
        assert len(restored[name][2]) == size * int(np.prod(shape)), f"case {i}: {name!r}"


# ---- Arrays of NumPy, by the package's own functions ----

def check_arrays(rng, directory, i):
    generator = np.random.default_rng(rng.randrange(1 << 32))
    kinds = ["<f4", "<f8", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "<u2", "<u4", "<u8", "|b1"]
    arrays = {"the.weight": generator.normal(size=(4, 6)).astype("<f4"), "0-d": np.array(3, "<f4"),
              "empty": np.zeros((0, 3), "<f4"),
              "\u91cd\u307f": generator.normal(size=(2, 3)).astype("<f2")}
    for _ in range(rng.randrange(12)):
        shape = tuple(rng.choice([0, 1, 2, 3, 7]) for _ in range(rng.randrange(4)))
        x = np.array(100 * generator.normal(size=shape))
        arrays[random_name(rng, MORE_NAMES)] = x.astype(rng.choice(kinds))
    save_file(arrays, directory / "a.safetensors", metadata=random_metadata(rng) or None)
    run("quantize", "-q", "--force", "a.safetensors", "-o", "q.safetensors", cwd=directory)
    run("dequant", "-q", "--force", "q.safetensors", "-o", "r.safetensors", cwd=directory)
    found, restored = load_file(directory / "q.safetensors"), load_file(directory / "r.safetensors")
    assert set(restored) == set(arrays), f"arrays {i}: other names"
    for name, x in arrays.items():
        if x.dtype.kind != "f" or x.ndim < 2:
            assert restored[name].tobytes() == x.tobytes(), f"{i}: {name!r}, restored"
            assert found[name].tobytes() == x.tobytes(), f"{i}: {name!r}, copied"
            continue
        q, scale = found[name], found[name + "_scale"]
        largest = np.abs(x.astype(np.float32)).max(initial=0)
        s = np.float32(np.float64(largest) / 127) if largest > 0 else np.float32(1)
        assert scale.tolist() == [s], f"{i}: the scale of {name!r}"
        expected = np.clip(np.rint(x.astype(np.float32) / s), -127, 127)
        assert np.array_equal(q, expected), f"{i}: {name!r}"
        assert np.array_equal(restored[name], q.astype(np.float32) * s), f"{i}: {name!r}, restored"


def main():
    if "--write" in sys.argv:
        HEADERS.write_bytes(b"".join(header + b"\n" for header in headers()))
        return
    seed = seed_from(sys.argv)
    check_headers()
    check_bad_files()
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        for i in range(FILES):
            check_file(rng, Path(directory), i)
        print(f"{FILES} random files: the package opens what quant writes, and writes the same bytes")
        for i in range(ARRAYS):
            check_arrays(rng, Path(directory), i)
    print(f"{ARRAYS} files of arrays: the package loads what quant writes, which is what NumPy computes")


if __name__ == "__main__":
    main()
