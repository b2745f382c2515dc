# SPDX-License-Identifier: MIT
"""The sidecars of bad/sidecar/, which make_bad.py writes.

To add a case, add one row: name, what is exchanged for what in the good one, and a sentence.
"""

import struct
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

# The same, in blocks of two that happen to have one scale: in arrays, and in a file of records.
BLOCKS = 4
ZERO_POINT = '"zero_point": 0'
WHOLE = '"axis": null, "block_size": null'
IN_BLOCKS = '"axis": 0, "block_size": 2'
SCALE_ARRAY = '"scale": [0.0850393698, 0.0850393698, 0.0850393698, 0.0850393698]'
ZERO_POINT_ARRAY = '"zero_point": [0, 0, 0, 0]'
RECORDS = struct.pack("<fi", 0.0850393698, 0) * BLOCKS
SCALES = ''',
  "scales": {"path": "q.npy.scales", "count": 4, "bytes": 32, "xxh3_64": "%s"}'''

# Version 2: a scale that is stored as float16, and a file of float32 scales without zero points.
VERSION_1, VERSION_2 = '"version": 1', '"version": 2'
SCALE_FLOAT16 = '"scale": 0.0850219727, "zero_point": 0, "scale_dtype": "float16"'
PLAIN_SCALES = struct.pack("<f", 0.0850393698) * BLOCKS
SCALES_2 = ''',
  "scales": {"path": "q.npy.scales2", "count": 4, "scale_dtype": "float32", "zero_points": false,
             "bytes": 16, "xxh3_64": "%s"}'''


def in_blocks(good: str, scale: str, zero_point: str, scales: str) -> str:
    for old, new in ((SCALE, scale), (ZERO_POINT, zero_point), (WHOLE, IN_BLOCKS + scales),
                     ('"range": [-7.59000015, 10.8000002]', '"range": null')):
        good = good.replace(old, new)
    return good


def good_sidecars(checksum: str, records_checksum: str, plain_checksum: str) -> dict[str, str]:
    """{name: text}; the checksums are those of q.npy, of q.npy.scales and of q.npy.scales2."""
    good = SIDECAR % checksum
    return {
        "good.json": good,
        "good_arrays.json": in_blocks(good, SCALE_ARRAY, ZERO_POINT_ARRAY, ""),
        "good_scales.json": in_blocks(good, '"scale": null', '"zero_point": null',
                                      SCALES % records_checksum),
        "good_float16.json": good.replace(VERSION_1, VERSION_2).replace(
            f"{SCALE}, {ZERO_POINT}", SCALE_FLOAT16),
        "good_scales_2.json": in_blocks(good, '"scale": null', '"zero_point": null',
                                        SCALES_2 % plain_checksum).replace(VERSION_1, VERSION_2),
    }


def sidecar_changes(checksum: str) -> list[Change]:
    hashed = f'"xxh3_64": "{checksum}"'
    return [
        Change("format_wrong", '"quant-sidecar"', '"quant-car"', "`format` is another word."),
        Change("format_missing", '"format": "quant-sidecar", ', "", "`format` is missing."),
        Change("version_2", VERSION_1, VERSION_2, "`version` is 2, and no key of it occurs."),
        Change("version_3", VERSION_1, '"version": 3', "`version` is 3."),
        Change("scale_dtype_in_version_1", ZERO_POINT, f'{ZERO_POINT}, "scale_dtype": "float32"',
               "`scale_dtype` occurs, and `version` is 1."),
        Change("version_string", '"version": 1', '"version": "1"', "`version` is a string."),
        Change("version_missing", '"version": 1, ', "", "`version` is missing."),
        Change("scheme_unknown", '"absmax"', '"logarithmic"', "`scheme` is no known one."),
        Change("dtype_unknown", '"int8"', '"int7"', "`dtype` is no known one."),
        Change("dtype_differs", '"int8"', '"int16"', "`dtype` is int16, the data is int8."),
        Change("qmin_above_qmax", '"qmin": -127, "qmax": 127', '"qmin": 127, "qmax": -127',
               "`qmin` is above `qmax`."),
        Change("qmin_below_dtype", '"qmin": -127', '"qmin": -129', "`qmin` is no int8."),
        Change("qmax_above_dtype", '"qmax": 127', '"qmax": 128', "`qmax` is no int8."),
        Change("qmin_fraction", '"qmin": -127', '"qmin": -126.5', "`qmin` is not an integer."),
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
        Change("zero_point_array", ZERO_POINT, '"zero_point": [0]',
               "`zero_point` is an array, though `axis` and `block_size` are null."),
        Change("zero_point_fraction", '"zero_point": 0', '"zero_point": 1.5',
               "`zero_point` is not an integer."),
        Change("zero_point_string", '"zero_point": 0', '"zero_point": "0"',
               "`zero_point` is a string."),
        Change("zero_point_beyond_int32", '"zero_point": 0', '"zero_point": 3000000000',
               "`zero_point` does not fit 32 bits."),
        Change("zero_point_null", '"zero_point": 0', '"zero_point": null', "`zero_point` is null."),
        Change("zero_point_missing", ', "zero_point": 0', "", "`zero_point` is missing."),
        Change("axis_with_one_scale", '"axis": null', '"axis": 0',
               "`axis` is 0 and `scale` is one number, not an array."),
        Change("block_size_without_axis", '"block_size": null', '"block_size": 2',
               "`block_size` is set and `axis` is null."),
        Change("scales_without_axis", WHOLE, WHOLE + SCALES % ("0" * 16),
               "`scales` is there, though `axis` is null."),
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
        Change("shape_fraction", '"shape": [7]', '"shape": [7.5]', "A dimension is not an integer."),
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


def array_changes() -> list[Change]:
    """Of the sidecar whose scales are in arrays."""
    return [
        Change("axis_beyond_shape", '"axis": 0', '"axis": 1', "`axis` is 1, the shape has one."),
        Change("axis_negative", '"axis": 0', '"axis": -1', "`axis` is -1."),
        Change("axis_fraction", '"axis": 0', '"axis": 0.5', "`axis` is not an integer."),
        Change("axis_string", '"axis": 0', '"axis": "0"', "`axis` is a string."),
        Change("axis_of_scalar", '"shape": [7]', '"shape": []', "`axis` is 0, the shape has no axis."),
        Change("block_size_zero", '"block_size": 2', '"block_size": 0', "`block_size` is 0."),
        Change("block_size_string", '"block_size": 2', '"block_size": "2"',
               "`block_size` is a string."),
        Change("block_size_missing", ', "block_size": 2', "", "`block_size` is missing."),
        Change("scale_array_short", SCALE_ARRAY, '"scale": [1, 1, 1]',
               "`scale` has 3 entries for 4 blocks."),
        Change("scale_array_long", SCALE_ARRAY, '"scale": [1, 1, 1, 1, 1]',
               "`scale` has 5 entries for 4 blocks."),
        Change("scale_array_zero", SCALE_ARRAY, '"scale": [1, 1, 0, 1]', "A scale is zero."),
        Change("scale_array_string", SCALE_ARRAY, '"scale": [1, "1", 1, 1]',
               "A scale is a string."),
        Change("scale_array_nested", SCALE_ARRAY, '"scale": [[1, 1], [1, 1], 1, 1]',
               "A scale is an array."),
        Change("scale_alone_null", SCALE_ARRAY, '"scale": null',
               "`scale` is null and `zero_point` is an array."),
        Change("zero_point_alone_null", ZERO_POINT_ARRAY, '"zero_point": null',
               "`zero_point` is null and `scale` is an array."),
        Change("zero_point_alone", ZERO_POINT_ARRAY, '"zero_point": 0',
               "`zero_point` is one number and `scale` is an array."),
        Change("zero_point_array_short", ZERO_POINT_ARRAY, '"zero_point": [0, 0, 0]',
               "`zero_point` has 3 entries for 4 blocks."),
        Change("zero_point_array_fraction", ZERO_POINT_ARRAY, '"zero_point": [0, 0, 0, 0.5]',
               "A zero point is not an integer."),
        Change("zero_point_array_beyond_int32", ZERO_POINT_ARRAY,
               '"zero_point": [3000000000, 0, 0, 0]', "A zero point does not fit 32 bits."),
        Change("scales_beside_arrays", IN_BLOCKS, IN_BLOCKS + SCALES % ("0" * 16),
               "The scales are in arrays, and `scales` names a file."),
    ]


SCALES_PATHS = [  # name, what is there instead of the path, and what is wrong
    ("null", "null", "is null"),
    ("above", '"../sidecar/q.npy.scales"', "leaves the directory of the sidecar"),
    ("absolute", '"/dev/zero"', "is absolute"),
    ("dots", '".."', "is `..`"),
    ("empty", '""', "is empty"),
    ("escape", '"a\\n/\\u001b[31m"', "has a newline and an escape sequence"),
    ("long", '"' + "/x" * 10000 + '"', "is 20,000 bytes long"),
]


def file_changes(checksum: str) -> list[Change]:
    """Of the sidecar whose scales are in a file."""
    return [
        Change("scales_missing", SCALES % checksum, "",
               "`scale` and `zero_point` are null, and `scales` is missing."),
        Change("scales_string", SCALES % checksum, ',\n  "scales": "q.npy.scales"',
               "`scales` is a string."),
        *(Change("scales_path_" + name, '"q.npy.scales"', text, f"The path of `scales` {sentence}.")
          for name, text, sentence in SCALES_PATHS),
        Change("scales_path_missing", '"path": "q.npy.scales", ', "", "`scales` has no path."),
        Change("scales_count_differs", '"count": 4', '"count": 5',
               "`scales` states 5 groups, the shape has 4."),
        Change("scales_bytes_differ", '"bytes": 32', '"bytes": 31',
               "4 records of 8 bytes are not 31."),
        Change("scales_checksum_short", checksum, checksum[:15],
               "The checksum of `scales` has 15 digits."),
    ]


def float16_changes() -> list[Change]:
    """Of the sidecar whose scale is stored as float16."""
    return [
        Change("scale_dtype_unknown", '"float16"', '"float64"', "`scale_dtype` is no known one."),
        Change("scale_of_no_float16", "0.0850219727", "0.0850393698", "`scale` is no float16."),
        Change("key_unknown_in_version_2", WHOLE, WHOLE + ', "mixture": "x"',
               "`version` is 2, and there is a key that is not known."),
        Change("profile_unknown", WHOLE, WHOLE + ', "profile": "x"', "`profile` is no known one."),
        Change("profile_of_other_types", '"scheme": "absmax"', '"scheme": "zero-point", "profile": "ncnn"',
               "`profile` is an engine that has no zero points."),
        Change("exact_without_profile", WHOLE, WHOLE + ', "exact": true',
               "There is `exact`, and no `profile`."),
        Change("exact_false", WHOLE, WHOLE + ', "profile": "ncnn", "exact": false',
               "`exact` is false."),
    ]


def plain_file_changes() -> list[Change]:
    """Of the sidecar whose file has scales alone."""
    return [
        Change("scales_bytes_of_version_1", '"bytes": 16', '"bytes": 32',
               "4 records of 4 bytes are not 32."),
        Change("scales_dtype_differs", '"scale_dtype": "float32"', '"scale_dtype": "float16"',
               "`scales` has another `scale_dtype` than the sidecar."),
        Change("scales_zero_points_missing", '"zero_points": false,', "",
               "`scales` has no `zero_points`."),
        Change("scales_zero_points_needed", '"absmax"', '"zero-point"',
               "The file has no zero points, and the scheme needs them."),
        Change("scales_in_version_1", VERSION_2, VERSION_1,
               "`scales` is of version 2, and `version` is 1."),
    ]


def apply_change(good: str, change: Change) -> Bad:
    if good.count(change.old) != 1:
        raise ValueError(f"{change.name}: {change.old!r} occurs {good.count(change.old)} times")
    content = good.replace(change.old, change.new).encode("ascii")
    return Bad(f"{change.name}.json", content, change.sentence)


def bad_sidecars(good: dict[str, str], checksum: str, records_checksum: str) -> list[Bad]:
    whole = [
        Bad("empty.json", b"", "The file has no bytes at all."),
        Bad("not_json.json", b"scale = 0.0850393698\n", "It is not JSON."),
        Bad("not_object.json", b"[1, 2]\n", "It is JSON, an array and not an object."),
        Bad("object_empty.json", b"{}\n", "The object has no keys."),
        Bad("truncated.json", good["good.json"].encode("ascii")[:200], "The file ends inside the object."),
    ]
    for name, changes in (("good.json", sidecar_changes(checksum)),
                          ("good_arrays.json", array_changes()),
                          ("good_scales.json", file_changes(records_checksum)),
                          ("good_float16.json", float16_changes()),
                          ("good_scales_2.json", plain_file_changes())):
        whole += [apply_change(good[name], change) for change in changes]
    return whole
