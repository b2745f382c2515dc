# SPDX-License-Identifier: MIT
"""The calibrations of bad/calibration/, which make_bad.py writes.

To add a case, add one row: name, what is exchanged for what in a good one, and a sentence.
"""

from bad_sidecars import Bad, Change, apply_change

CALIBRATION = '''{
  "format": "quant-calibration", "version": 2, "tool": "quant 0.1.0",
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
    "counts": [52429, 1], "maxima": [0, 0, 0, 0], "sums": [],
    "digests": ["0123456789abcdef"]
  },
  "ranges": null, "position": null, "digests": ["0123456789abcdef"]
}
'''

DEVIATIONS = '''{
  "format": "quant-calibration", "version": 2, "tool": "quant 0.1.0",
  "stage": "partial", "method": "sigma", "argument": 1,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": null,
  "range": null, "observed": [-7.59000015, 10.8000002],
  "count": 7, "nonfinite": 0, "inputs": 1, "round": 2,
  "passes": [],
  "part": {
    "inputs": 1, "count": 7,
    "counts": [], "maxima": [0, 0, 0, 0],
    "sums": [0, 0, 0, 0, 0, 0, 0, 32768, 44563, 167, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16384, 45928, 2146, 47455, 3,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    "digests": ["0123456789abcdef"]
  },
  "ranges": null, "position": null, "digests": ["0123456789abcdef"]
}
'''

AVERAGE = '''{
  "format": "quant-calibration", "version": 2, "tool": "quant 0.1.0",
  "stage": "partial", "method": "minmax", "argument": null,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": 0.25,
  "range": null, "observed": [-7.59000015, 256.000000],
  "count": 14, "nonfinite": 0, "inputs": 2, "round": 1,
  "passes": [], "part": null,
  "ranges": [[-7.590000152587891, 10.800000190734863], [-0.5899999737739563, 256]],
  "position": 7, "digests": ["0123456789abcdef", "fedcba9876543210"]
}
'''

OBSERVED = '"observed": [-7.59000015, 10.8000002]'
PART = CALIBRATION[CALIBRATION.index('"part"'):CALIBRATION.index(',\n  "ranges"')]

GROUPS = '''{
  "format": "quant-calibration", "version": 2, "tool": "quant 0.1.0",
  "stage": "complete", "method": "minmax", "argument": null,
  "scheme": "absmax", "dtype": "int8", "qmin": null, "qmax": null,
  "include_zero": false, "rounding": "half-even", "ema": null,
  "axis": 1, "block_size": 32, "scale_shape": [2, 2], "order": "C",
  "count": 7, "nonfinite": 1, "inputs": 1,
  "range": [[-7.59000015, 10.8000002], null, [0, 1], [5, 5]],
  "observed": [[-7.59000015, 10.8000002], null, [0, 1], [5, 5]]
}
'''

CALIBRATION_CHANGES = [
    Change("format_wrong", '"quant-calibration"', '"quant-sidecar"', "`format` is a sidecar's."),
    Change("format_missing", '"format": "quant-calibration", ', "", "`format` is missing."),
    Change("version_1", '"version": 2', '"version": 1', "`version` is 1, whose parts had no digests."),
    Change("version_3", '"version": 2', '"version": 3', "`version` is 3."),
    Change("version_missing", '"version": 2, ', "", "`version` is missing."),
    Change("stage_unknown", '"partial"', '"half"', "`stage` is no known one."),
    Change("stage_complete", '"version": 2, "tool": "quant 0.1.0",\n  "stage": "partial"',
           '"version": 1, "tool": "quant 0.1.0",\n  "stage": "complete"',
           "`stage` is complete, without a range."),
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
    Change("qmax_fraction", '"qmax": null', '"qmax": 1.5', "`qmax` is not an integer."),
    Change("include_zero_number", '"include_zero": false', '"include_zero": 0',
           "`include_zero` is a number."),
    Change("rounding_unknown", '"half-even"', '"half-odd"', "`rounding` is no known one."),
    Change("ema_without_ranges", '"ema": null', '"ema": 0.5', "`ema` is a number, `ranges` null."),
    Change("range_before_the_end", '"range": null', '"range": [-1, 1]',
           "There is a range, and more rounds to come."),
    Change("observed_null", OBSERVED, '"observed": null', "Nothing was observed, of 7 elements."),
    Change("observed_falling", OBSERVED, '"observed": [1, -1]', "The smallest is above the largest."),
    Change("observed_nan", OBSERVED, '"observed": [NaN, 1]', "NaN is no JSON."),
    Change("observed_infinite", OBSERVED, '"observed": [0, 1e999]', "A number is beyond float64."),
    Change("observed_beyond_float32", OBSERVED, '"observed": [0, 1e39]',
           "A number is beyond float32."),
    Change("count_negative", '"count": 7, "non', '"count": -7, "non', "`count` is negative."),
    Change("count_fraction", '"count": 7, "non', '"count": 7.5, "non', "`count` is not an integer."),
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
    Change("counts_fraction", '"counts": [52429, 1]', '"counts": [52429, 1.5]', "A count is not an integer."),
    Change("counts_nan", '"counts": [52429, 1]', '"counts": [52429, nan]', "NaN is no JSON."),
    Change("counts_above_pass", '"counts": [52429, 1]', '"counts": [52429, 2]',
           "Two elements, of one in the bin."),
    Change("counts_index_huge", '"counts": [52429, 1]', '"counts": [2097152, 1]',
           "No method has this number of counters."),
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
    Change("part_digests_missing", ',\n    "digests": ["0123456789abcdef"]', "",
           "The part does not say which inputs it holds."),
    Change("part_digest_foreign", '["0123456789abcdef"]\n  }', '["0123456789abcde0"]\n  }',
           "The part's input is not one of the first round."),
    Change("position_missing", ', "position": null', "", "`position` is missing."),
    Change("position_negative", '"position": null', '"position": -1', "`position` is negative."),
    Change("position_string", '"position": null', '"position": "1"', "`position` is a string."),
    Change("digests_missing", ', "digests": ["0123456789abcdef"]\n}', "\n}",
           "`digests` is missing."),
    Change("digests_null", '["0123456789abcdef"]\n}', "null\n}", "`digests` is null."),
    Change("digests_two", '["0123456789abcdef"]\n}', '["0123456789abcdef", "0123456789abcdef"]\n}',
           "One input has two digests."),
    Change("digest_number", '["0123456789abcdef"]\n}', "[81985529216486895]\n}",
           "A digest is a number."),
    Change("digest_short", '["0123456789abcdef"]\n}', '["0123456789abcde"]\n}',
           "A digest has 15 digits."),
    Change("digest_capital", '["0123456789abcdef"]\n}', '["0123456789ABCDEF"]\n}',
           "A digest has capital letters."),
    Change("ranges_without_ema", '"ranges": null', '"ranges": [[-1, 1]]',
           "`ranges` is there, and `ema` null."),
    Change("key_doubled", '"count": 7, "non', '"count": 7, "count": 7, "non', "A key is a duplicate."),
    Change("comma_missing", '"nonfinite": 0, ', '"nonfinite": 0 ', "It is not JSON."),
    Change("text_after", "\n}\n", "\n}\nx\n", "Text follows the object."),
]

DEVIATIONS_CHANGES = [
    Change("pass_sums_missing", '"round": 2,\n  "passes": []',
           '"round": 3,\n  "passes": [{"counts": [], "maxima": [0, 0, 0, 0]}]',
           "A pass has no sums."),
    Change("pass_sums_two", '"round": 2,\n  "passes": []',
           '"round": 3,\n  "passes": [{"counts": [], "maxima": [0, 0, 0, 0], "sums": [0, 0]}]',
           "A pass has not as many sums as the method."),
    Change("sums_string", "32768", '"32768"', "A sum is a string."),
    Change("sums_infinite", "32768", "1e999", "A sum is beyond float64."),
    Change("sums_huge", "32768", "1e300", "A sum is beyond 2^53."),
    Change("sums_fraction", "32768", "32768.5", "A sum is not an integer."),
    Change("sums_negative", "47455, 3", "47455, -3", "A sum of squares is negative."),
    Change("sums_two", '0, 0],\n    "digests', '0, 0, 0],\n    "digests',
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

RANGES = '"range": [[-7.59000015, 10.8000002], null, [0, 1], [5, 5]]'
SEEN = '"observed": [[-7.59000015, 10.8000002], null, [0, 1], [5, 5]]'

GROUPS_CHANGES = [
    Change("groups_version_1", '"version": 2', '"version": 1', "`version` is 1, which had no groups."),
    Change("groups_partial", '"complete"', '"partial"', "Groups are not calibrated in parts."),
    Change("groups_axis_missing", '"axis": 1, ', "", "`axis` is missing."),
    Change("groups_axis_negative", '"axis": 1', '"axis": -1', "`axis` is negative."),
    Change("groups_axis_beyond", '"axis": 1', '"axis": 2', "`axis` is beyond `scale_shape`."),
    Change("groups_axis_null", '"axis": 1', '"axis": null', "`axis` is null, `block_size` a number."),
    Change("groups_block_size_zero", '"block_size": 32', '"block_size": 0', "`block_size` is 0."),
    Change("groups_block_size_null", '"block_size": 32', '"block_size": null',
           "Channels have one dimension."),
    Change("groups_block_size_three", '"axis": 1, "block_size": 32',
           '"axis": null, "block_size": [1, 2, 3]', "`block_size` has three entries."),
    Change("groups_block_size_rows_zero", '"axis": 1, "block_size": 32',
           '"axis": null, "block_size": [0, 32]', "A block has no rows."),
    Change("groups_shape_missing", '"scale_shape": [2, 2], ', "",
           "`scale_shape` is missing, so the file has no groups."),
    Change("groups_shape_number", '"scale_shape": [2, 2]', '"scale_shape": 4', "`scale_shape` is a number."),
    Change("groups_shape_empty", '"scale_shape": [2, 2]', '"scale_shape": []', "`scale_shape` is empty."),
    Change("groups_shape_negative", '"scale_shape": [2, 2]', '"scale_shape": [-2, -2]',
           "A dimension is negative."),
    Change("groups_shape_huge", '"scale_shape": [2, 2]',
           '"scale_shape": [9007199254740992, 9007199254740992]', "No file has as many groups."),
    Change("groups_shape_more", '"scale_shape": [2, 2]', '"scale_shape": [2, 3]', "Two entries are missing."),
    Change("groups_shape_many", '"scale_shape": [2, 2]', '"scale_shape": [2, 1000000000000]',
           "The file is too short for the entries."),
    Change("groups_shape_less", '"scale_shape": [2, 2]', '"scale_shape": [2, 1]', "Two entries too many."),
    Change("groups_order_unknown", '"order": "C"', '"order": "A"', "`order` is no known one."),
    Change("groups_range_missing", RANGES + ",\n  ", "", "`range` is missing."),
    Change("groups_range_null", RANGES, '"range": null', "`range` is null."),
    Change("groups_range_pair", RANGES, '"range": [-7.59000015, 10.8000002]', "`range` is one range."),
    Change("groups_range_three", RANGES, RANGES.replace("[0, 1]", "[0, 1, 2]"), "A range has three ends."),
    Change("groups_range_one", RANGES, RANGES.replace("[0, 1]", "[0]"), "A range has one end."),
    Change("groups_range_string", RANGES, RANGES.replace("[0, 1]", '"0,1"'), "A range is a string."),
    Change("groups_range_word", RANGES, RANGES.replace("null", "nil"), "A range is a word other than null."),
    Change("groups_range_falling", RANGES, RANGES.replace("[0, 1]", "[1, 0]"), "A range falls."),
    Change("groups_range_beyond_float32", RANGES, RANGES.replace("[0, 1]", "[0, 1e39]"),
           "A range is beyond float32."),
    Change("groups_range_infinite", RANGES, RANGES.replace("[0, 1]", "[0, 1e999]"),
           "A range is beyond float64."),
    Change("groups_range_nan", RANGES, RANGES.replace("[0, 1]", "[0, NaN]"), "NaN is no JSON."),
    Change("groups_range_unseen", RANGES, RANGES.replace("null", "[0, 1]"),
           "A group has a range, and nothing was observed in it."),
    Change("groups_range_comma_missing", RANGES, RANGES.replace("null, ", "null "), "It is not JSON."),
    Change("groups_range_unclosed", RANGES, RANGES[:-1], "The array does not end."),
    Change("groups_range_twice", RANGES, RANGES + ", " + RANGES, "`range` is a duplicate."),
    Change("groups_observed_missing", ",\n  " + SEEN, "", "`observed` is missing."),
    Change("groups_observed_object", SEEN, '"observed": {}', "`observed` is an object."),
    Change("groups_observed_null", SEEN, SEEN.replace("[0, 1]", "null"),
           "A group has a range, and nothing was observed in it."),
    Change("groups_nothing_finite", '"nonfinite": 1', '"nonfinite": 7',
           "No element is finite, and something was observed."),
    Change("groups_head_comma_missing", '"axis": 1, ', '"axis": 1 ', "It is not JSON before the arrays."),
    Change("groups_text_after", "\n}\n", "\n}\nx\n", "Text follows the object."),
]


GOOD = {"good.json": CALIBRATION, "good_sigma.json": DEVIATIONS, "good_ema.json": AVERAGE,
        "good_groups.json": GROUPS}


def bad_calibrations() -> list[Bad]:
    whole = [
        Bad("empty.json", b"", "The file has no bytes at all."),
        Bad("not_object.json", b"[1, 2]\n", "It is JSON, an array and not an object."),
        Bad("object_empty.json", b"{}\n", "The object has no keys."),
        Bad("truncated.json", CALIBRATION.encode("ascii")[:400], "The file ends inside the object."),
    ]
    return whole + [apply_change(good, change) for good, changes in (
        (CALIBRATION, CALIBRATION_CHANGES), (DEVIATIONS, DEVIATIONS_CHANGES),
        (AVERAGE, AVERAGE_CHANGES), (GROUPS, GROUPS_CHANGES)) for change in changes]
