/* SPDX-License-Identifier: MIT */
/*
 * Finds the end of a JSON value fast, without checking what is inside: only quotes, brackets and
 * commas count. Use it to cut a text into pieces that are parsed, or to pass over one that is
 * parsed later. quant_json_skip_value checks everything, and takes ten times as long.
 */
#ifndef QUANT_RECORDS_JSON_EXTENT_H
#define QUANT_RECORDS_JSON_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros is the start of a value. */
struct quant_json_extent {
    uint64_t depth; /* of arrays and objects */
    bool in_string;
    bool is_escaped; /* in a string, right after a backslash */
};

/* Goes on from p. Returns the first ',', ']' or '}' that is outside the value, or end if the value
 * goes on after it. */
const char *quant_json_extent_end(struct quant_json_extent *extent, const char *p, const char *end);

#endif
