/* SPDX-License-Identifier: MIT */
/*
 * Floats as integers in the same order. The upper 16 bits of a key (sign, exponent and seven bits
 * of the fraction) are its bin. There are 65,536 bins for all that float32 can hold, and the width
 * of each is 2^-7 of its own magnitude, so an outlier does not make them too coarse for the other
 * elements. The lower 16 bits distinguish the floats of a bin.
 */
#ifndef QUANT_METHODS_FLOAT_KEYS_H
#define QUANT_METHODS_FLOAT_KEYS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/float_bits.h"

enum {
    QUANT_KEY_BINS = 1 << 16,
    QUANT_KEY_FIRST = 0x0080, /* the bin of -FLT_MAX, the first of finite floats */
    QUANT_KEY_ZERO = 0x8000,  /* of 0 and the smallest positive floats; -0 is in the bin before */
    QUANT_KEY_LAST = 0xFF7F   /* of FLT_MAX */
};

/* The sign bit is set for positive floats, and all bits are inverted for negative ones. -0 comes
 * before 0. */
static inline uint32_t quant_key(float x)
{
    const uint32_t bits = quant_float_bits(x);
    return bits ^ ((0U - (bits >> 31)) | 0x80000000U);
}

static inline float quant_key_value(uint32_t key)
{
    return quant_float_of_bits(key ^ (((key >> 31) - 1U) | 0x80000000U));
}

/* Counts x, or |x|, by bin. Elements that are not finite fall outside
 * QUANT_KEY_FIRST..QUANT_KEY_LAST. */
static inline void quant_keys_count(const float *x, size_t n, uint64_t counts[QUANT_KEY_BINS])
{
    for (size_t i = 0; i < n; i++)
        counts[quant_key(x[i]) >> 16]++;
}

static inline void quant_keys_count_magnitudes(const float *x, size_t n,
                                               uint64_t counts[QUANT_KEY_BINS])
{
    for (size_t i = 0; i < n; i++)
        counts[quant_key(fabsf(x[i])) >> 16]++;
}

/* Sorts n keys. scratch has room for as many. Returns where the sorted keys are: at keys or at
 * scratch. */
uint32_t *quant_keys_sort(uint32_t *keys, size_t n, uint32_t *scratch);

#endif
