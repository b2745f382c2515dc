/* SPDX-License-Identifier: MIT */
/* A scale may be any normal number of its type. */
#include "core/scale.h"

#include <float.h>
#include <math.h>

static enum quant_dtype stored_dtype(enum quant_dtype dtype)
{
    return dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : dtype;
}

/* bfloat16 has the exponents of float32. */
double quant_scale_smallest(enum quant_dtype dtype)
{
    return dtype == QUANT_FLOAT16 ? 0x1p-14 : (double)FLT_MIN;
}

double quant_scale_largest(enum quant_dtype dtype)
{
    return quant_dtype_info(stored_dtype(dtype))->max;
}

/* Rounds in steps of one unit in the last place, which is a power of two: only rounding to a whole
 * number of steps is inexact. A carry into the next exponent gives a number of the type too. */
static double round_kept(double kept, double epsilon, enum quant_direction direction)
{
    const double step = ldexp(epsilon, ilogb(kept));
    const double steps = kept / step;
    switch (direction) {
    case QUANT_UPWARD:
        return ceil(steps) * step;
    case QUANT_DOWNWARD:
        return floor(steps) * step;
    case QUANT_TO_NEAREST:
        break;
    }
    return rint(steps) * step;
}

float quant_scale_round(enum quant_dtype dtype, double scale, enum quant_direction direction)
{
    const enum quant_dtype stored = stored_dtype(dtype);
    const double kept =
        fmin(fmax(scale, quant_scale_smallest(stored)), quant_scale_largest(stored));
    if (stored == QUANT_FLOAT32 && direction == QUANT_TO_NEAREST)
        return (float)kept; /* the same, but faster: there may be many groups */
    return (float)round_kept(kept, quant_dtype_info(stored)->epsilon, direction);
}
