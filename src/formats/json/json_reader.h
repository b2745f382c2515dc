/* SPDX-License-Identifier: MIT */
/*
 * JSON text to elements, as a stream: a number, arrays nested to a regular shape, or an object with
 * `shape` and `data`, whose other keys are ignored. It follows RFC 8259 strictly, except that
 * float32 elements may be NaN, Infinity and -Infinity as in Python. A reader takes about 70 KiB for
 * any text.
 *
 * Opening reads up to the first number. What is known of the shape then (enum
 * quant_shape_knowledge):
 *
 *     a number, an empty tensor          all of it
 *     arrays                             it grows
 *     an object, `shape` before `data`   all of it
 *     an object, `data` before `shape`   nothing until the end
 *
 * At the end of the data all of it is known, and after a rewind too.
 *
 * Numbers are rounded to the nearest double and then to the nearest float32, or to infinity. For an
 * integer type, each must be an integer of the type; 1.0 and 1e2 are integers.
 */
#ifndef QUANT_FORMATS_JSON_JSON_READER_H
#define QUANT_FORMATS_JSON_JSON_READER_H

#include "formats/format.h"

/* See format.h. Errors: QUANT_CORRUPT, QUANT_TRUNCATED, QUANT_OUT_OF_RANGE for numbers, and
 * QUANT_UNSUPPORTED for more than QUANT_MAX_DIMS dimensions or a type that JSON cannot deliver. */
enum quant_status quant_json_open_reader(struct quant_source *source,
                                         const struct quant_read_request *request,
                                         struct quant_reader **reader, struct quant_error *error);

#endif
