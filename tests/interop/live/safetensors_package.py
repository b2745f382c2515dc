#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python package `safetensors`, the reference implementation, beside quant.

    safetensors_package.py [SEED]
    safetensors_package.py --write

Holds the headers in tests/formats/safetensors_headers.txt, which tests/formats/test_safetensors_layout.c
lays out again, against those that the package writes of the same tensors. It also has the package
read every file in data/bad, and prints which of them it reads. Then, on random files that the package
has written: quant quantizes and restores them, the package opens what quant wrote, and writes the
very same bytes of what it found there.

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
except ImportError as missing:
    skip(f"{missing}: script/live installs what this needs")

HEADERS = ROOT / "tests" / "formats" / "safetensors_headers.txt"
BAD = ROOT / "data" / "bad"
CASES, FILES = 64, 40

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


def random_name(rng):
    pattern = rng.choice(NAMES)
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


def random_tensors(rng, most, words):
    tensors = {}
    for _ in range(rng.randrange(most + 1)):
        word = rng.choice(words)
        shape = [rng.choice([1, 1, 2, 3, 4, 5, 8, 0 if rng.random() < 0.3 else 7])
                 for _ in range(rng.choice([0, 1, 1, 2, 2, 2, 3, 4]))]
        if word == "float4_e2m1fn_x2":
            shape = [*shape, 2]
        tensors[random_name(rng)] = (word, shape, random_data(rng, word, shape))
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


def check_file(rng, directory, i):
    tensors = {name: entry for name, entry in random_tensors(rng, 20, list(TYPES)).items()}
    tensors["the.weight"] = ("float32", [3, 2], random_data(rng, "float32", [3, 2]))
    metadata = random_metadata(rng)
    (directory / "m.safetensors").write_bytes(write(tensors, metadata))
    mapped = {name for name, (word, shape, _) in tensors.items()
              if TYPES[word][0] in FLOATS and len(shape) >= 2}
    options = rng.choice([[], ["-s", "zero-point"], ["-t", "int4"], ["-t", "uint8"], ["-t", "f8e5m2"],
                          ["-t", "f16"], ["--axis", "0"], ["-s", "zero-point", "--axis", "1"],
                          ["--block-size", "2"]])
    run("quantize", "-q", "--force", *options, "m.safetensors", "-o", "q.safetensors", cwd=directory)
    copied = set(tensors) - mapped
    check_output(directory / "q.safetensors", tensors, copied)
    run("dequant", "-q", "--force", "q.safetensors", "-o", "r.safetensors", cwd=directory)
    restored = check_output(directory / "r.safetensors", tensors, copied)
    assert set(restored) == set(tensors), f"case {i}: other names are restored"
    for name in mapped:
        assert restored[name][:2] == ("float32", tensors[name][1]), f"case {i}: {name!r}"


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


if __name__ == "__main__":
    main()
