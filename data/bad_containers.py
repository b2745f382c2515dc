# SPDX-License-Identifier: MIT
"""The container sidecars of bad/container/, which make_bad.py writes.

To add a case, add one row: name, what is exchanged for what in the good one, and a sentence.
"""

from bad_sidecars import Bad, Change, apply_change

ONE = '''    "a": {"scheme": "zero-point", "dtype": "int8", "qmin": -128, "qmax": 127, "scale": 0.5, "zero_point": 3, "axis": null, "block_size": null, "scales": {"tensor": "a_scale", "count": 1, "scale_dtype": "float32", "xxh3_64": "00000000000000a1", "zero_points": {"tensor": "a_zero_point", "xxh3_64": "00000000000000a2"}}, "rounding": "half-even", "range": [-1, 2], "calibration": {"method": "minmax", "observed": [-1, 2]}, "shape": [2, 3], "order": "C", "source": {"dtype": "float32"}, "data": {"dtype": "I8", "bytes": 6, "xxh3_64": "00000000000000a0"}}'''
GROUPS = '''    "b": {"scheme": "absmax", "dtype": "int4", "qmin": -7, "qmax": 7, "scale": null, "zero_point": null, "scale_dtype": "float16", "axis": 0, "block_size": null, "scales": {"tensor": "b_scale", "count": 5, "scale_dtype": "float16", "xxh3_64": "00000000000000b1", "zero_points": null}, "rounding": "half-even", "range": null, "calibration": {"method": "mse", "observed": null}, "shape": [5, 1], "order": "C", "source": {"dtype": "bfloat16"}, "data": {"dtype": "U8", "bytes": 3, "xxh3_64": "00000000000000b0"}}'''
UNSCALED = '''    "c": {"scheme": "absmax", "dtype": "float16", "qmin": null, "qmax": null, "scale": 1.00000000, "zero_point": 0, "axis": null, "block_size": null, "scales": null, "rounding": "half-even", "range": null, "calibration": {"method": "none", "observed": null}, "shape": [0], "order": "C", "source": {"dtype": "float64"}, "data": {"dtype": "F16", "bytes": 0, "xxh3_64": "00000000000000c0"}}'''
COPIED = '''    "d": {"copied": true, "dtype": "I64", "shape": [2], "bytes": 16, "xxh3_64": "00000000000000d0"}'''
HEAD = '''{
  "format": "quant-sidecar", "version": 2, "tool": "quant 0.1.0",
  "source": {"path": "m.safetensors", "format": "safetensors", "bytes": 400},
  "data": {"path": "m.int8.safetensors", "format": "safetensors", "bytes": 300,
           "header": {"bytes": 200, "xxh3_64": "0000000000000001"}},
  "plan": {"xxh3_64": "0000000000000002"},
  "tensors": {
'''
GOOD = HEAD + ",\n".join((ONE, GROUPS, UNSCALED, COPIED)) + "\n  }\n}\n"

CHANGES = [
    Change("format_wrong", '"quant-sidecar"', '"quant-car"', "`format` is another word."),
    Change("version_1", '"version": 2', '"version": 1', "`version` is 1, which has no `tensors`."),
    Change("version_3", '"version": 2', '"version": 3', "`version` is 3."),
    Change("key_unknown", '"plan": {', '"profile": "x", "plan": {', "The head has a key that is not known."),
    Change("key_doubled", '"plan": {', '"plan": {"xxh3_64": "0000000000000002"}, "plan": {', "`plan` occurs twice."),
    Change("tensors_doubled", '\n  }\n}', '\n  },\n  "tensors": {}\n}', "`tensors` occurs twice."),
    Change("plan_missing", '  "plan": {"xxh3_64": "0000000000000002"},\n', "", "`plan` is missing."),
    Change("source_bytes_missing", ', "bytes": 400', "", "The size of the source is missing."),
    Change("header_missing", '"bytes": 300,\n           "header": {"bytes": 200, "xxh3_64": "0000000000000001"}', '"bytes": 300', "The `header` of the data is missing."),
    Change("header_longer", '"bytes": 200', '"bytes": 301', "The header is larger than the file."),
    Change("header_checksum_short", '"0000000000000001"', '"000000000000001"', "The checksum of the header has 15 digits."),
    Change("entry_number", COPIED, '    "d": 7', "An entry is a number."),
    Change("entry_empty", COPIED, '    "d": {}', "An entry has no keys."),
    Change("comma_trailing", COPIED, COPIED + ",", "A comma follows the last entry."),
    Change("comma_missing", '}},\n    "c"', '}}\n    "c"', "A comma between entries is missing."),
    Change("bracket_wrong", '[2, 3]', '[2, 3}', "A wrong bracket closes a shape."),
    Change("text_after", '\n  }\n}\n', '\n  }\n}\nx\n', "Text follows the object."),
    Change("name_doubled", '    "d"', '    "\\u0061"', "Two tensors have one name, one of them written with an escape."),
    Change("nul_in_name", '    "d"', '    "d\\u0000e"', "The name of a tensor has a NUL character."),
    Change("entry_key_unknown", '"qmin": -128', '"mixture": 1, "qmin": -128', "An entry has a key that is not known."),
    Change("scales_key_unknown", '"count": 5', '"bytes": 10, "count": 5', "`scales` has a key that is not known."),
    Change("dtype_unknown", '"int8"', '"int7"', "The `dtype` of a tensor is not known."),
    Change("order_unknown", '[5, 1], "order": "C"', '[5, 1], "order": "A"', "The order of a tensor is neither C nor Fortran's."),
    Change("qmin_above_qmax", '"qmin": -128', '"qmin": 127', "`qmin` is not below `qmax`."),
    Change("scale_missing", '"scale": 0.5, ', "", "A tensor with one scale does not have it."),
    Change("scale_zero", '"scale": 0.5', '"scale": 0', "A scale is 0."),
    Change("scale_with_axis", '"scale": null', '"scale": 1', "`scale` is a number, though `axis` is set."),
    Change("axis_beyond_shape", '"axis": 0', '"axis": 2', "`axis` is 2, the shape has two dimensions."),
    Change("block_size_without_axis", '"zero_point": 3, "axis": null, "block_size": null', '"zero_point": 3, "axis": null, "block_size": 2', "`block_size` is set and `axis` is null."),
    Change("count_differs", '"count": 5', '"count": 4', "There are 4 scales for 5 rows."),
    Change("scale_dtype_differs", '"count": 5, "scale_dtype": "float16"', '"count": 5, "scale_dtype": "bfloat16"', "`scales` has another `scale_dtype` than the tensor."),
    Change("scales_null", '"scales": {"tensor": "a_scale", "count": 1, "scale_dtype": "float32", "xxh3_64": "00000000000000a1", "zero_points": {"tensor": "a_zero_point", "xxh3_64": "00000000000000a2"}}', '"scales": null', "`scales` is null, and the tensor has a scale."),
    Change("scales_of_unscaled", '"scales": null', '"scales": {"tensor": "c_scale"}', "A float16 tensor has `scales`."),
    Change("scale_tensor_empty", '"b_scale"', '""', "The name of the scale tensor is empty."),
    Change("zero_points_needed", '{"tensor": "a_zero_point", "xxh3_64": "00000000000000a2"}', "null", "The scheme zero-point has no tensor of zero points."),
    Change("qmin_of_float", '"int4", "qmin": -7, "qmax": 7', '"float8_e5m2", "qmin": 0, "qmax": 7', "A float tensor has a `qmin`."),
    Change("source_dtype_unknown", '"bfloat16"', '"int8"', "The source was not of a float type."),
    Change("bytes_differ", '"bytes": 6', '"bytes": 7', "2 times 3 elements of int8 are not 7 bytes."),
    Change("copied_false", "true", "false", "`copied` is false."),
    Change("copied_with_scheme", "true", 'true, "scheme": "absmax"', "A copied tensor has a `scheme`."),
]


def bad_containers() -> list[Bad]:
    whole = [
        Bad("truncated.json", GOOD.encode("ascii")[:900], "The file ends inside an entry."),
        Bad("tensors_array.json", (HEAD[:-2] + "[]\n}\n").encode("ascii"), "`tensors` is an array."),
        Bad("name_not_utf8.json", GOOD.encode("ascii").replace(b'"d"', b'"\xff"'), "A name is not UTF-8."),
    ]
    return whole + [apply_change(GOOD, change) for change in CHANGES]
