/* SPDX-License-Identifier: MIT */
/*
 * Elements to JSON text: arrays nested like the shape, without white space, and a newline at the
 * end. The shape may grow while elements are written (QUANT_SHAPE_GROWING): brackets are closed
 * once their dimension is known.
 *
 * A tensor without elements is nested too, "[[],[]]", where that tells its shape in a text of
 * reasonable length. Where it does not, as (0, 3), the object form does: {"shape":[0,3],"data":[]}.
 *
 * float32 is written with nine significant digits, which read back to the same bits, in any locale.
 */
#ifndef QUANT_FORMATS_JSON_JSON_WRITER_H
#define QUANT_FORMATS_JSON_JSON_WRITER_H

#include "formats/format.h"

/* See format.h. Errors of opening: QUANT_UNSUPPORTED for a type that JSON does not take, or Fortran
 * order of a tensor where that differs from C order. Of writing: QUANT_NONFINITE, since JSON has no
 * NaN; QUANT_INVALID for more or fewer elements than the shape has; and those of the sink. */
enum quant_status quant_json_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error);

#endif
