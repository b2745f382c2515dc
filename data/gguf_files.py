# SPDX-License-Identifier: MIT
"""GGUF files piece by piece, so that each piece can be wrong. Bad ones and sample ones are made of
these."""

import struct

# Numbers of the types of values and of tensors.
UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64, INT64, FLOAT64 = range(13)
F32, F16, Q4_0, Q8_0, Q4_K, I32, BF16 = 0, 1, 2, 8, 12, 26, 30

CODES = {UINT8: "B", INT8: "b", UINT16: "H", INT16: "h", UINT32: "I", INT32: "i", FLOAT32: "f",
         BOOL: "?", UINT64: "Q", INT64: "q", FLOAT64: "d"}


def text(value: str | bytes, length: int | None = None) -> bytes:
    packed = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(packed) if length is None else length) + packed


def value(kind: int, content) -> bytes:
    return text(content) if kind == STRING else struct.pack("<" + CODES[kind], content)


def pair(key: str | bytes, kind: int, content) -> bytes:
    return text(key) + struct.pack("<I", kind) + value(kind, content)


def array(key: str, kind: int, contents, count: int | None = None) -> bytes:
    head = struct.pack("<IIQ", ARRAY, kind, len(contents) if count is None else count)
    return text(key) + head + b"".join(value(kind, content) for content in contents)


def entry(name: str | bytes, dims, kind: int, offset: int) -> bytes:
    """dims: innermost first, as in the file."""
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


def head(ntensors: int, npairs: int, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, ntensors, npairs)


def padded(content: bytes, alignment: int = 32) -> bytes:
    return content + bytes(-len(content) % alignment)


def file(pairs: list[bytes], tensors: list[tuple], alignment: int = 32) -> bytes:
    """tensors: name, dims innermost first, type and bytes, in the order of the file."""
    entries, data = b"", b""
    for name, dims, kind, content in tensors:
        entries += entry(name, dims, kind, len(data))
        data += padded(content, alignment)
    return padded(head(len(tensors), len(pairs)) + b"".join(pairs) + entries, alignment) + data
