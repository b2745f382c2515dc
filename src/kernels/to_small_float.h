/* SPDX-License-Identifier: MIT */
/*
 * How the vector kernels round to small floats.
 *
 * float16: by the instruction that converts, after a clamp to its largest number. Where it would
 * store -0, 0 is stored; where it meets a NaN, other code takes over.
 *
 * 8 bits: the numbers of both types are numbers of float16, if those of E4M3 are multiplied by
 * 2^-8. Its smallest normal number, 2^-6, then is that of float16, 2^-14. So the quotient is
 * computed with that factor, rounded to a number of the type while it is a float32, and converted
 * to float16 exactly. The bits of the result are those of the type, further to the left.
 *
 * A quotient with exponent e is rounded to a multiple of 2^(e - f), for a type with f fraction
 * bits, by adding 1.5 * 2^(e - f + 23) and subtracting it again. Below the smallest normal number
 * of the type, e is the exponent of that. A quotient that is rounded to 0 becomes +0, as it must.
 * One too large for float16 becomes infinite and then the largest number of the type; beyond 2^107
 * the added number may be NaN, and other code takes over.
 */
#ifndef QUANT_KERNELS_TO_SMALL_FLOAT_H
#define QUANT_KERNELS_TO_SMALL_FLOAT_H

#include "base/small_float.h"

#define QUANT_FLOAT16_MAX 65504.0F

/* The smallest normal number of float16, as float32. */
enum { QUANT_FLOAT16_MIN_EXPONENT = (127 - 14) << 23 };

/* The scale to divide by, so that the quotient has the factor. */
static inline float quant_scale_to_float16(const struct quant_small_float *type, float scale)
{
    return type == &quant_small_float8_e4m3fn ? scale * 0x1p8F : scale;
}

/* To be added to the exponent e, at its place in a float32: it gives 1.5 * 2^(e - f + 23). */
static inline int quant_rounding_shift(const struct quant_small_float *type)
{
    return (type->cut << 23) + (1 << 22);
}

#endif
