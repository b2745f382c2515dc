/* SPDX-License-Identifier: MIT */
/* Numbers of a JSON text to elements: many at a time quickly, or one at a time with its error. */
#ifndef QUANT_FORMATS_JSON_JSON_RUN_H
#define QUANT_FORMATS_JSON_JSON_RUN_H

#include "records/json_scan.h"

/* Whether elements of this type can be read from and written to JSON. */
bool quant_json_takes(enum quant_dtype dtype);

/*
 * Reads up to capacity numbers of type dtype, separated by commas, to elements from index first on,
 * which may have half a byte each. scan must be where a value belongs. Stops at anything that is
 * not a plain number, without an error. *after_number: scan is after a number and before any comma;
 * if false, a value belongs here. Returns the number of elements.
 */
size_t quant_json_run(struct quant_json_scan *scan, enum quant_dtype dtype, void *elements,
                      size_t first, size_t capacity, bool *after_number);

/* The first number of a text that float32 cannot hold. */
struct quant_json_beyond {
    bool found;
    uint64_t index;
    char token[QUANT_JSON_TOKEN];
};

/* Reads one number, which begins at the next byte, to elements[first]. It is an error if it is not
 * a number or not one of dtype; index is for the message. A float32 may be NaN or infinite in
 * Python's words. If it exceeds float32 it becomes infinite, and the first such number is noted in
 * *beyond. */
enum quant_status quant_json_one(struct quant_json_scan *scan, enum quant_dtype dtype,
                                 uint64_t index, void *elements, size_t first,
                                 struct quant_json_beyond *beyond, struct quant_error *error);

#endif
