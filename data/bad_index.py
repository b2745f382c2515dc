# SPDX-License-Identifier: MIT
"""The indexes of checkpoints of bad/index/, which make_bad.py writes.

To add a case, add one row: name, text, and a sentence.
"""

import json

from bad_sidecars import Bad

SHARD = "model.safetensors"


def shard(name: str, where: str, sentence: str) -> Bad:
    """An index whose only shard is called `where`."""
    return Bad(name + ".json", json.dumps({"weight_map": {"a": where}}).encode("ascii"), sentence)


def text(name: str, content: str | bytes, sentence: str) -> Bad:
    return Bad(name + ".json", content if isinstance(content, bytes) else content.encode("ascii"),
               sentence)


ROWS = [
    shard("shard_above", "../m/" + SHARD, "A shard is in the directory above."),
    shard("shard_absolute", "/dev/zero", "The path of a shard is absolute."),
    shard("shard_below", "sub/" + SHARD, "A shard is in a directory below."),
    shard("shard_in_place", "./" + SHARD, "The path of a shard begins with the directory itself."),
    shard("shard_dot", ".", "A shard is the directory."),
    shard("shard_dots", "..", "A shard is the directory above."),
    shard("shard_empty", "", "The name of a shard is empty."),
    shard("shard_escape", "a\x1b[31m/\n", "The path of a shard has an escape sequence and a newline."),
    shard("shard_long", "x" * 19999 + "/", "The path of a shard is 20,000 bytes long."),
    shard("shard_missing", "other.safetensors", "A shard is not there."),
    shard("tensor_missing", SHARD, "A shard does not hold the tensor that the index says."),
    text("shard_nul", '{"weight_map": {"a": "m\\u0000"}}', "The name of a shard has a NUL."),
    text("shard_not_utf8", b'{"weight_map": {"a": "m\xff"}}', "The name of a shard is not UTF-8."),
    text("shard_number", '{"weight_map": {"a": 1}}', "A shard is a number."),
    text("tensor_doubled", '{"weight_map": {"a": "%s", "\\u0061": "%s"}}' % (SHARD, SHARD),
         "A tensor occurs twice, once written with an escape."),
    text("tensor_not_utf8", b'{"weight_map": {"\xc3": "model.safetensors"}}',
         "The name of a tensor is not UTF-8."),
    text("map_doubled", '{"weight_map": {}, "weight_map": {}}', "`weight_map` occurs twice."),
    text("map_array", '{"weight_map": []}', "`weight_map` is an array."),
    text("map_missing", '{"metadata": {}}', "There is no `weight_map`."),
    text("text_after", '{"weight_map": {}} x', "Text follows the object."),
    text("truncated", '{"weight_map": {"a": "model.safete', "The file ends inside a name."),
    text("not_object", "[]", "It is an array."),
    text("empty", "", "The file is empty."),
]


def bad_index() -> list[Bad]:
    return ROWS
