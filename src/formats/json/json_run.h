/* SPDX-License-Identifier: MIT */
/* Numbers of a JSON text as elements: many in a row quickly, and one at a time with its error. */
#ifndef QUANT_FORMATS_JSON_JSON_RUN_H
#define QUANT_FORMATS_JSON_JSON_RUN_H

#include "records/json_scan.h"

/* Whether elements of this type can be read from and written to JSON. */
bool quant_json_takes(enum quant_dtype dtype);

/*
 * Reads up to capacity elements of type dtype, separated by commas, from where the next value
 * belongs, to elements from the first-th on, which may be half a byte; stops without a word at
 * whatever is not plain. *behind_number: the last number read was passed over and no comma behind
 * it. Else the next value belongs here, as before. Returns how many elements it made.
 */
size_t quant_json_run(struct quant_json_scan *scan, enum quant_dtype dtype, void *elements,
                      size_t first, size_t capacity, bool *behind_number);

/* The first number of a text that float32 cannot hold. */
struct quant_json_beyond {
    bool found;
    uint64_t index;
    char token[QUANT_JSON_TOKEN];
};

/* Reads one, the first-th of elements, whose first byte is the next one. index is for the error,
 * that it is no number, or one that dtype cannot hold. A float32 may be NaN or infinite, in
 * Python's words or beyond float32, which is noted in *beyond unless it has been found. */
enum quant_status quant_json_one(struct quant_json_scan *scan, enum quant_dtype dtype,
                                 uint64_t index, void *elements, size_t first,
                                 struct quant_json_beyond *beyond, struct quant_error *error);

#endif
