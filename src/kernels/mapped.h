/* SPDX-License-Identifier: MIT */
/*
 * The mappings of enum quant_mapping_kind but the plain one, as loops without branches that
 * compilers vectorize, for all instruction sets. A kernel file includes this and calls
 * quant_mapped_8 and quant_mapped_16 from functions that have its target attributes.
 *
 * Elements are clipped before they are rounded, which gives the same, since the ends are integers.
 * Then they are below 2^17, and adding 1.5 * 2^23 rounds them to an integer, ties to even.
 */
#ifndef QUANT_KERNELS_MAPPED_H
#define QUANT_KERNELS_MAPPED_H

#include "base/float_bits.h"
#include "kernels/kernels.h"

#define QUANT_MAPPED_INLINE static inline __attribute__((always_inline))

/* What an element's mapping depends on, with everything worked out that is the same for all. */
struct quant_mapped {
    float by;     /* elements are divided or multiplied by it */
    float addend; /* to be added before rounding */
    float bias;   /* to be subtracted before dividing */
    float low;    /* what is rounded is clipped to these */
    float high;
    int32_t after; /* to be added after rounding */
};

/* Fills in *mapped. Returns false if all elements become qmin, as for an infinite factor. */
bool quant_mapped_begin(const struct quant_params *params, struct quant_mapped *mapped);

/* To the nearest bfloat16, ties to even. A NaN may become any number: it is replaced before. */
QUANT_MAPPED_INLINE float quant_mapped_to_bfloat16(float x)
{
    const uint32_t bits = quant_float_bits(x);
    return quant_float_of_bits((bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U);
}

/* The same for float16. Adding and subtracting 2^13 times the power of two below x rounds to the 11
 * digits that x keeps; below 2^-14 that power stays, as float16 is evenly spaced from there on.
 * What rounds to 65536 is infinite. Nothing to choose between: compilers do not vectorize a choice
 * that hides a sum. */
QUANT_MAPPED_INLINE float quant_mapped_to_float16(float x)
{
    const uint32_t sign = quant_float_bits(x) & 0x80000000U;
    const uint32_t all = quant_float_bits(x) & 0x7FFFFFFFU;
    const uint32_t bits = all < 0x47800000U ? all : 0x47800000U;
    const uint32_t power = bits & 0x7F800000U;
    const uint32_t large = (power > 0x38800000U ? power : 0x38800000U) + (13U << 23);
    const float rounded =
        (quant_float_of_bits(bits) + quant_float_of_bits(large)) - quant_float_of_bits(large);
    const uint32_t beyond = 0U - (uint32_t)(quant_float_bits(rounded) >= 0x47800000U);
    return quant_float_of_bits(quant_float_bits(rounded) | (beyond & 0x7F800000U) | sign);
}

/* 0 for a NaN */
QUANT_MAPPED_INLINE float quant_mapped_number(float x)
{
    return quant_float_of_bits(quant_float_bits(x) & (0U - (uint32_t)(x == x)));
}

QUANT_MAPPED_INLINE float quant_mapped_clip(const struct quant_mapped *mapped, float x)
{
    const float v = x > mapped->low ? x : mapped->low;
    return v < mapped->high ? v : mapped->high;
}

QUANT_MAPPED_INLINE int32_t quant_mapped_even(float x)
{
    return (int32_t)((x + 0x1.8p23F) - 0x1.8p23F);
}

/* Rounded to even first; a tie that went towards zero goes back. The difference is exact. */
QUANT_MAPPED_INLINE int32_t quant_mapped_away(float x)
{
    const uint32_t sign = quant_float_bits(x) & 0x80000000U;
    const float magnitude = quant_float_of_bits(quant_float_bits(x) & 0x7FFFFFFFU);
    const float even = (magnitude + 0x1.8p23F) - 0x1.8p23F;
    const float away = even + (float)(magnitude - even == 0.5F);
    return (int32_t)quant_float_of_bits(quant_float_bits(away) | sign);
}

/* ---- One element, by kind ---- */

QUANT_MAPPED_INLINE int32_t quant_mapped_reciprocal(const struct quant_mapped *mapped, float x)
{
    const float product = quant_mapped_number(x * mapped->by);
    return quant_mapped_even(quant_mapped_clip(mapped, product)) + mapped->after;
}

QUANT_MAPPED_INLINE int32_t quant_mapped_sum(const struct quant_mapped *mapped, float x)
{
    const float quotient = quant_mapped_number(x / mapped->by);
    return quant_mapped_even(quant_mapped_clip(mapped, quotient + mapped->addend));
}

QUANT_MAPPED_INLINE int32_t quant_mapped_sum_bfloat16(const struct quant_mapped *mapped, float x)
{
    const float quotient = quant_mapped_to_bfloat16(quant_mapped_number(x / mapped->by));
    const float sum = quant_mapped_to_bfloat16(quotient + mapped->addend);
    return quant_mapped_even(quant_mapped_clip(mapped, sum));
}

/* With zero point 0 there is nothing to add. */
QUANT_MAPPED_INLINE int32_t quant_mapped_quotient_bfloat16(const struct quant_mapped *mapped,
                                                           float x)
{
    const float quotient = quant_mapped_to_bfloat16(quant_mapped_number(x / mapped->by));
    return quant_mapped_even(quant_mapped_clip(mapped, quotient));
}

QUANT_MAPPED_INLINE int32_t quant_mapped_sum_float16(const struct quant_mapped *mapped, float x)
{
    const float quotient = quant_mapped_to_float16(quant_mapped_number(x / mapped->by));
    const float sum = quant_mapped_to_float16(quotient + mapped->addend);
    return quant_mapped_even(quant_mapped_clip(mapped, sum));
}

QUANT_MAPPED_INLINE int32_t quant_mapped_factor(const struct quant_mapped *mapped, float x)
{
    return quant_mapped_away(quant_mapped_clip(mapped, quant_mapped_number(x * mapped->by)));
}

QUANT_MAPPED_INLINE int32_t quant_mapped_float16(const struct quant_mapped *mapped, float x)
{
    const float rounded = quant_mapped_to_float16(quant_mapped_number(x));
    return quant_mapped_even(quant_mapped_clip(mapped, quant_mapped_number(rounded * mapped->by)));
}

QUANT_MAPPED_INLINE int32_t quant_mapped_bias(const struct quant_mapped *mapped, float x)
{
    const float quotient = quant_mapped_number((x - mapped->bias) / mapped->by);
    return quant_mapped_even(quant_mapped_clip(mapped, quotient));
}

/* ---- All elements ---- */

#define QUANT_MAPPED_LOOP(element, bits)                                                           \
    for (size_t i = 0; i < n; i++)                                                                 \
    q[i] = (int##bits##_t)element(mapped, x[i])

#define QUANT_MAPPED_LOOPS(bits)                                                                   \
    QUANT_MAPPED_INLINE void quant_mapped_##bits(const struct quant_params *params,                \
                                                 const float *restrict x, size_t n,                \
                                                 int##bits##_t *restrict q)                        \
    {                                                                                              \
        struct quant_mapped own;                                                                   \
        const struct quant_mapped *mapped = &own;                                                  \
        if (!quant_mapped_begin(params, &own)) {                                                   \
            for (size_t i = 0; i < n; i++)                                                         \
                q[i] = (int##bits##_t)params->qmin;                                                \
            return;                                                                                \
        }                                                                                          \
        switch (params->mapping) {                                                                 \
        case QUANT_MAP_PLAIN:                                                                      \
            break;                                                                                 \
        case QUANT_MAP_RECIPROCAL:                                                                 \
            QUANT_MAPPED_LOOP(quant_mapped_reciprocal, bits);                                      \
            break;                                                                                 \
        case QUANT_MAP_DIVIDE:                                                                     \
            QUANT_MAPPED_LOOP(quant_mapped_sum, bits);                                             \
            break;                                                                                 \
        case QUANT_MAP_SUM:                                                                        \
        case QUANT_MAP_SCALE_TOO:                                                                  \
            if (params->arithmetic == QUANT_BFLOAT16 && mapped->addend == 0)                       \
                QUANT_MAPPED_LOOP(quant_mapped_quotient_bfloat16, bits);                           \
            else if (params->arithmetic == QUANT_BFLOAT16)                                         \
                QUANT_MAPPED_LOOP(quant_mapped_sum_bfloat16, bits);                                \
            else if (params->arithmetic == QUANT_FLOAT16)                                          \
                QUANT_MAPPED_LOOP(quant_mapped_sum_float16, bits);                                 \
            else                                                                                   \
                QUANT_MAPPED_LOOP(quant_mapped_sum, bits);                                         \
            break;                                                                                 \
        case QUANT_MAP_FACTOR:                                                                     \
            QUANT_MAPPED_LOOP(quant_mapped_factor, bits);                                          \
            break;                                                                                 \
        case QUANT_MAP_FLOAT16:                                                                    \
            QUANT_MAPPED_LOOP(quant_mapped_float16, bits);                                         \
            break;                                                                                 \
        case QUANT_MAP_BIAS:                                                                       \
            QUANT_MAPPED_LOOP(quant_mapped_bias, bits);                                            \
            break;                                                                                 \
        }                                                                                          \
    }

QUANT_MAPPED_LOOPS(8)
QUANT_MAPPED_LOOPS(16)

#endif
