/* SPDX-License-Identifier: MIT */
/* Arithmetic on shapes, and their text. */
#ifndef QUANT_BASE_SHAPE_H
#define QUANT_BASE_SHAPE_H

#include <quant/file.h>

/* The product of the dimensions, 1 for a scalar. Returns false if it exceeds 63 bits. If a
 * dimension is 0, the product of the others must fit as well: NumPy refuses such shapes too. */
bool quant_shape_count(const struct quant_shape *shape, uint64_t *nelems);

/* A shape of ndim dimensions, at most QUANT_MAX_DIMS; dims may be NULL if ndim is 0. */
struct quant_shape quant_shape_of(const uint64_t *dims, size_t ndim);

/* Whether C and Fortran order differ: only if at least two dimensions are not 1. */
bool quant_shape_has_order(const struct quant_shape *shape);

bool quant_shape_equal(const struct quant_shape *a, const struct quant_shape *b);

/* "(3, 4)", "(7,)" or "()", as Python writes it, shortened with "..." if it does not fit. */
enum { QUANT_SHAPE_TEXT = 128 };
const char *quant_shape_text(const struct quant_shape *shape, char text[QUANT_SHAPE_TEXT]);

/* The multi-dimensional index of element `flat` in file order, in the same form: "[1, 0]". */
const char *quant_index_text(const struct quant_shape *shape, enum quant_order order, uint64_t flat,
                             char text[QUANT_SHAPE_TEXT]);

#endif
