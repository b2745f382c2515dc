#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes containers/: small .safetensors, .npz and .gguf files for the tests of the command line.

    python3 data/make_containers.py

It needs only Python and writes the same bytes every time.
"""

import json
import struct
import zlib
from pathlib import Path

import gguf_files as gguf
from archives import DEFLATED, DESCRIPTOR, STORED, Member, archive, npy, zip64

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


# ---- Archives ----

DESCRS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "BOOL": "|b1"}


def arrays():
    """Those of model() whose types NumPy has; one is in Fortran order, one big-endian."""
    found = [(name, npy(f"'{DESCRS[dtype]}'", str(tuple(shape)), pack(dtype, values)))
             for name, dtype, shape, values in model() if dtype in DESCRS]
    found.append(("fortran", npy("'<f4'", "(2, 3)", pack("F32", ramp(6)), "True")))
    found.append(("big", npy("'>f4'", "(2, 2)", struct.pack(">4f", *ramp(4)))))
    found.append(("text", npy("'<U2'", "(2,)", "abc\0".encode("utf-32-le"))))
    return found


def stored(name, content):
    return Member(name.encode() + b".npy", content)


def deflated(name, content):
    return Member(name.encode() + b".npy", content, DEFLATED)


def streamed(name, content):
    """As zipfile writes to a pipe: sizes and CRC follow the bytes."""
    numbers = (zlib.crc32(content), len(content), len(content))
    return Member(name.encode() + b".npy", content, STORED, DESCRIPTOR,
                  descriptor=struct.pack("<IIQQ", 0x08074B50, *numbers), local={"extra": zip64(0, 0)})


ARCHIVES = {
    "model": archive(*(stored(*array) for array in arrays())),
    "deflated": archive(*(deflated(*array) for array in arrays())),
    "streamed": archive(*(streamed(*array) for array in arrays())),
    "mixed": archive(*((stored, deflated)[i % 2](*array) for i, array in enumerate(arrays())),
                     comment=b"every second one is compressed", end_64={}),
    "paths": archive(stored("../up", npy()), stored("/etc/x", npy())),
    "none": archive(),
    "fortran": archive(stored("f", npy("'<f4'", "(2, 3)", order="True"))),
    "big": archive(stored("w", npy()), stored("b", npy("'>i4'", "(1,)", bytes(4)))),
}


# ---- GGUF ----

def wave(n, step, scale=1.0):
    """n values in no order, with ties at halves of their steps."""
    return [scale * ((i * step) % 257 - 128) / 64 for i in range(n)]


def halves(values):
    return struct.pack(f"<{len(values)}e", *values)


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


BERT = [gguf.pair("general.architecture", gguf.STRING, "bert"),
        gguf.pair("general.file_type", gguf.UINT32, 0),
        gguf.pair("general.name", gguf.STRING, "tiny"),
        gguf.pair("bert.block_count", gguf.UINT32, 2),
        gguf.pair("bert.attention.layer_norm_epsilon", gguf.FLOAT32, 1e-12),
        gguf.pair("tokenizer.ggml.add_bos_token", gguf.BOOL, True),
        gguf.pair("tokenizer.ggml.offset", gguf.INT32, -5),
        gguf.array("tokenizer.ggml.tokens", gguf.STRING, ["[PAD]", "gr\u00f6\u00dfe", ""]),
        gguf.array("tokenizer.ggml.scores", gguf.FLOAT32, [0.5, -1.5, 0])]

# Names as llama.cpp has them, in another order than it writes; dimensions innermost first.
MODEL = [("token_embd.weight", (64, 6), gguf.F16, halves(wave(384, 37))),
         ("blk.1.ffn_up.weight", (32, 8), gguf.F32, floats(wave(256, 101, 0.25))),
         ("blk.0.ffn_up.weight", (32, 8), gguf.F32, floats(wave(256, 89))),
         ("blk.0.ffn_up.bias", (33,), gguf.F32, floats(wave(33, 7))),
         ("blk.0.attn_output_norm.weight", (32,), gguf.F32, floats(wave(32, 5))),
         ("blk.0.attn_q.weight", (64, 4), gguf.BF16, pack("BF16", wave(256, 53))),
         ("position_embd.weight", (32, 3), gguf.F32, floats(wave(96, 11))),
         ("rope.ids", (3,), gguf.I32, struct.pack("<3i", 1, 2, 3))]

# One block of each: a scale of 0.5, then bytes that rise.
BLOCKS = [("q8.weight", (32, 1), gguf.Q8_0, b"\0\x38" + bytes(range(112, 144))),
          ("q4.weight", (32, 1), gguf.Q4_0, b"\0\x38" + bytes(range(0, 256, 16))),
          ("k.weight", (256,), gguf.Q4_K, bytes(144))]

MODELS = {
    "model": gguf.file(BERT, MODEL),
    "blocks": gguf.file(BERT[:2], BLOCKS),
    "aligned": gguf.file(BERT[:1] + [gguf.pair("general.alignment", gguf.UINT32, 64)], MODEL[3:0:-1], 64),
    "rows": gguf.file(BERT[:1], [("w.weight", (48, 2), gguf.F32, floats(wave(96, 11)))]),
    "large": gguf.file(BERT[:1], [("w.weight", (32, 2), gguf.F32, floats(wave(64, 11, 1e38)))]),
    "none": gguf.file(BERT[:1], []),
}


def main():
    directory = Path(__file__).resolve().parent / "containers"
    directory.mkdir(exist_ok=True)
    for name, (tensors, metadata) in FILES.items():
        write(directory / f"{name}.safetensors", tensors, metadata)
    for name, content in ARCHIVES.items():
        (directory / f"{name}.npz").write_bytes(content)
    for name, content in MODELS.items():
        (directory / f"{name}.gguf").write_bytes(content)


if __name__ == "__main__":
    main()
