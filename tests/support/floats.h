/* SPDX-License-Identifier: MIT */
/* float32 elements that are easy to get wrong. */
#ifndef QUANT_TESTS_SUPPORT_FLOATS_H
#define QUANT_TESTS_SUPPORT_FLOATS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "random.h"

static inline float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline bool same_bits(float a, float b)
{
    return bits_of(a) == bits_of(b);
}

/* The limits of each kind, without the sign: zero, subnormals, normals, infinity, quiet and
 * signalling NaNs; and the limits of conversions to integers. */
static const uint32_t special_floats[] = {
    0x00000000, 0x00000001, 0x00000002, 0x003FFFFF, 0x00400000, 0x007FFFFF, 0x00800000, 0x00800001,
    0x33800000, 0x3EFFFFFF, 0x3F000000, 0x3F000001, 0x3F7FFFFF, 0x3F800000, 0x3FC00000, 0x42FE0000,
    0x42FF0000, 0x43000000, 0x437F0000, 0x437F8000, 0x43800000, 0x47000000, 0x477FFF00, 0x4A800000,
    0x4AFFFFFF, 0x4B000000, 0x4B7FFFFF, 0x4B800000, 0x4EFFFFFF, 0x4F000000, 0x4F000001, 0x4F7FFFFF,
    0x4F800000, 0x5EFFFFFF, 0x5F000000, 0x5F800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FA00000,
    0x7FBFFFFF, 0x7FC00000, 0x7FC12345, 0x7FFFFFFF,
};

enum { SPECIAL_FLOATS = sizeof special_floats / sizeof special_floats[0] };

static inline float random_special(struct random *random)
{
    const uint32_t magnitude = special_floats[random_below(random, SPECIAL_FLOATS)];
    return float_of(magnitude | (random_64(random) & 1 ? 0x80000000U : 0));
}

/* value moved by -max .. max units in the last place, but not through zero or to infinity. */
static inline float random_nudge(struct random *random, float value, uint32_t max)
{
    const uint32_t by = random_below(random, 2 * max + 1) - max;
    const uint32_t bits = bits_of(value);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    return magnitude < max || magnitude > 0x7F7FFF00U ? value : float_of(bits + by);
}

/* An x for which x / scale + zero_point is halfway between two integers, as far as float32 has it,
 * or up to max units beside it. */
static inline float random_tie(struct random *random, float scale, int32_t zero_point, uint32_t max)
{
    const double k = (double)random_below(random, 600) - 300 + 0.5;
    const double shift = random_64(random) & 1 ? (double)zero_point : 0;
    return random_nudge(random, (float)((k - shift) * (double)scale), max);
}

/* A mixture: random bits, specials, ties, and elements in the whole target range. */
static inline float random_element(struct random *random, float scale, int32_t zero_point)
{
    switch (random_below(random, 8)) {
    case 0:
        return random_special(random);
    case 1:
        return float_of((uint32_t)random_64(random));
    case 2:
    case 3:
    case 4:
        return random_tie(random, scale, zero_point, 3);
    default:
        return (float)((random_unit(random) - 0.5) * 700 * (double)scale);
    }
}

static inline void random_elements(struct random *random, float scale, int32_t zero_point, float *x,
                                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = random_element(random, scale, zero_point);
}

/* Standard normal, by Box and Muller: what weights look like. */
static inline void random_normals(struct random *random, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double radius = sqrt(-2 * log(1 - random_unit(random)));
        x[i] = (float)(radius * cos(6.283185307179586 * random_unit(random)));
    }
}

/* Finite and above 0, any exponent. */
static inline float random_scale(struct random *random)
{
    return float_of(1 + random_below(random, 0x7F7FFFFFU));
}

#endif
