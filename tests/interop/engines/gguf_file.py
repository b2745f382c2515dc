# SPDX-License-Identifier: MIT
"""The least GGUF file: one matrix, and the data of the one tensor of such a file."""
import struct

ALIGNMENT, STRING, UINT32, FLOAT32 = 32, 8, 4, 0
# The bytes that a value of each type of a pair has.
PAIR_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def text(word):
    return struct.pack("<Q", len(word)) + word.encode()


def of_matrix(name, one):
    """A file of float32, from an Input of that type."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
    head += text("general.architecture") + struct.pack("<I", STRING) + text("llama")
    head += text(name) + struct.pack("<IQQIQ", 2, one.columns, one.rows, FLOAT32, 0)
    return head + bytes(-len(head) % ALIGNMENT) + one.data()


def skip_pair(data, at):
    """Past a pair of the header; there are no arrays here."""
    at += 8 + struct.unpack_from("<Q", data, at)[0]
    kind, = struct.unpack_from("<I", data, at)
    at += 4
    if kind == STRING:
        return at + 8 + struct.unpack_from("<Q", data, at)[0]
    return at + PAIR_SIZES[kind]


def data_of(data):
    """What follows the header, without what pads the end."""
    magic, version, ntensors, npairs = struct.unpack_from("<4sIQQ", data)
    assert (magic, version, ntensors) == (b"GGUF", 3, 1), data[:24]
    at = 24
    for _ in range(npairs):
        at = skip_pair(data, at)
    at += 8 + struct.unpack_from("<Q", data, at)[0]
    ndims, = struct.unpack_from("<I", data, at)
    dims = struct.unpack_from(f"<{ndims}Q", data, at + 4)
    kind, offset = struct.unpack_from("<IQ", data, at + 4 + 8 * ndims)
    at += 16 + 8 * ndims
    begin = at + -at % ALIGNMENT + offset
    blocks = 1
    for dim in dims:
        blocks *= dim
    size = {0: 128, 2: 18, 3: 20, 6: 22, 7: 24, 8: 34}[kind] * (blocks // 32)
    return data[begin:begin + size]
