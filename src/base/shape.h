/* SPDX-License-Identifier: MIT */
/* Arithmetic on shapes. */
#ifndef QUANT_BASE_SHAPE_H
#define QUANT_BASE_SHAPE_H

#include <quant/file.h>

/* The product of the dimensions, 1 for a scalar; false where it exceeds 63 bits. Dimensions of 0
 * make it 0 only where the others fit too: a shape that NumPy refuses is refused here. */
bool quant_shape_count(const struct quant_shape *shape, uint64_t *nelems);

/* Whether C and Fortran order differ: with one dimension, or all others 1, they are the same. */
bool quant_shape_has_order(const struct quant_shape *shape);

bool quant_shape_equal(const struct quant_shape *a, const struct quant_shape *b);

/* "(3, 4)", "(7,)" or "()", as Python writes it, with "..." where it is longer than the room. */
enum { QUANT_SHAPE_TEXT = 128 };
const char *quant_shape_text(const struct quant_shape *shape, char text[QUANT_SHAPE_TEXT]);

/* The multi-dimensional index of the flat-th element in file order, in the same form: "[1, 0]". */
const char *quant_index_text(const struct quant_shape *shape, enum quant_order order, uint64_t flat,
                             char text[QUANT_SHAPE_TEXT]);

#endif
