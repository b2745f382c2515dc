/* SPDX-License-Identifier: MIT */
/*
 * JSON text to elements, as a stream: a number, arrays nested to a regular shape, or an object of
 * `shape` and `data`, whose other keys are passed over, strictly by RFC 8259, except that float32
 * elements may be Python's NaN, Infinity and -Infinity. A reader takes about 70 KiB, whatever the
 * text.
 *
 * What is known of the shape (enum quant_shape_knowledge) after opening, which reads up to the
 * first number:
 *
 *     a number, an empty tensor          all of it
 *     arrays                             it grows
 *     an object, `shape` before `data`   all of it
 *     an object, `data` before `shape`   nothing until the end
 *
 * and all of it from the end of the data on, after a rewind too.
 *
 * Numbers become the nearest double and then the nearest float32, infinite beyond. For an
 * integer type each must be an integer that the type holds: 1.0 and 1e2 are.
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
