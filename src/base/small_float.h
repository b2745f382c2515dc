/* SPDX-License-Identifier: MIT */
/*
 * Floats of 8 and 16 bits: sign, exponent and fraction, and how to convert them.
 *
 *     float16         1-5-10, bias 15     IEEE 754 binary16
 *     bfloat16        1-8-7, bias 127     the upper half of a float32
 *     float8_e4m3fn   1-4-3, bias 7       OCP OFP8: no infinities, NaN is S.1111.111 alone
 *     float8_e5m2     1-5-2, bias 15      OCP OFP8: infinities and NaN as in IEEE 754
 *
 * Without the sign bit, patterns are in the order of their numbers, subnormals included. So there
 * is a largest finite pattern, and a rounding that carries into the exponent gives the correct
 * result.
 */
#ifndef QUANT_BASE_SMALL_FLOAT_H
#define QUANT_BASE_SMALL_FLOAT_H

#include <math.h>
#include <quant/quant.h>

#include "base/float_bits.h"

struct quant_small_float {
    uint16_t sign;     /* the bit */
    uint16_t max;      /* pattern of the largest finite number */
    uint16_t infinity; /* pattern; 0: the type has no infinity */
    uint16_t nan;      /* the quiet NaN that is written */
    int cut;           /* how many more fraction bits float32 has */
    uint32_t rebias; /* difference of the exponent biases, at the position of float32's exponent */
    float widening;  /* the inverse of rebias, as a factor */
    double steps;    /* subnormals are multiples of 1 / steps */
};

static const struct quant_small_float quant_small_float16 = {
    0x8000, 0x7BFF, 0x7C00, 0x7E00, 13, (127U - 15) << 23, 0x1p112F, 0x1p24};
static const struct quant_small_float quant_small_bfloat16 = {0x8000, 0x7F7F, 0x7F80, 0x7FC0,
                                                              16,     0,      1,      0x1p133};
static const struct quant_small_float quant_small_float8_e4m3fn = {
    0x80, 0x7E, 0, 0x7F, 20, (127U - 7) << 23, 0x1p120F, 0x1p9};
static const struct quant_small_float quant_small_float8_e5m2 = {
    0x80, 0x7B, 0x7C, 0x7E, 21, (127U - 15) << 23, 0x1p112F, 0x1p16};

/* NULL if the type is not one of these. */
static inline const struct quant_small_float *quant_small_float(enum quant_dtype dtype)
{
    switch (dtype) {
    case QUANT_FLOAT16:
        return &quant_small_float16;
    case QUANT_BFLOAT16:
        return &quant_small_bfloat16;
    case QUANT_FLOAT8_E4M3FN:
        return &quant_small_float8_e4m3fn;
    case QUANT_FLOAT8_E5M2:
        return &quant_small_float8_e5m2;
    default:
        return NULL;
    }
}

/* The pattern of |x|, rounded half to even as if the exponent were unlimited: if x does not fit,
 * the result is above type->max. x is not NaN. */
static inline uint32_t quant_small_float_round(const struct quant_small_float *type, float x)
{
    uint32_t bits = quant_float_bits(x) & 0x7FFFFFFFU;
    if (bits < type->rebias + (1U << 23)) /* subnormal in this type */
        return (uint32_t)rint(fabs((double)x) * type->steps);
    bits -= type->rebias;
    const uint32_t below_half = (1U << (type->cut - 1)) - 1;
    return (bits + below_half + (bits >> type->cut & 1U)) >> type->cut;
}

/* The pattern of the nearest number, saturating. -0 and numbers that round to 0 become +0. */
static inline uint32_t quant_small_float_encode(const struct quant_small_float *type, float x)
{
    if (isnan(x))
        return type->nan;
    const uint32_t rounded = quant_small_float_round(type, x);
    const uint32_t magnitude = rounded < type->max ? rounded : type->max;
    return magnitude == 0 || !signbit(x) ? magnitude : magnitude | type->sign;
}

/* The number of a pattern, exactly. Every NaN pattern gives the same quiet NaN. */
static inline float quant_small_float_decode(const struct quant_small_float *type, uint32_t pattern)
{
    const uint32_t magnitude = pattern & (type->sign - 1U);
    const float narrow = quant_float_of_bits(magnitude << type->cut);
    if (magnitude > type->max && magnitude != type->infinity)
        return (float)NAN;
    const float value = magnitude > type->max ? (float)INFINITY : narrow * type->widening;
    return pattern & type->sign ? -value : value;
}

/* The i-th pattern of an array. */
static inline uint32_t quant_small_float_get(const struct quant_small_float *type, const void *q,
                                             size_t i)
{
    return type->sign == 0x80 ? ((const uint8_t *)q)[i] : ((const uint16_t *)q)[i];
}

static inline void quant_small_float_put(const struct quant_small_float *type, void *q, size_t i,
                                         uint32_t pattern)
{
    if (type->sign == 0x80)
        ((uint8_t *)q)[i] = (uint8_t)pattern;
    else
        ((uint16_t *)q)[i] = (uint16_t)pattern;
}

#endif
