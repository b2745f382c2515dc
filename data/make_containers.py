#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes containers/: small .safetensors files for the tests of the command line.

    python3 data/make_containers.py

It needs only Python and writes the same bytes every time.
"""

import json
import struct
from pathlib import Path

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I8": "b", "BOOL": "?"}


def ramp(n, low=-2.0, high=2.0):
    """n values that rise from low to high, in steps that are not equal."""
    return [low + (high - low) * (i / (n - 1)) ** 1.5 for i in range(n)]


def pack(dtype, values):
    if dtype == "BF16":  # the upper half of a float32; the values here need no rounding
        return b"".join(struct.pack("<f", value)[2:] for value in values)
    return struct.pack(f"<{len(values)}{CODES[dtype]}", *values)


def write(path, tensors, metadata=None):
    """tensors: (name, type, shape, values), in the order of their bytes."""
    header = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, dtype, shape, values in tensors:
        packed = pack(dtype, values)
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def model():
    """All types that are mapped, one of one dimension, and types that are copied."""
    return [("embed.weight", "F64", [2, 4], ramp(8)),
            ("ids", "I64", [3], [1, 2, 3]),
            ("layer.0.bias", "F32", [4], ramp(4)),
            ("layer.0.weight", "F32", [4, 8], ramp(32)),
            ("layer.1.weight", "F16", [3, 4], ramp(12, -1, 3)),
            ("layer.2.weight", "BF16", [2, 2], [0.5, -1.5, 2, -0.25]),
            ("mask", "BOOL", [3], [True, False, True])]


def with_nan():
    values = ramp(6)
    values[4] = float("nan")
    return [("bad", "F32", [2, 3], values), ("good", "F32", [2, 3], ramp(6))]


FILES = {
    "model": (model(), {"format": "pt"}),
    "nan": (with_nan(), None),
    "narrow": ([(f"w{i}", "F32", [2, 3], ramp(6, 5, 10)) for i in range(3)], None),
    "names": ([("new\nline", "F32", [2, 2], ramp(4)), ("red\x1b[31m", "F32", [2, 2], ramp(4)),
               ("../../weight", "F32", [2, 2], ramp(4)), ("größe", "F32", [2, 2], ramp(4))], None),
    "integers": ([("ids", "I64", [3], [1, 2, 3])], None),
    "biases": ([("bias", "F32", [4], ramp(4))], None),
    "quantized": ([("w", "I8", [2, 2], [1, -2, 3, 127]), ("w_scale", "F32", [1], [0.5])], None),
    "taken": ([("w", "F32", [2, 2], ramp(4)), ("w_scale", "F32", [1], [0.5])], None),
}


def main():
    directory = Path(__file__).resolve().parent / "containers"
    directory.mkdir(exist_ok=True)
    for name, (tensors, metadata) in FILES.items():
        write(directory / f"{name}.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
