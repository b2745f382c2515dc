/* SPDX-License-Identifier: MIT */
/*
 * Elements to JSON text: arrays nested like the shape, without white space, with a newline at the
 * end. The shape may grow while elements are written (QUANT_SHAPE_GROWING): brackets are closed
 * once their dimension is known.
 *
 * A tensor without elements is nested too, "[[],[]]", if that represents its shape in a text of
 * reasonable length. If not, as for (0, 3), the object form is used: {"shape":[0,3],"data":[]}.
 *
 * float32 is written with nine significant digits in any locale; reading them gives the same bits.
 */
#ifndef QUANT_FORMATS_JSON_JSON_WRITER_H
#define QUANT_FORMATS_JSON_JSON_WRITER_H

#include "formats/format.h"

/* See format.h. Errors when opening: QUANT_UNSUPPORTED for a type that JSON cannot represent, or
 * for Fortran order that differs from C order. Errors when writing: QUANT_NONFINITE, since JSON has
 * no NaN; QUANT_INVALID for more or fewer elements than the shape has; errors of the sink. */
enum quant_status quant_json_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error);

#endif
