#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the bad inputs of bad/ and of the directories in it, and the bad/README.md that lists them all.

    python3 data/make_bad.py

It needs the standard library and `xxhsum` (Debian's xxhash), and writes the same bytes every time.
To add a case, add one row below: name, bytes, sentence, and the command's options if it needs any;
those of .safetensors, .npz and .gguf files, sidecars, calibrations and indexes are in bad_*.py.
"""

import struct
import subprocess
from pathlib import Path

from bad_calibrations import GOOD, bad_calibrations
from bad_containers import GOOD as GOOD_CONTAINER
from bad_containers import bad_containers
from bad_gguf import GGUF
from bad_index import bad_index
from bad_npz import NPZ
from bad_safetensors import SAFETENSORS
from bad_sidecars import PLAIN_SCALES, RECORDS, Bad, bad_sidecars, good_sidecars

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
    Bad("shape_leading_zero.npy", npy(npy_dict(shape="(07,)")),
        "The dimension is 07, which is no number in Python."),
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
    Bad("nan.json", b"[1, NaN]\n", "Well formed as Python writes it, but element 1 is NaN."),
    Bad("infinity.json", b"[1, Infinity]\n",
        "Well formed as Python writes it, but element 1 is infinite."),
    Bad("infinity_negative.json", b"[1, -Infinity]\n",
        "Well formed as Python writes it, but element 1 is infinite."),
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
    Bad("ragged_empty.json", b"[[],[1]]\n", "The second row has one element, the first has no element."),
    Bad("number_then_array.json", b"[1,[2]]\n", "An array follows a number in the same array."),
    Bad("array_then_number.json", b"[[1],2]\n", "A number follows an array in the same array."),
    Bad("levels_65.json", b"[" * DEEP + b"1" + b"]" * DEEP + b"\n", "The arrays nest 65 deep."),
    Bad("beyond_float64.json", b"[1, 1e999]\n", "Well formed, but element 1 is beyond float64."),
    Bad("exponent_huge.json", b"[1, 1e99999999999]\n",
        "Well formed, but element 1 has an exponent that does not fit 32 bits."),
    Bad("beyond_float32.json", b"[1, 1e39]\n",
        "Well formed, but element 1 fits float64 and is beyond float32."),
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
    Bad("object_key_value_missing.json", b'{"shape": [1], "data": [1], "colour": }\n',
        "A key that is passed over has no value."),
    Bad("object_key_value_unclosed.json", b'{"shape": [1], "data": [1], "colour": {"a": [1}}\n',
        "A value that is passed over has a wrong bracket."),
    Bad("nan_lower_case.json", b"[1, nan]\n", "NaN is written in lower case."),
    Bad("infinity_short.json", b"[1, -Inf]\n", "Infinity is cut short."),
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
    Bad("odd_size.bin", SEVEN_FLOATS[:-1], "27 bytes are not a multiple of 4."),
    Bad("one_byte.bin", b"\0", "One byte is less than one float32."),
    Bad("shape_larger.bin", SEVEN_FLOATS, "7 elements do not fill the shape.", "--shape 2,4"),
    Bad("shape_smaller.bin", SEVEN_FLOATS, "7 elements are more than the shape.", "--shape 2,3"),
    Bad("odd_size_f64.bin", SEVEN_FLOATS, "28 bytes are not a multiple of 8.",
        "--input-dtype f64"),
    Bad("odd_size_f16.bin", SEVEN_FLOATS[:-1], "27 bytes are not a multiple of 2.",
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


def xxh3_64(path: Path) -> str:
    run = subprocess.run(["xxhsum", "-H3", path], check=True, capture_output=True, text=True)
    return run.stdout.split()[-1]


README = """\
# Bad inputs

Each of these files is wrong in one way. `quant` must refuse each with one clear line and an exit
status of 1, and must write nothing. `python3 data/make_bad.py` makes them all again, and this page
with them.

The `.npy`, `.bin` and `.json` files called well formed have values that are refused, and only
without `--nonfinite saturate`.
"""

SIDECAR_README = """\
## Sidecars

`sidecar/q.npy` is good data: the int8 values of `examples/x.npy` under absmax. `sidecar/good.json`
is its good sidecar, and must be accepted; so must `sidecar/good_arrays.json` and
`sidecar/good_scales.json`, which say the same in blocks of two elements. `sidecar/good_float16.json`
and `sidecar/good_scales_2.json` are of version 2. The others differ from one of them in the one way that the sentence names, or are no sidecar at all. The command line is
`quant dequant --sidecar data/bad/FILE -o OUT data/bad/sidecar/q.npy`; whether the checksum is right
is a question for `quant verify` too.
"""


CONTAINER_README = """\
## Sidecars of containers

`container/good.json` must be accepted. The others differ from it in the one way that the sentence
names. There is no data: what is wrong is found before the data is looked at.
"""


CALIBRATION_README = """\
## Calibrations

`calibration/good.json` is what one machine found of `examples/x.npy` in the second pass of
percentile, `calibration/good_sigma.json` what it found in the only pass of sigma, which adds elements up,
and `calibration/good_ema.json` the ranges that a moving average goes through; they must be accepted.
`calibration/good_groups.json` has a range for each of four blocks, which must be read.
The others differ from one of them in the way that the sentence names, or are no calibration at all.
The command line is `quant calibrate --merge data/bad/FILE`.
"""


INDEX_README = """\
## Indexes of checkpoints

Each is the index of a directory that holds `model.safetensors` with one tensor, `w`, and nothing else.
The command line is `quant quantize DIRECTORY --output-dir OUT`.
"""


def table(rows: list[Bad], folder: str = "") -> str:
    lines = ["| file | what is wrong |", "|---|---|"]
    for row in rows:
        options = f" Options: `{row.options}`." if row.options else ""
        lines.append(f"| `{folder}{row.name}` | {row.sentence}{options} |")
    return "\n".join(lines) + "\n"


def readme(sidecars: list[Bad], containers: list[Bad], calibrations: list[Bad],
           indexes: list[Bad]) -> str:
    command = "The command line is `quant quantize -o OUT data/bad/FILE`"
    return "\n".join([
        README,
        f"## NumPy\n\n{command}.\n", table(NPY),
        f"## JSON\n\n{command}.\n", table(JSON),
        f"## Raw\n\n{command}, with the options named here.\n", table(RAW),
        f"## Safetensors\n\n{command}.\n", table(SAFETENSORS),
        f"## Archives of arrays\n\n{command}.\n", table(NPZ),
        f"## GGUF\n\n{command}.\n", table(GGUF),
        SIDECAR_README, table(sidecars, "sidecar/"),
        CONTAINER_README, table(containers, "container/"),
        CALIBRATION_README, table(calibrations, "calibration/"),
        INDEX_README, table(indexes, "index/"),
    ])


def write_all(folder: Path, rows: list[Bad]) -> None:
    for row in rows:
        (folder / row.name).write_bytes(row.content)


def main() -> None:
    folder = Path(__file__).resolve().parent / "bad"
    sidecar_folder = folder / "sidecar"
    sidecar_folder.mkdir(parents=True, exist_ok=True)

    write_all(folder, NPY + JSON + RAW + SAFETENSORS + NPZ + GGUF)

    (sidecar_folder / "q.npy").write_bytes(Q_NPY)
    checksum = xxh3_64(sidecar_folder / "q.npy")
    (sidecar_folder / "q.npy.scales").write_bytes(RECORDS)
    records_checksum = xxh3_64(sidecar_folder / "q.npy.scales")
    (sidecar_folder / "q.npy.scales2").write_bytes(PLAIN_SCALES)
    plain_checksum = xxh3_64(sidecar_folder / "q.npy.scales2")
    good = good_sidecars(checksum, records_checksum, plain_checksum)
    for name, text in good.items():
        (sidecar_folder / name).write_text(text, encoding="ascii")
    sidecars = bad_sidecars(good, checksum, records_checksum)
    write_all(sidecar_folder, sidecars)

    container_folder = folder / "container"
    container_folder.mkdir(exist_ok=True)
    (container_folder / "good.json").write_text(GOOD_CONTAINER, encoding="ascii")
    containers = bad_containers()
    write_all(container_folder, containers)

    calibration_folder = folder / "calibration"
    calibration_folder.mkdir(exist_ok=True)
    for name, text in GOOD.items():
        (calibration_folder / name).write_text(text, encoding="ascii")
    calibrations = bad_calibrations()
    write_all(calibration_folder, calibrations)

    index_folder = folder / "index"
    index_folder.mkdir(exist_ok=True)
    indexes = bad_index()
    write_all(index_folder, indexes)

    text = readme(sidecars, containers, calibrations, indexes)
    (folder / "README.md").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
