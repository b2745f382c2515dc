/* SPDX-License-Identifier: MIT */
/* Arrays of scales and of zero points, whatever numbers a file has them as. */
#ifndef QUANT_ENGINE_FILES_SCALE_ARRAYS_H
#define QUANT_ENGINE_FILES_SCALE_ARRAYS_H

#include "formats/tensor_file.h"

/* Reads all elements of the i-th tensor of file, which has floats: QUANT_INVALID if not. They are
 * rounded to float32, and lie in the order of the tensor. */
enum quant_status quant_scale_array_read(const struct quant_tensor_file *file, size_t i,
                                         float *scales, struct quant_error *error);

/* The same for the integers that quant knows, and int64 in little-endian. QUANT_INVALID for other
 * types, and if one of them exceeds 32 bits. */
enum quant_status quant_zero_point_array_read(const struct quant_tensor_file *file, size_t i,
                                              int32_t *zero_points, struct quant_error *error);

/* Puts n = the product of shape's elements of 4 bytes, which lie in C order if to_fortran and else
 * in Fortran order, into the other order. QUANT_NO_MEMORY. */
enum quant_status quant_array_reorder(void *elements, const struct quant_shape *shape,
                                      bool to_fortran, struct quant_error *error);

#endif
