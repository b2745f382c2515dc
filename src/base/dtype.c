/* SPDX-License-Identifier: MIT */
/*
 * The table of number formats. It is in the lowest directory because formats, kernels and core all
 * need its sizes and names. A type added to enum quant_dtype needs a row here.
 */
#include "base/rounding.h"

#include <float.h>
#include <math.h>
#include <quant/quant.h>
#include <string.h>

#include "base/float_environment.h"

static const struct quant_dtype_info rows[QUANT_DTYPE_COUNT] = {
    /* name, short name, bits, is_integer, quantizes, is_source, is_unscaled, is_scale, min, max,
     * epsilon, needs_scale, block_nelems, block_nbytes */
    [QUANT_INT8] = {"int8", "i8", 8, true, true, false, false, false, -128, 127, 1, false, 0, 0},
    [QUANT_UINT8] = {"uint8", "u8", 8, true, true, false, false, false, 0, 255, 1, false, 0, 0},
    [QUANT_INT4] = {"int4", "i4", 4, true, true, false, false, false, -8, 7, 1, false, 0, 0},
    [QUANT_UINT4] = {"uint4", "u4", 4, true, true, false, false, false, 0, 15, 1, false, 0, 0},
    [QUANT_INT16] = {"int16", "i16", 16, true, true, false, false, false, -32768, 32767, 1, false,
                     0, 0},
    [QUANT_UINT16] = {"uint16", "u16", 16, true, true, false, false, false, 0, 65535, 1, false, 0,
                      0},
    /* OCP OFP8. e4m3fn: 4 bits of precision; the largest pattern is NaN, so the maximum is (2 -
     * 2^-2) 2^8. e5m2: 3 bits of precision, (2 - 2^-2) 2^15. */
    [QUANT_FLOAT8_E4M3FN] = {"float8_e4m3fn", "f8e4m3", 8, false, true, true, false, false, -448,
                             448, 0x1p-3, false, 0, 0},
    [QUANT_FLOAT8_E5M2] = {"float8_e5m2", "f8e5m2", 8, false, true, true, false, false, -57344,
                           57344, 0x1p-2, false, 0, 0},
    /* IEEE 754 binary16: 11 bits of precision, (2 - 2^-10) 2^15. */
    [QUANT_FLOAT16] = {"float16", "f16", 16, false, true, true, true, true, -65504, 65504, 0x1p-10,
                       false, 0, 0},
    /* The upper half of a float32: 8 bits of precision, (2 - 2^-7) 2^127. */
    [QUANT_BFLOAT16] = {"bfloat16", "bf16", 16, false, true, true, true, true, -0x1.FEp127,
                        0x1.FEp127, 0x1p-7, false, 0, 0},
    [QUANT_FLOAT32] = {"float32", "f32", 32, false, false, true, false, true, -(double)FLT_MAX,
                       (double)FLT_MAX, (double)FLT_EPSILON, false, 0, 0},
    [QUANT_FLOAT64] = {"float64", "f64", 64, false, false, true, false, false, -DBL_MAX, DBL_MAX,
                       DBL_EPSILON, false, 0, 0},
    [QUANT_INT32] = {"int32", "i32", 32, true, true, false, false, false, -2147483648.0, 2147483647,
                     1, true, 0, 0},
    [QUANT_Q8_0] = {"q8_0", "q8_0", 9, false, false, false, true, false, 0, 0, 0, false, 32, 34},
    [QUANT_Q4_0] = {"q4_0", "q4_0", 5, false, false, false, true, false, 0, 0, 0, false, 32, 18},
    [QUANT_Q4_1] = {"q4_1", "q4_1", 5, false, false, false, true, false, 0, 0, 0, false, 32, 20},
    [QUANT_Q5_0] = {"q5_0", "q5_0", 6, false, false, false, true, false, 0, 0, 0, false, 32, 22},
    [QUANT_Q5_1] = {"q5_1", "q5_1", 6, false, false, false, true, false, 0, 0, 0, false, 32, 24},
};

const struct quant_dtype_info *quant_dtype_info(enum quant_dtype dtype)
{
    const unsigned index = (unsigned)dtype;
    return index < QUANT_DTYPE_COUNT && rows[index].name ? &rows[index] : NULL;
}

enum quant_dtype quant_dtype_from_name(const char *name)
{
    for (unsigned i = 0; name && i < QUANT_DTYPE_COUNT; i++)
        if (rows[i].name &&
            (strcmp(rows[i].name, name) == 0 || strcmp(rows[i].short_name, name) == 0))
            return (enum quant_dtype)i;
    return QUANT_DTYPE_NONE;
}

uint64_t quant_dtype_bytes(enum quant_dtype dtype, uint64_t nelems)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info)
        return 0;
    if (info->block_nelems > 0) {
        const uint64_t nblocks = nelems / info->block_nelems + (nelems % info->block_nelems > 0);
        return nblocks > UINT64_MAX / info->block_nbytes ? UINT64_MAX
                                                         : nblocks * info->block_nbytes;
    }
    if (info->bits == 4)
        return nelems / 2 + nelems % 2;
    const uint64_t size = info->bits / 8;
    return nelems > UINT64_MAX / size ? UINT64_MAX : nelems * size;
}

/* Rounds x to the nearest number of a type with `precision` significant bits whose smallest normal
 * number is 2^min_exponent. Numbers of x's magnitude are multiples of 2^step. */
static double round_to_precision(double x, int precision, int min_exponent, double max)
{
    int exponent = 0;
    frexp(x, &exponent); /* |x| in [2^(exponent-1), 2^exponent) */
    const int lowest = exponent - 1 < min_exponent ? min_exponent : exponent - 1;
    const int step = lowest - (precision - 1);
    const double rounded = ldexp(rint(ldexp(x, -step)), step);
    return fabs(rounded) > max ? copysign((double)INFINITY, x) : rounded;
}

static double round_to_integer(const struct quant_dtype_info *info, double x)
{
    if (isnan(x))
        return 0;
    return fmin(fmax(rint(x), info->min), info->max);
}

double quant_round_to_dtype(enum quant_dtype dtype, double x)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info || info->block_nelems > 0)
        return (double)NAN;
    if (info->is_integer)
        return round_to_integer(info, x);
    if (!isfinite(x) || x == 0 || dtype == QUANT_FLOAT64)
        return x;
    if (dtype == QUANT_FLOAT32)
        return (double)(float)x;
    static const int min_exponents[QUANT_DTYPE_COUNT] = {
        [QUANT_FLOAT8_E4M3FN] = -6,
        [QUANT_FLOAT8_E5M2] = -14,
        [QUANT_FLOAT16] = -14,
        [QUANT_BFLOAT16] = -126,
    };
    const int precision = 1 - ilogb(info->epsilon);
    return round_to_precision(x, precision, min_exponents[dtype], info->max);
}

double quant_dtype_round(enum quant_dtype dtype, double x)
{
    QUANT_DEFAULT_FLOATS(caller);
    const volatile double argument = x;
    const volatile double rounded = quant_round_to_dtype(dtype, argument);
    return rounded;
}
