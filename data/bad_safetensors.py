# SPDX-License-Identifier: MIT
"""The bad .safetensors files, which make_bad.py writes.

To add a case, add one row: name, bytes, and a sentence. Most rows change one place of GOOD.
"""

import struct

from bad_sidecars import Bad

FLOATS = struct.pack("<6f", 5.47, 3.08, -7.59, 0, -1.95, -4.57)
ENTRY = '{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}'
GOOD = '{"a":' + ENTRY + "}"


def file(header: str | bytes, data: bytes = FLOATS, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def changed(old: str, new: str, data: bytes = FLOATS) -> bytes:
    """The good file with one place of its header changed."""
    assert GOOD.count(old) == 1, old
    return file(GOOD.replace(old, new), data)


def two(first: str, second: str, data: bytes = FLOATS * 2) -> bytes:
    """Two tensors, a and b, with these data_offsets; 24 bytes each."""
    entry = '"%s":{"dtype":"F32","shape":[3,2],"data_offsets":%s}'
    return file("{" + entry % ("a", first) + "," + entry % ("b", second) + "}", data)


def row(name: str, content: bytes, sentence: str) -> Bad:
    return Bad(name + ".safetensors", content, sentence)


SHAPE, OFFSETS, DTYPE = '"shape":[3,2]', '"data_offsets":[0,24]', '"dtype":"F32"'
METADATA = '{"__metadata__":%s,"a":' + ENTRY + "}"
DEEP = 1000

LENGTHS = [
    row("empty", b"", "The file has no bytes at all."),
    row("length_truncated", file(GOOD)[:5], "The file ends inside the header's length."),
    row("length_zero", file("", b""), "The header's length is 0."),
    row("length_above_limit", file(GOOD, length=100_000_001),
        "The header's length is 100000001, one more than the format allows."),
    row("length_largest", file(GOOD, length=2**64 - 1),
        "The header's length is 2^64 - 1, which wraps around when 8 is added."),
    row("length_beyond_file", file(GOOD, length=99_999_999),
        "The header's length is 99999999, far beyond the end of the file: nobody should allocate "
        "that."),
    row("length_one_short", file(GOOD, length=len(GOOD) - 1),
        "The header's length leaves out the closing brace."),
    row("header_truncated", file(GOOD)[:40], "The file ends inside the header."),
]

TEXTS = [
    row("header_array", file("[]", b""), "The header is an array, not an object."),
    row("header_space_first", file(" " + GOOD), "The header begins with a space."),
    row("header_byte_order_mark", file(b"\xef\xbb\xbf" + GOOD.encode()),
        "The header begins with a UTF-8 byte order mark."),
    row("header_unclosed", file(GOOD[:-1]), "The header's object is not closed."),
    row("header_text_after", file(GOOD + " {}"), "A second object follows the header's."),
    row("header_nul_after", file(GOOD + "\0\0\0\0"),
        "The header is padded with NUL bytes instead of spaces."),
    row("header_comma_trailing", file(GOOD[:-1] + ",}"), "A comma stands before the last brace."),
    row("header_deep", file('{"a":' + "[" * DEEP + "]" * DEEP + "}"),
        "The header nests 1000 arrays where a tensor should be."),
    row("name_missing", file("{:" + ENTRY + "}"), "A tensor has no name."),
    row("name_number", file("{1:" + ENTRY + "}"), "A name is a number."),
    row("name_not_utf8", file(GOOD.encode().replace(b'"a"', b'"\xff"')),
        "A name is not UTF-8: it has the byte 0xff."),
    row("name_cut_utf8", file(GOOD.encode().replace(b'"a"', b'"\xe2\x82"')),
        "A name is not UTF-8: it ends inside a character."),
    row("name_surrogate_half", file(GOOD.replace('"a"', '"\\ud83d"')),
        "A name has one half of a surrogate pair."),
    row("name_nul", file(GOOD.replace('"a"', '"a\\u0000b"')),
        "A name has U+0000 in it, which no C program can keep apart from its end."),
    row("name_newline", file(GOOD.replace('"a"', '"a\nb"')),
        "A name has a newline that is not escaped."),
    row("name_escape", file(GOOD.replace('"a"', '"a\\u001b[31m\\n"').replace("[0,24]", "[4,28]")),
        "A name has an escape sequence and a newline, and its data leave a hole."),
    row("name_20000", file(GOOD.replace('"a"', '"' + "n" * 20000 + '"').replace("[0,24]", "[4,28]")),
        "A name is 20,000 bytes long, and its data leave a hole."),
    row("name_doubled", two("[0,24]", "[24,48]").replace(b'"b"', b'"a"'),
        "Two tensors are called `a`."),
    row("name_doubled_escaped",
        file('{"a":' + ENTRY + ',"\\u0061":' + ENTRY.replace("[0,24]", "[24,48]") + "}",
             FLOATS * 2),
        "Two tensors are called `a`, one of them by an escape."),
]

ENTRIES = [
    row("entry_array", file('{"a":["F32",[3,2],[0,24]]}'), "An entry is an array."),
    row("entry_null", file('{"a":null}'), "An entry is null."),
    row("entry_empty", file('{"a":{}}'), "An entry is an empty object."),
    row("entry_key_unknown", changed(DTYPE, DTYPE + ',"strides":[2,1]'),
        "An entry has a fourth key, `strides`."),
    row("dtype_missing", changed(DTYPE + ",", ""), "An entry has no `dtype`."),
    row("dtype_doubled", changed(SHAPE, SHAPE + "," + DTYPE), "`dtype` occurs twice."),
    row("dtype_unknown", changed("F32", "F33"), "The dtype is `F33`."),
    row("dtype_lower_case", changed("F32", "f32"), "The dtype is `f32`, in lower case."),
    row("dtype_number", changed('"F32"', "32"), "The dtype is a number."),
    row("dtype_escape_sequence", changed("F32", "\\u001b[31mF32"),
        "The dtype holds a terminal escape sequence, which no message may pass on."),
    row("shape_missing", changed(SHAPE + ",", ""), "An entry has no `shape`."),
    row("shape_doubled", changed(DTYPE, DTYPE + "," + SHAPE), "`shape` occurs twice."),
    row("shape_number", changed("[3,2]", "6"), "The shape is a number, not an array."),
    row("shape_negative", changed("[3,2]", "[-3,-2]"),
        "The dimensions are negative, though their product is right."),
    row("shape_fraction", changed("[3,2]", "[3.0,2]"), "A dimension is 3.0."),
    row("shape_exponent", changed("[3,2]", "[3e0,2]"), "A dimension is 3e0."),
    row("shape_leading_zero", changed("[3,2]", "[03,2]"), "A dimension is 03."),
    row("shape_negative_zero", changed("[3,2]", "[-0,2]", b"").replace(b"[0,24]", b"[0,0] "),
        "A dimension is -0."),
    row("shape_string", changed("[3,2]", '["3",2]'), "A dimension is a string."),
    row("shape_nested", changed("[3,2]", "[[3,2]]"), "The shape is an array in an array."),
    row("shape_comma_trailing", changed("[3,2]", "[3,2,]"), "The shape ends in a comma."),
    row("shape_dimension_overflow", changed("[3,2]", "[18446744073709551622]"),
        "The dimension is 2^64 + 6, which would wrap around to the right 6."),
    row("shape_product_overflow", changed("[3,2]", "[4294967296,4294967296]"),
        "The dimensions multiply to 2^64 elements, which would wrap around to 0."),
    row("shape_bytes_overflow", changed("[3,2]", "[4611686018427387910]"),
        "2^62 + 6 elements fit 64 bits, their bytes would wrap around to the right 24."),
    row("shape_empty_overflow",
        changed("[3,2]", "[9223372036854775808,9223372036854775808,0]", b"")
        .replace(b"[0,24]", b"[0,0] "),
        "A dimension is 0, but the others multiply to 2^126."),
    row("dimensions_65", changed("[3,2]", "[" + "1," * 63 + "3,2]"),
        "The shape has 65 dimensions."),
    row("bits_not_whole", changed('"F32"', '"F4" ').replace(b"[3,2]", b"[3,5]"),
        "15 elements of 4 bits do not fill whole bytes."),
    row("data_offsets_missing", changed("," + OFFSETS, ""), "An entry has no `data_offsets`."),
    row("data_offsets_doubled", changed(DTYPE, DTYPE + "," + OFFSETS),
        "`data_offsets` occurs twice."),
    row("data_offsets_one", changed("[0,24]", "[24]"), "`data_offsets` has one number."),
    row("data_offsets_three", changed("[0,24]", "[0,24,24]"), "`data_offsets` has three numbers."),
    row("data_offsets_negative", changed("[0,24]", "[-24,0]"), "An offset is negative."),
    row("data_offsets_reversed", changed("[0,24]", "[24,0]"), "The range ends before it begins."),
    row("data_offsets_largest", changed("[0,24]", "[18446744073709551592,18446744073709551615]"),
        "The range ends at 2^64 - 1."),
    row("data_offsets_short", changed("[0,24]", "[0,20]", FLOATS[:20]),
        "The shape asks for 24 bytes, the range has 20."),
    row("data_offsets_long", changed("[0,24]", "[0,28]", FLOATS + FLOATS[:4]),
        "The shape asks for 24 bytes, the range has 28."),
]

RANGES = [
    row("hole_first", changed("[0,24]", "[4,28]", FLOATS + FLOATS[:4]),
        "The first range begins at byte 4."),
    row("hole_between", two("[0,24]", "[28,52]", FLOATS * 2 + FLOATS[:4]),
        "Four bytes between two ranges belong to no tensor."),
    row("overlap", two("[0,24]", "[20,44]", FLOATS * 2), "Two ranges share four bytes."),
    row("overlap_whole", two("[0,24]", "[0,24]", FLOATS), "Two tensors have the same bytes."),
    row("data_missing", file(GOOD, b""), "The file ends after the header."),
    row("data_short", file(GOOD, FLOATS[:-1]), "The last byte is missing."),
    row("data_long", file(GOOD, FLOATS + b"\0"), "One byte follows the last tensor."),
    row("data_without_tensors", file("{}", FLOATS), "There is data, but no tensor."),
]

METADATAS = [
    row("metadata_array", file(METADATA % '["format","pt"]'), "`__metadata__` is an array."),
    row("metadata_null", file(METADATA % "null"), "`__metadata__` is null."),
    row("metadata_tensor", file('{"__metadata__":' + ENTRY + "}"),
        "A tensor is called `__metadata__`."),
    row("metadata_number", file(METADATA % '{"step":1000}'), "A value of the metadata is a number."),
    row("metadata_nested", file(METADATA % '{"config":{"bits":"8"}}'),
        "A value of the metadata is an object."),
    row("metadata_doubled", file((METADATA % "{}").replace("{}", '{},"__metadata__":{}')),
        "`__metadata__` occurs twice."),
    row("metadata_key_doubled", file(METADATA % '{"format":"pt","step":"1","format":"np"}'),
        "A key of the metadata occurs twice."),
    row("metadata_not_utf8", file((METADATA % '{"a":"?"}').encode().replace(b"?", b"\xc3")),
        "A value of the metadata is not UTF-8."),
]

SAFETENSORS = LENGTHS + TEXTS + ENTRIES + RANGES + METADATAS
