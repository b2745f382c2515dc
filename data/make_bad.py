#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the bad inputs of bad/, those of bad/sidecar/ and bad/calibration/, and the bad/README.md
that lists them all.

    python3 data/make_bad.py

It needs the standard library and `xxhsum` (Debian's xxhash), and writes the same bytes every time.
To add a case, add one row below: name, bytes, sentence, and the command's options if it needs any.
"""

import struct
import subprocess
from pathlib import Path
from typing import NamedTuple


class Bad(NamedTuple):
    name: str
    content: bytes
    sentence: str
    options: str = ""


class Change(NamedTuple):
    """A JSON file that differs from the good one in one place: `old` has become `new`."""

    name: str
    old: str
    new: str
    sentence: str


SEVEN_FLOATS = struct.pack("<7f", 5.47, 3.08, -7.59, 0, -1.95, -4.57, 10.8)
NAN, INFINITY = float("nan"), float("inf")


MAGIC = b"\x93NUMPY"
ALIGNMENT = 64
PREFIX = len(MAGIC) + 2 + 2


def npy_head(header: bytes, version: tuple[int, int] = (1, 0)) -> bytes:
    return MAGIC + bytes(version) + struct.pack("<H", len(header)) + header


def npy(header: str, data: bytes = SEVEN_FLOATS, version: tuple[int, int] = (1, 0)) -> bytes:
    """The header is padded as NumPy does it: spaces and a newline, so that the data is aligned."""
    padding = -(PREFIX + len(header) + 1) % ALIGNMENT
    return npy_head((header + " " * padding + "\n").encode("latin-1"), version) + data


def npy_dict(descr: str = "'<f4'", order: str = "False", shape: str = "(7,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


GOOD_NPY = npy(npy_dict())

NPY = [
    Bad("empty.npy", b"", "The file has no bytes at all."),
    Bad("magic_wrong.npy", b"\x93NUMPZ" + GOOD_NPY[6:], "The magic ends in Z instead of Y."),
    Bad("magic_truncated.npy", GOOD_NPY[:4], "The file ends inside the magic."),
    Bad("version_truncated.npy", GOOD_NPY[:7], "The file ends inside the version."),
    Bad("version_unknown.npy", npy(npy_dict(), version=(9, 0)), "The version is 9.0."),
    Bad("header_length_truncated.npy", GOOD_NPY[:9], "The file ends inside the header's length."),
    Bad("header_truncated.npy", GOOD_NPY[:40], "The file ends inside the header."),
    Bad("header_length_beyond_file.npy", GOOD_NPY[:8] + b"\xff\xff" + GOOD_NPY[10:],
        "The header's length is 65535, far beyond the end of the file."),
    Bad("header_length_4gib.npy",
        MAGIC + bytes((2, 0)) + b"\xff\xff\xff\xff" + GOOD_NPY[10:],
        "Version 2.0 with a header length of 4294967295: nobody should allocate that."),
    Bad("header_empty.npy", npy_head(b"") + SEVEN_FLOATS, "The header's length is 0."),
    Bad("header_not_dict.npy", npy("['<f4', False, (7,)]"), "The header is a list, not a dict."),
    Bad("header_unclosed.npy", npy(npy_dict().rstrip("} ")), "The header has no closing brace."),
    Bad("header_string_unclosed.npy", npy(npy_dict(descr="'<f4")),
        "The string of `descr` lacks its closing quote."),
    Bad("header_garbage_after.npy", npy(npy_dict() + " garbage"), "Text follows the dict."),
    Bad("header_nul_after.npy", npy(npy_dict() + "\0\0\0\0"), "NUL bytes follow the dict."),
    Bad("shape_missing.npy", npy("{'descr': '<f4', 'fortran_order': False, }"),
        "The header has no `shape`."),
    Bad("descr_missing.npy", npy("{'fortran_order': False, 'shape': (7,), }"),
        "The header has no `descr`."),
    Bad("fortran_order_missing.npy", npy("{'descr': '<f4', 'shape': (7,), }"),
        "The header has no `fortran_order`."),
    Bad("key_doubled.npy", npy(npy_dict()[:-1] + "'shape': (7,), }"), "`shape` occurs twice."),
    Bad("key_unknown.npy", npy(npy_dict()[:-1] + "'colour': 'blue', }"),
        "The header has a fourth key, `colour`, which the format does not allow."),
    Bad("fortran_order_number.npy", npy(npy_dict(order="1")),
        "`fortran_order` is 1, not True or False."),
    Bad("shape_negative.npy", npy(npy_dict(shape="(-7,)")), "The dimension is -7."),
    Bad("shape_number.npy", npy(npy_dict(shape="7")), "The shape is a number, not a tuple."),
    Bad("shape_parenthesized.npy", npy(npy_dict(shape="(7)")),
        "The shape is (7), which without its comma is a number and not a tuple."),
    Bad("shape_list.npy", npy(npy_dict(shape="[7]")), "The shape is a list, not a tuple."),
    Bad("shape_fraction.npy", npy(npy_dict(shape="(7.0,)")), "The dimension is 7.0."),
    Bad("shape_dimension_overflow.npy", npy(npy_dict(shape="(18446744073709551623,)")),
        "The dimension is 2^64 + 7, which would wrap around to the right 7."),
    Bad("shape_product_overflow.npy", npy(npy_dict(shape="(4294967296, 4294967296)")),
        "The dimensions multiply to 2^64 elements."),
    Bad("shape_bytes_overflow.npy", npy(npy_dict(shape="(4611686018427387904,)")),
        "2^62 elements fit 64 bits, their 2^64 bytes do not."),
    Bad("dimensions_65.npy", npy(npy_dict(shape=f"({'1, ' * 65})"), SEVEN_FLOATS[:4]),
        "The shape has 65 dimensions."),
    Bad("dtype_complex.npy", npy(npy_dict("'<c8'"), SEVEN_FLOATS * 2),
        "The dtype is `<c8`: the numbers are complex."),
    Bad("dtype_int32.npy", npy(npy_dict("'<i4'")), "The dtype is `<i4`: no floats."),
    Bad("dtype_object.npy", npy(npy_dict("'|O'")), "The dtype is object: the data is a pickle."),
    Bad("dtype_structured.npy", npy(npy_dict("[('a', '<f4'), ('b', '<f4')]"), SEVEN_FLOATS * 2),
        "The dtype is structured: a list of two fields."),
    Bad("dtype_number.npy", npy(npy_dict("4")), "The dtype is a number, not a string."),
    Bad("dtype_size_unknown.npy", npy(npy_dict("'<f3'"), SEVEN_FLOATS[:21]),
        "The dtype is `<f3`, a float of three bytes."),
    Bad("data_missing.npy", npy(npy_dict(), b""), "The file ends after the header."),
    Bad("data_short.npy", npy(npy_dict(), SEVEN_FLOATS[:-4]),
        "The shape asks for 7 elements, the data has 6."),
    Bad("data_short_by_a_byte.npy", npy(npy_dict(), SEVEN_FLOATS[:-1]),
        "The data ends inside its last element."),
    Bad("data_long.npy", npy(npy_dict(), SEVEN_FLOATS + SEVEN_FLOATS[:4]),
        "The shape asks for 7 elements, the data has 8."),
    Bad("nan.npy", npy(npy_dict(shape="(2, 3)"), struct.pack("<6f", 1, 2, 3, 4, NAN, 6)),
        "Well formed, but element 4, at [1, 1], is NaN."),
    Bad("infinity.npy",
        npy(npy_dict(shape="(2, 3)"), struct.pack("<6f", 1, 2, INFINITY, 4, 5, -INFINITY)),
        "Well formed, but elements 2 and 5, at [0, 2] and [1, 2], are infinite."),
    Bad("beyond_float32.npy", npy(npy_dict("'<f8'", shape="(2,)"), struct.pack("<2d", 1, 1e39)),
        "Well formed float64, but element 1, 1e39, becomes infinite as float32."),
]


DEEP = 65

JSON = [
    Bad("empty.json", b"", "The file has no bytes at all."),
    Bad("whitespace.json", b" \t\r\n", "The file has white space only."),
    Bad("nan.json", b"[1, NaN]\n", "NaN is no JSON number."),
    Bad("infinity.json", b"[1, Infinity]\n", "Infinity is no JSON number."),
    Bad("infinity_negative.json", b"[1, -Infinity]\n", "-Infinity is no JSON number."),
    Bad("leading_zero.json", b"[01]\n", "A number begins with a needless zero."),
    Bad("leading_plus.json", b"[+1]\n", "A number begins with a plus sign."),
    Bad("leading_point.json", b"[.5]\n", "A number has no digit before its point."),
    Bad("trailing_point.json", b"[1.]\n", "A number has no digit after its point."),
    Bad("exponent_empty.json", b"[1e]\n", "An exponent has no digits."),
    Bad("exponent_sign_only.json", b"[1e+]\n", "An exponent has a sign and no digits."),
    Bad("minus_only.json", b"[-]\n", "A minus sign stands alone."),
    Bad("minus_doubled.json", b"[--1]\n", "A number has two minus signs."),
    Bad("points_two.json", b"[1.2.3]\n", "A number has two points."),
    Bad("hexadecimal.json", b"[0x10]\n", "A number is written in hexadecimal."),
    Bad("comma_trailing.json", b"[1,]\n", "A comma stands before the closing bracket."),
    Bad("comma_first.json", b"[,1]\n", "A comma stands before the first element."),
    Bad("comma_doubled.json", b"[1,,2]\n", "Two commas stand between two elements."),
    Bad("comma_missing.json", b"[1 2]\n", "No comma stands between two elements."),
    Bad("text_after.json", b"[1, 2] x\n", "Text follows the array."),
    Bad("array_after.json", b"[1, 2]\n[3, 4]\n", "A second array follows the first."),
    Bad("bracket_after.json", b"[1, 2]]\n", "One bracket too many closes."),
    Bad("array_unclosed.json", b"[1, 2\n", "The array is not closed."),
    Bad("comma_at_end.json", b"[1,", "The file ends after a comma."),
    Bad("number_at_end.json", b"[1, 2.", "The file ends inside a number."),
    Bad("bracket_wrong.json", b"[1,2}\n", "A brace closes the array."),
    Bad("ragged.json", b"[[1,2],[3]]\n", "The second row has one element, the first has two."),
    Bad("ragged_longer.json", b"[[1],[2,3]]\n",
        "The second row has two elements, the first has one."),
    Bad("ragged_empty.json", b"[[],[1]]\n", "The second row has one element, the first has none."),
    Bad("number_then_array.json", b"[1,[2]]\n", "An array follows a number in the same array."),
    Bad("array_then_number.json", b"[[1],2]\n", "A number follows an array in the same array."),
    Bad("levels_65.json", b"[" * DEEP + b"1" + b"]" * DEEP + b"\n", "The arrays nest 65 deep."),
    Bad("beyond_float64.json", b"[1, 1e999]\n", "A number is beyond float64."),
    Bad("exponent_huge.json", b"[1, 1e99999999999]\n",
        "A number has an exponent that does not fit 32 bits."),
    Bad("beyond_float32.json", b"[1, 1e39]\n", "A number fits float64 and is beyond float32."),
    Bad("string.json", b'[1, "2"]\n', "An element is a string."),
    Bad("true.json", b"[1, true]\n", "An element is true."),
    Bad("null.json", b"[1, null]\n", "An element is null."),
    Bad("string_alone.json", b'"1"\n', "The document is a string."),
    Bad("object_in_array.json", b'[1, {"a": 2}]\n', "An element is an object."),
    Bad("object_empty.json", b"{}\n", "The object has neither `shape` nor `data`."),
    Bad("object_data_missing.json", b'{"shape": [2]}\n', "The object has no `data`."),
    Bad("object_shape_missing.json", b'{"data": [1, 2]}\n', "The object has no `shape`."),
    Bad("object_shape_larger.json", b'{"shape": [2, 2], "data": [1, 2, 3]}\n',
        "The shape asks for 4 elements, the data has 3."),
    Bad("object_shape_smaller.json", b'{"shape": [2], "data": [1, 2, 3]}\n',
        "The shape asks for 2 elements, the data has 3."),
    Bad("object_shape_fraction.json", b'{"shape": [1.5], "data": [1]}\n', "A dimension is 1.5."),
    Bad("object_shape_negative.json", b'{"shape": [-1, -2], "data": [1, 2]}\n',
        "The dimensions are negative, though their product is right."),
    Bad("object_shape_string.json", b'{"shape": "2", "data": [1, 2]}\n', "The shape is a string."),
    Bad("object_shape_overflow.json", b'{"shape": [4294967296, 4294967296], "data": []}\n',
        "The dimensions multiply to 2^64 elements, which would wrap around to 0."),
    Bad("object_key_doubled.json", b'{"shape": [1], "data": [1], "shape": [1]}\n',
        "`shape` occurs twice."),
    Bad("object_key_unknown.json", b'{"shape": [1], "data": [1], "colour": 3}\n',
        "The object has a third key, `colour`."),
    Bad("object_key_bare.json", b"{shape: [1], data: [1]}\n", "The keys have no quotes."),
    Bad("object_unclosed.json", b'{"shape": [1], "data": [1]\n', "The object is not closed."),
    Bad("object_string_unclosed.json", b'{"sha', "The file ends inside a key."),
    Bad("comment.json", b"[1, /* two */ 2]\n", "JSON has no comments."),
    Bad("byte_order_mark.json", b"\xef\xbb\xbf[1, 2]\n", "A UTF-8 byte order mark comes first."),
    Bad("utf16.json", "[1, 2]\n".encode("utf-16-le"), "The text is UTF-16."),
    Bad("nul_inside.json", b"[1, \x002]\n", "A NUL byte stands between the elements."),
    Bad("quotes_single.json", b"{'shape': [1], 'data': [1]}\n", "The keys have single quotes."),
    Bad("control_characters.json", b"[1, \x1b[31mred\x1b[0m]\n",
        "The text holds terminal escape sequences, which no message may pass on."),
]


RAW = [
    Bad("odd_size.bin", SEVEN_FLOATS[:-1], "27 bytes are no whole number of float32."),
    Bad("one_byte.bin", b"\0", "One byte is less than one float32."),
    Bad("shape_larger.bin", SEVEN_FLOATS, "7 elements do not fill the shape.", "--shape 2,4"),
    Bad("shape_smaller.bin", SEVEN_FLOATS, "7 elements are more than the shape.", "--shape 2,3"),
    Bad("odd_size_f64.bin", SEVEN_FLOATS, "28 bytes are no whole number of float64.",
        "--input-dtype f64"),
    Bad("odd_size_f16.bin", SEVEN_FLOATS[:-1], "27 bytes are no whole number of float16.",
        "--input-dtype f16"),
    Bad("nan.bin", struct.pack("<3f", 1, NAN, 3), "Element 1 is NaN."),
    Bad("infinity.bin", struct.pack("<3f", 1, 2, -INFINITY), "Element 2 is -infinity."),
    Bad("infinity_f16.bin", struct.pack("<3e", 1, INFINITY, 3), "Element 1 is infinite as float16.",
        "--input-dtype f16"),
    Bad("infinity_bf16.bin", struct.pack("<3H", 0x3F80, 0x7F80, 0x4040),
        "Element 1 is infinite as bfloat16.", "--input-dtype bf16"),
    Bad("infinity_big_endian.bin", struct.pack(">3f", 1, INFINITY, 3),
        "Element 1 is infinite when read as big-endian.", "--byte-order big"),
    Bad("beyond_float32_f64.bin", struct.pack("<2d", 1, 1e39),
        "Element 1, 1e39, becomes infinite as float32.", "--input-dtype f64"),
]


Q_NPY = npy(npy_dict("'|i1'"), struct.pack("7b", 64, 36, -89, 0, -23, -54, 127))

SCALE = '"scale": 0.0850393698'
DATA = ''',
  "data": {"path": "q.npy", "format": "npy", "bytes": 135, "xxh3_64": "%s"}'''
SIDECAR = '''{
  "format": "quant-sidecar", "version": 1, "tool": "quant 0.1.0",
  "scheme": "absmax", "dtype": "int8", "qmin": -127, "qmax": 127,
  ''' + SCALE + ''', "zero_point": 0,
  "axis": null, "block_size": null, "rounding": "half-even",
  "range": [-7.59000015, 10.8000002],
  "calibration": {"method": "minmax", "observed": [-7.59000015, 10.8000002]},
  "shape": [7], "order": "C",
  "source": {"path": "../../examples/x.npy", "format": "npy", "dtype": "float32"}''' + DATA + '''
}
'''


def xxh3_64(path: Path) -> str:
    run = subprocess.run(["xxhsum", "-H3", path], check=True, capture_output=True, text=True)
    return run.stdout.split()[-1]


def sidecar_changes(checksum: str) -> list[Change]:
    hashed = f'"xxh3_64": "{checksum}"'
    return [
        Change("format_wrong", '"quant-sidecar"', '"quant-car"', "`format` is another word."),
        Change("format_missing", '"format": "quant-sidecar", ', "", "`format` is missing."),
        Change("version_2", '"version": 1', '"version": 2', "`version` is 2."),
        Change("version_string", '"version": 1', '"version": "1"', "`version` is a string."),
        Change("version_missing", '"version": 1, ', "", "`version` is missing."),
        Change("scheme_unknown", '"absmax"', '"logarithmic"', "`scheme` is no known one."),
        Change("dtype_unknown", '"int8"', '"int7"', "`dtype` is no known one."),
        Change("dtype_differs", '"int8"', '"int16"', "`dtype` is int16, the data is int8."),
        Change("qmin_above_qmax", '"qmin": -127, "qmax": 127', '"qmin": 127, "qmax": -127',
               "`qmin` is above `qmax`."),
        Change("qmin_below_dtype", '"qmin": -127', '"qmin": -129', "`qmin` is no int8."),
        Change("qmax_above_dtype", '"qmax": 127', '"qmax": 128', "`qmax` is no int8."),
        Change("qmin_fraction", '"qmin": -127', '"qmin": -126.5', "`qmin` is no integer."),
        Change("qmin_missing", '"qmin": -127, ', "", "`qmin` is missing."),
        Change("scale_zero", SCALE, '"scale": 0', "`scale` is zero."),
        Change("scale_negative", SCALE, '"scale": -0.0850393698', "`scale` is negative."),
        Change("scale_infinite", SCALE, '"scale": 1e999', "`scale` is beyond float64."),
        Change("scale_beyond_float32", SCALE, '"scale": 1e39', "`scale` is beyond float32."),
        Change("scale_string", SCALE, '"scale": "0.0850393698"', "`scale` is a string."),
        Change("scale_null", SCALE, '"scale": null', "`scale` is null."),
        Change("scale_missing", SCALE + ", ", "", "`scale` is missing."),
        Change("scale_array", SCALE, '"scale": [0.0850393698]',
               "`scale` is an array, though `axis` and `block_size` are null."),
        Change("zero_point_fraction", '"zero_point": 0', '"zero_point": 1.5',
               "`zero_point` is no integer."),
        Change("zero_point_string", '"zero_point": 0', '"zero_point": "0"',
               "`zero_point` is a string."),
        Change("zero_point_beyond_int32", '"zero_point": 0', '"zero_point": 3000000000',
               "`zero_point` does not fit 32 bits."),
        Change("zero_point_null", '"zero_point": 0', '"zero_point": null', "`zero_point` is null."),
        Change("zero_point_missing", ', "zero_point": 0', "", "`zero_point` is missing."),
        Change("axis_with_one_scale", '"axis": null', '"axis": 0',
               "`axis` is 0 and `scale` is one number, not an array."),
        Change("axis_beyond_shape", '"axis": null', '"axis": 1', "`axis` is 1, the shape has one."),
        Change("block_size_zero", '"block_size": null', '"block_size": 0', "`block_size` is 0."),
        Change("rounding_unknown", '"half-even"', '"half-odd"', "`rounding` is no known one."),
        Change("argument_string", '"method": "minmax"', '"method": "sigma", "argument": "3"',
               "The calibration's `argument` is a string."),
        Change("argument_zero", '"method": "minmax"', '"method": "sigma", "argument": 0',
               "The calibration's `argument` is 0."),
        Change("argument_infinite", '"method": "minmax"', '"method": "sigma", "argument": 1e999',
               "The calibration's `argument` is beyond float64."),
        Change("argument_missing", '"method": "minmax"', '"method": "sigma"',
               "The calibration's `argument` is missing."),
        Change("argument_unasked", '"method": "minmax"', '"method": "minmax", "argument": 3',
               "The calibration has an `argument`, and a `method` that takes none."),
        Change("shape_larger", '"shape": [7]', '"shape": [8]', "The data has 7 elements, not 8."),
        Change("shape_smaller", '"shape": [7]', '"shape": [2, 3]',
               "The data has 7 elements, not 6."),
        Change("shape_negative", '"shape": [7]', '"shape": [-7]', "A dimension is negative."),
        Change("shape_fraction", '"shape": [7]', '"shape": [7.5]', "A dimension is no integer."),
        Change("shape_string", '"shape": [7]', '"shape": "7"', "`shape` is a string."),
        Change("shape_overflow", '"shape": [7]', '"shape": [4294967296, 4294967296, 7]',
               "The dimensions multiply to more than 64 bits hold."),
        Change("shape_missing", '"shape": [7], ', "", "`shape` is missing."),
        Change("order_unknown", '"order": "C"', '"order": "Z"', "`order` is neither C nor F."),
        Change("data_format_unknown", '"path": "q.npy", "format": "npy"',
               '"path": "q.npy", "format": "tar"', "`data` has a format that nobody knows."),
        Change("bytes_differ", '"bytes": 135', '"bytes": 136', "The data has 135 bytes, not 136."),
        Change("bytes_negative", '"bytes": 135', '"bytes": -135', "`bytes` is negative."),
        Change("checksum_differs", hashed, f'"xxh3_64": "{"0" * 16}"',
               "`xxh3_64` is well formed and not that of the data."),
        Change("checksum_not_hex", hashed, f'"xxh3_64": "{"z" * 16}"',
               "`xxh3_64` is no hexadecimal."),
        Change("checksum_short", hashed, f'"xxh3_64": "{checksum[:15]}"',
               "`xxh3_64` has 15 digits."),
        Change("data_missing", DATA % checksum, "", "The section `data` is missing."),
        Change("key_doubled", SCALE, f"{SCALE}, {SCALE}", "`scale` occurs twice."),
        Change("comma_missing", f"{SCALE}, ", f"{SCALE} ", "A comma is missing: it is not JSON."),
        Change("text_after", "\n}\n", "\n}\nx\n", "Text follows the object."),
    ]


def apply_change(good: str, change: Change) -> Bad:
    if good.count(change.old) != 1:
        raise ValueError(f"{change.name}: {change.old!r} occurs {good.count(change.old)} times")
    content = good.replace(change.old, change.new).encode("ascii")
    return Bad(f"{change.name}.json", content, change.sentence)


def bad_sidecars(good: str, checksum: str) -> list[Bad]:
    whole = [
        Bad("empty.json", b"", "The file has no bytes at all."),
        Bad("not_json.json", b"scale = 0.0850393698\n", "It is not JSON."),
        Bad("not_object.json", b"[1, 2]\n", "It is JSON, an array and not an object."),
        Bad("object_empty.json", b"{}\n", "The object has no keys."),
        Bad("truncated.json", good.encode("ascii")[:200], "The file ends inside the object."),
    ]
    return whole + [apply_change(good, change) for change in sidecar_changes(checksum)]


CALIBRATION = '''{
  "format": "quant-calibration", "version": 1, "tool": "quant 0.1.0",
  "stage": "partial", "method": "percentile", "argument": 100,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": null,
  "range": null, "observed": [-7.59000015, 10.8000002],
  "count": 7, "nonfinite": 0, "inputs": 1, "round": 3,
  "passes": [{
    "counts": [32768, 1, 49145, 1, 49221, 1, 49298, 1, 49327, 1, 49394, 1, 49452, 1],
    "maxima": [0, 0, 0, 0], "sums": []
  }],
  "part": {
    "inputs": 1, "count": 7,
    "counts": [52429, 1], "maxima": [0, 0, 0, 0], "sums": []
  },
  "ranges": null
}
'''

DEVIATIONS = '''{
  "format": "quant-calibration", "version": 1, "tool": "quant 0.1.0",
  "stage": "partial", "method": "sigma", "argument": 1,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": null,
  "range": null, "observed": [-7.59000015, 10.8000002],
  "count": 7, "nonfinite": 0, "inputs": 1, "round": 3,
  "passes": [{"counts": [], "maxima": [0, 0, 0, 0], "sums": [5.239999532699585]}],
  "part": {
    "inputs": 1, "count": 7,
    "counts": [], "maxima": [0, 0, 0, 0], "sums": [234.42029183973597]
  },
  "ranges": null
}
'''

AVERAGE = '''{
  "format": "quant-calibration", "version": 1, "tool": "quant 0.1.0",
  "stage": "partial", "method": "minmax", "argument": null,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": 0.25,
  "range": null, "observed": [-7.59000015, 256.000000],
  "count": 14, "nonfinite": 0, "inputs": 2, "round": 1,
  "passes": [], "part": null,
  "ranges": [[-7.590000152587891, 10.800000190734863], [-0.5899999737739563, 256]]
}
'''

OBSERVED = '"observed": [-7.59000015, 10.8000002]'
PART = CALIBRATION[CALIBRATION.index('"part"'):CALIBRATION.index(',\n  "ranges"')]

CALIBRATION_CHANGES = [
    Change("format_wrong", '"quant-calibration"', '"quant-sidecar"', "`format` is a sidecar's."),
    Change("format_missing", '"format": "quant-calibration", ', "", "`format` is missing."),
    Change("version_2", '"version": 1', '"version": 2', "`version` is 2."),
    Change("version_missing", '"version": 1, ', "", "`version` is missing."),
    Change("stage_unknown", '"partial"', '"half"', "`stage` is no known one."),
    Change("stage_complete", '"partial"', '"complete"', "`stage` is complete, without a range."),
    Change("stage_next", '"partial"', '"next"', "`stage` is next, with a part."),
    Change("method_unknown", '"percentile"', '"median"', "`method` is no known one."),
    Change("method_auto", '"percentile"', '"auto"', "`method` is the one that has no passes."),
    Change("argument_unasked", '"percentile"', '"entropy"', "The method takes no argument."),
    Change("argument_null", '"argument": 100', '"argument": null', "The method has an argument."),
    Change("argument_beyond", '"argument": 100', '"argument": 101', "`argument` is above 100."),
    Change("argument_string", '"argument": 100', '"argument": "100"', "`argument` is a string."),
    Change("scheme_unknown", '"absmax"', '"logarithmic"', "`scheme` is no known one."),
    Change("dtype_unknown", '"int8"', '"int7"', "`dtype` is no known one."),
    Change("dtype_unscaled", '"int8"', '"float16"', "`dtype` has no range."),
    Change("method_other", '"percentile", "argument": 100', '"octav", "argument": null',
           "The pass is not this method's."),
    Change("qmin_beyond_dtype", '"qmin": null', '"qmin": -129', "`qmin` is no int8."),
    Change("qmin_is_qmax", '"qmin": null', '"qmin": 127', "`qmin` is as great as `qmax`."),
    Change("qmax_fraction", '"qmax": null', '"qmax": 1.5', "`qmax` is no integer."),
    Change("include_zero_number", '"include_zero": false', '"include_zero": 0',
           "`include_zero` is a number."),
    Change("rounding_unknown", '"half-even"', '"half-odd"', "`rounding` is no known one."),
    Change("ema_without_ranges", '"ema": null', '"ema": 0.5', "`ema` is a number, `ranges` null."),
    Change("range_before_the_end", '"range": null', '"range": [-1, 1]',
           "There is a range, and more rounds to come."),
    Change("observed_null", OBSERVED, '"observed": null', "Nothing was observed, of 7 elements."),
    Change("observed_falling", OBSERVED, '"observed": [1, -1]', "The least is above the greatest."),
    Change("observed_nan", OBSERVED, '"observed": [NaN, 1]', "NaN is no JSON."),
    Change("observed_infinite", OBSERVED, '"observed": [0, 1e999]', "A number is beyond float64."),
    Change("observed_beyond_float32", OBSERVED, '"observed": [0, 1e39]',
           "A number is beyond float32."),
    Change("count_negative", '"count": 7, "non', '"count": -7, "non', "`count` is negative."),
    Change("count_fraction", '"count": 7, "non', '"count": 7.5, "non', "`count` is no integer."),
    Change("count_beyond_2_53", '"count": 7, "non', '"count": 9007199254740994, "non',
           "`count` is beyond what doubles hold exactly."),
    Change("count_string", '"count": 7, "non', '"count": "7", "non', "`count` is a string."),
    Change("nonfinite_above_count", '"nonfinite": 0', '"nonfinite": 8',
           "8 of 7 elements are not finite."),
    Change("inputs_zero", '"inputs": 1, "round"', '"inputs": 0, "round"', "There are no inputs."),
    Change("round_wrong", '"round": 3', '"round": 2', "One pass, so this is not round 2."),
    Change("round_missing", ', "round": 3', "", "`round` is missing."),
    Change("passes_number", '"passes": [{', '"passes": [5, {', "A pass is a number."),
    Change("pass_count_more", "49452, 1]", "49452, 2]", "A pass has one element more."),
    Change("pass_count_missing", ", 49452, 1]", "]", "A pass has one element less."),
    Change("pass_index_beyond", "49452, 1]", "65536, 1]", "A pass has a bin that there is not."),
    Change("counts_odd", '"counts": [52429, 1]', '"counts": [52429, 1, 7]', "An index has no count."),
    Change("counts_falling", '"counts": [52429, 1]', '"counts": [52429, 1, 1, 1]', "An index falls."),
    Change("counts_zero", '"counts": [52429, 1]', '"counts": [52429, 0]', "A count is 0."),
    Change("counts_negative", '"counts": [52429, 1]', '"counts": [52429, -1]', "A count is negative."),
    Change("counts_fraction", '"counts": [52429, 1]', '"counts": [52429, 1.5]', "A count is no integer."),
    Change("counts_nan", '"counts": [52429, 1]', '"counts": [52429, nan]', "NaN is no JSON."),
    Change("counts_above_pass", '"counts": [52429, 1]', '"counts": [52429, 2]',
           "Two elements, of one in the bin."),
    Change("counts_index_huge", '"counts": [52429, 1]', '"counts": [2097152, 1]',
           "No method has so many counters."),
    Change("counts_index_beyond", '"counts": [52429, 1]', '"counts": [65536, 1]',
           "This method has fewer counters."),
    Change("counts_huge", '"counts": [52429, 1]', '"counts": [52429, 9007199254740992]',
           "More than the elements can give."),
    Change("counts_number", '"counts": [52429, 1]', '"counts": 1', "`counts` is a number."),
    Change("maxima_three", '"counts": [52429, 1], "maxima": [0, 0, 0, 0]',
           '"counts": [52429, 1], "maxima": [0, 0, 0]', "A maximum is missing."),
    Change("maxima_negative", '"counts": [52429, 1], "maxima": [0, 0, 0, 0]',
           '"counts": [52429, 1], "maxima": [0, -1, 0, 0]', "A maximum is negative."),
    Change("part_null", PART, '"part": null', "There was a pass, and there is no part."),
    Change("part_missing", PART + ",\n  ", "", "`part` is missing."),
    Change("part_array", PART, '"part": [1]', "`part` is an array."),
    Change("part_count_less", '"count": 7,\n', '"count": 6,\n', "One element is not counted."),
    Change("part_count_more", '"count": 7,\n', '"count": 8,\n', "The part is more than all."),
    Change("part_inputs_more", '"inputs": 1, "count": 7,\n', '"inputs": 2, "count": 7,\n',
           "The part has more inputs than all."),
    Change("ranges_without_ema", '"ranges": null', '"ranges": [[-1, 1]]',
           "`ranges` is there, and `ema` null."),
    Change("key_doubled", '"count": 7, "non', '"count": 7, "count": 7, "non', "A key is doubled."),
    Change("comma_missing", '"nonfinite": 0, ', '"nonfinite": 0 ', "It is not JSON."),
    Change("text_after", "\n}\n", "\n}\nx\n", "Text follows the object."),
]

DEVIATIONS_CHANGES = [
    Change("pass_sums_missing", ', "sums": [5.239999532699585]', "", "A pass has no sums."),
    Change("pass_sums_two", "[5.239999532699585]", "[5.239999532699585, 0]",
           "A sum too many for the method."),
    Change("sums_string", "[234.42029183973597]", '["234.42029183973597"]', "A sum is a string."),
    Change("sums_infinite", "[234.42029183973597]", "[1e999]", "A sum is beyond float64."),
    Change("sums_negative", "[234.42029183973597]", "[-234.42029183973597]",
           "A sum of squares is negative."),
    Change("sums_two", "[234.42029183973597]", "[234.42029183973597, 0]",
           "More sums than inputs."),
]

AVERAGE_CHANGES = [
    Change("ema_zero", '"ema": 0.25', '"ema": 0', "`ema` is 0."),
    Change("ema_negative", '"ema": 0.25', '"ema": -0.25', "`ema` is negative."),
    Change("ema_above_1", '"ema": 0.25', '"ema": 1.5', "`ema` is above 1."),
    Change("ema_next", '"partial"', '"next"', "A moving average has no next round."),
    Change("ranges_one", ", [-0.5899999737739563, 256]]", "]", "Two inputs have one range."),
    Change("ranges_falling", "[-0.5899999737739563, 256]", "[256, 0]", "A range falls."),
    Change("ranges_three", "[-0.5899999737739563, 256]", "[0, 1, 2]", "A range has three ends."),
    Change("ranges_string", "[-0.5899999737739563, 256]", '"0,256"', "A range is a string."),
    Change("ranges_beyond_float32", "[-0.5899999737739563, 256]", "[0, 1e39]",
           "A range is beyond float32."),
    Change("ranges_null",
           "[[-7.590000152587891, 10.800000190734863], [-0.5899999737739563, 256]]",
           "[null, null]", "Nothing finite was seen, and yet something was observed."),
]


def bad_calibrations() -> list[Bad]:
    whole = [
        Bad("empty.json", b"", "The file has no bytes at all."),
        Bad("not_object.json", b"[1, 2]\n", "It is JSON, an array and not an object."),
        Bad("object_empty.json", b"{}\n", "The object has no keys."),
        Bad("truncated.json", CALIBRATION.encode("ascii")[:400], "The file ends inside the object."),
    ]
    return whole + [apply_change(good, change) for good, changes in (
        (CALIBRATION, CALIBRATION_CHANGES), (DEVIATIONS, DEVIATIONS_CHANGES),
        (AVERAGE, AVERAGE_CHANGES)) for change in changes]


README = """\
# Bad inputs

Each of these files is wrong in one way. `quant` must refuse each with one clear line and an exit
status of 1, and must write nothing. `python3 data/make_bad.py` makes them all again, and this page
with them.

The `.npy` and `.bin` files named nan, infinity or beyond_float32 are well formed: only their values
are refused, and only without `--nonfinite saturate`.
"""

SIDECAR_README = """\
## Sidecars

`sidecar/q.npy` is good data: the int8 values of `examples/x.npy` under absmax. `sidecar/good.json`
is its good sidecar, and must be accepted. The others differ from it in the one way that the
sentence names, or are no sidecar at all. The command line is
`quant dequant --sidecar data/bad/FILE -o OUT data/bad/sidecar/q.npy`; whether the checksum is right
is a question for `quant verify` too.
"""

CALIBRATION_README = """\
## Calibrations

`calibration/good.json` is what one machine found of `examples/x.npy` in the second pass of
percentile, `calibration/good_sigma.json` the same of sigma, which adds elements up, and
`calibration/good_ema.json` the ranges that a moving average goes through; they must be accepted.
The others differ from one of them in the way that the sentence names, or are no calibration at all.
The command line is `quant calibrate --merge data/bad/FILE`.
"""


def table(rows: list[Bad], folder: str = "") -> str:
    lines = ["| file | what is wrong |", "|---|---|"]
    for row in rows:
        options = f" Options: `{row.options}`." if row.options else ""
        lines.append(f"| `{folder}{row.name}` | {row.sentence}{options} |")
    return "\n".join(lines) + "\n"


def readme(sidecars: list[Bad], calibrations: list[Bad]) -> str:
    command = "The command line is `quant quantize -o OUT data/bad/FILE`"
    return "\n".join([
        README,
        f"## NumPy\n\n{command}.\n", table(NPY),
        f"## JSON\n\n{command}.\n", table(JSON),
        f"## Raw\n\n{command}, with the options named here.\n", table(RAW),
        SIDECAR_README, table(sidecars, "sidecar/"),
        CALIBRATION_README, table(calibrations, "calibration/"),
    ])


def write_all(folder: Path, rows: list[Bad]) -> None:
    for row in rows:
        (folder / row.name).write_bytes(row.content)


def main() -> None:
    folder = Path(__file__).resolve().parent / "bad"
    sidecar_folder = folder / "sidecar"
    sidecar_folder.mkdir(parents=True, exist_ok=True)

    write_all(folder, NPY + JSON + RAW)

    (sidecar_folder / "q.npy").write_bytes(Q_NPY)
    checksum = xxh3_64(sidecar_folder / "q.npy")
    good = SIDECAR % checksum
    (sidecar_folder / "good.json").write_text(good, encoding="ascii")
    sidecars = bad_sidecars(good, checksum)
    write_all(sidecar_folder, sidecars)

    calibration_folder = folder / "calibration"
    calibration_folder.mkdir(exist_ok=True)
    (calibration_folder / "good.json").write_text(CALIBRATION, encoding="ascii")
    (calibration_folder / "good_sigma.json").write_text(DEVIATIONS, encoding="ascii")
    (calibration_folder / "good_ema.json").write_text(AVERAGE, encoding="ascii")
    calibrations = bad_calibrations()
    write_all(calibration_folder, calibrations)

    (folder / "README.md").write_text(readme(sidecars, calibrations), encoding="ascii")


if __name__ == "__main__":
    main()
