# SPDX-License-Identifier: MIT
"""The bad .gguf files, which make_bad.py writes.

To add a case, add one row: name, bytes, and a sentence. Most rows change one piece of a file with
one pair and two tensors.
"""

import struct

from bad_sidecars import Bad
from gguf_files import (ARRAY, BOOL, F32, Q4_0, STRING, UINT32, UINT64, array, entry, head, padded,
                        pair, text)

NAME = pair("general.architecture", STRING, "test")
ONE = entry("a.weight", (3, 2), F32, 0)
TWO = entry("b.weight", (2, 2), F32, 32)
DATA = padded(struct.pack("<6f", 5.47, 3.08, -7.59, 0, -1.95, -4.57)) + padded(
    struct.pack("<4f", 1, 2, 3, 4))


def file(pairs=(NAME,), entries=(ONE, TWO), data=DATA, alignment=32, **counts) -> bytes:
    start = head(counts.get("ntensors", len(entries)), counts.get("npairs", len(pairs)),
                 counts.get("version", 3), counts.get("magic", b"GGUF"))
    return padded(start + b"".join(pairs) + b"".join(entries), alignment) + data


def with_pair(content: bytes) -> bytes:
    return file((NAME, content))


def with_entry(content: bytes, data: bytes = DATA) -> bytes:
    return file(entries=(content, TWO), data=data)


def row(name: str, content: bytes, sentence: str) -> Bad:
    return Bad(name + ".gguf", content, sentence)


HEADS = [
    row("head_truncated", file()[:15], "The file ends inside the head."),
    row("version_1", file(version=1), "The version is 1, which no program reads any more."),
    row("version_4", file(version=4), "The version is 4, which is not known."),
    row("big_endian", b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "All numbers are big-endian."),
    row("pairs_count", file(npairs=2**63), "The head says that there are 2^63 pairs."),
    row("pairs_more", file(npairs=2), "There is one pair less than the head says."),
    row("tensors_count", file(ntensors=2**64 - 1), "The head says that there are 2^64 - 1 tensors."),
    row("tensors_more", file(ntensors=3)[:-64], "There is one tensor less than the head says."),
]

PAIRS = [
    row("key_empty", with_pair(pair("", UINT32, 1)), "A key has no bytes."),
    row("key_long", with_pair(pair("k" * 65536, UINT32, 1)), "A key is 65536 bytes long."),
    row("key_not_utf8", with_pair(pair(b"a\xff", UINT32, 1)), "A key is not UTF-8."),
    row("key_nul", with_pair(pair(b"a\0b", UINT32, 1)), "A key contains a NUL."),
    row("key_beyond_file", with_pair(text("k", 2**64 - 1)),
        "The length of a key is 2^64 - 1, which wraps around when anything is added."),
    row("key_doubled", with_pair(NAME), "Two pairs have the same key."),
    row("value_type", with_pair(text("k") + struct.pack("<II", 13, 0)),
        "A value has the type 13, which is not known."),
    row("string_beyond_file", with_pair(text("k") + struct.pack("<I", STRING) + text("v", 2**40)),
        "A string is said to be 2^40 bytes long: nobody should allocate that."),
    row("bool_2", with_pair(text("k") + struct.pack("<IB", BOOL, 2)), "A truth value is 2."),
    row("array_type", with_pair(array("k", UINT32, []).replace(
        struct.pack("<II", ARRAY, UINT32), struct.pack("<II", ARRAY, 77))),
        "An array has elements of the type 77."),
    row("array_of_arrays", with_pair(text("k") + struct.pack("<IIQ", ARRAY, ARRAY, 1)),
        "An array has arrays as elements, which no program reads."),
    row("array_beyond_file", with_pair(array("k", UINT64, [], 2**61)),
        "An array has 2^61 elements of 8 bytes, whose product wraps around to 0."),
    row("array_string_beyond", with_pair(array("k", STRING, [b"s"], 2) + struct.pack("<Q", 2**40)),
        "The second string of an array is longer than the file."),
    row("alignment_0", with_pair(pair("general.alignment", UINT32, 0)), "The alignment is 0."),
    row("alignment_24", with_pair(pair("general.alignment", UINT32, 24)),
        "The alignment is 24, not a power of two."),
    row("alignment_type", with_pair(pair("general.alignment", UINT64, 32)),
        "The alignment is a number of 64 bits."),
    row("alignment_large", with_pair(pair("general.alignment", UINT32, 2**31)),
        "The alignment is 2^31: writing the file again would take as many zeros."),
]

TENSORS = [
    row("name_empty", with_entry(entry("", (3, 2), F32, 0)), "A tensor has no name."),
    row("name_escape", with_entry(entry("a\x1b[31m\n", (3, 2), F32, 1)),
        "A name has an escape sequence and a newline, and its data are not aligned."),
    row("name_20000", with_entry(entry("n" * 20000, (3, 2), F32, 1)),
        "A name is 20,000 bytes long, and its data are not aligned."),
    row("name_not_utf8", with_entry(entry(b"a\xc0", (3, 2), F32, 0)), "A name is not UTF-8."),
    row("name_nul", with_entry(entry(b"a\0", (3, 2), F32, 0)), "A name contains a NUL."),
    row("name_doubled", with_entry(entry("b.weight", (3, 2), F32, 0)),
        "Two tensors have the same name."),
    row("dimensions_5", with_entry(entry("a.weight", (3, 2, 1, 1, 1), F32, 0)),
        "A tensor has five dimensions."),
    row("dimensions_count", with_entry(text("a.weight") + struct.pack("<I", 2**32 - 1)),
        "A tensor is said to have 2^32 - 1 dimensions."),
    row("shape_overflow", with_entry(entry("a.weight", (2**62, 4), F32, 0)),
        "A shape has 2^64 elements."),
    row("shape_overflow_empty", with_entry(entry("a.weight", (2**62, 4, 0), F32, 0)),
        "The same, and a dimension of 0."),
    row("type_unknown", with_entry(entry("a.weight", (3, 2), 99, 0)),
        "A tensor has the type 99, whose size nobody knows."),
    row("type_removed", with_entry(entry("a.weight", (3, 2), 4, 0)),
        "A tensor has the type 4, which is not used any more."),
    row("block_not_whole", with_entry(entry("a.weight", (3, 32), Q4_0, 0)),
        "Rows have 3 elements, and blocks 32."),
    row("entry_truncated", file()[:130], "The file ends inside the entry of a tensor."),
]

PLACES = [
    row("overlap", file(entries=(ONE, entry("b.weight", (2, 2), F32, 0))),
        "The second tensor begins where the first does."),
    row("hole", file(entries=(ONE, entry("b.weight", (2, 2), F32, 64)), data=DATA + bytes(32)),
        "There are 32 bytes between the tensors that no tensor has."),
    row("unaligned", file(entries=(ONE, entry("b.weight", (2, 2), F32, 24))),
        "The second tensor begins right after the first, not at a multiple of 32."),
    row("offset_largest", file(entries=(ONE, entry("b.weight", (2, 2), F32, 2**64 - 32))),
        "The second tensor begins 32 bytes before 2^64."),
    row("data_missing", file(data=b""), "The file ends after the header."),
    row("data_short", file(data=DATA[:47]), "The second tensor lacks a byte."),
    row("data_long", file(data=DATA + b"\0"), "A byte follows the last tensor and its zeros."),
]

GGUF = HEADS + PAIRS + TENSORS + PLACES
