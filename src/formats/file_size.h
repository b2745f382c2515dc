/* SPDX-License-Identifier: MIT */
/* The size of a file of one tensor, before it is written. */
#ifndef QUANT_FORMATS_FILE_SIZE_H
#define QUANT_FORMATS_FILE_SIZE_H

#include "formats/format.h"

/* The bytes of a file of nelems elements, by the law of layout: those that the format's writer will
 * write. Returns false, and leaves *nbytes alone, if they depend on the elements (text), or if
 * there is no memory. */
bool quant_format_file_size(const struct quant_format *format, enum quant_dtype dtype,
                            const struct quant_shape *shape, enum quant_order order,
                            uint64_t nelems, uint64_t *nbytes);

/* Whether the format can write such a tensor to a file of that name, which is not touched: the
 * error that its writer would have before the first element. */
enum quant_status quant_format_check_tensor(const struct quant_format *format, const char *name,
                                            enum quant_dtype dtype, const struct quant_shape *shape,
                                            enum quant_order order, struct quant_error *error);

#endif
