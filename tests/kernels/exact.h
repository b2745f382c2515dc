/* SPDX-License-Identifier: MIT */
/*
 * The mapping of one element again, by integer arithmetic only. It uses no division, rounding or
 * conversion of floating point, so it shares no mistake with the code that it checks.
 */
#ifndef QUANT_TESTS_KERNELS_EXACT_H
#define QUANT_TESTS_KERNELS_EXACT_H

#include <quant/quant.h>

#include "../support/floats.h"

/* magnitude * 2^exponent */
struct exact {
    uint64_t magnitude;
    int exponent;
};

/* From a finite float32; bit 23 is set unless it is 0. */
static inline struct exact exact_of(float value)
{
    const uint32_t bits = bits_of(value) & 0x7FFFFFFFU;
    const uint32_t biased = bits >> 23;
    struct exact exact = {bits & 0x7FFFFFU, -149};
    if (biased > 0) {
        exact.magnitude |= 0x800000U;
        exact.exponent += (int)biased - 1;
    }
    while (exact.magnitude && !(exact.magnitude & 0x800000U)) {
        exact.magnitude <<= 1;
        exact.exponent--;
    }
    return exact;
}

/* magnitude / 2^shift, rounded to the nearest integer; ties go to even, or up. sticky: the true
 * value is a little more than magnitude. */
static inline uint64_t exact_shift(uint64_t magnitude, int shift, bool sticky, bool half_up)
{
    if (shift <= 0)
        return magnitude;
    if (shift > 62)
        return 0; /* all magnitudes here are below 2^60 */
    const uint64_t whole = magnitude >> shift;
    const uint64_t rest = magnitude & ((UINT64_C(1) << shift) - 1);
    const uint64_t half = UINT64_C(1) << (shift - 1);
    const bool up = rest > half || (rest == half && (sticky || half_up || whole % 2 == 1));
    return whole + (up ? 1 : 0);
}

/* The float32 nearest to |x / s|, ties to even. Below FLT_MIN it keeps more bits than float32 has;
 * this does not affect rounding to integers. */
static inline struct exact exact_ratio(float x, float s)
{
    const struct exact above = exact_of(x);
    const struct exact below = exact_of(s);
    const uint64_t dividend = above.magnitude << 32; /* quotient of 32 or 33 bits */
    const uint64_t quotient = dividend / below.magnitude;
    const bool sticky = dividend % below.magnitude != 0;
    const int surplus = quotient >> 32 ? 9 : 8;
    return (struct exact){exact_shift(quotient, surplus, sticky, false),
                          above.exponent - below.exponent - 32 + surplus};
}

static inline int64_t exact_rounded(struct exact ratio, bool half_away)
{
    if (ratio.exponent > 30) /* exceeds every zero point and target range */
        return ratio.magnitude ? INT64_C(1) << 60 : 0;
    if (ratio.exponent >= 0)
        return (int64_t)(ratio.magnitude << ratio.exponent);
    return (int64_t)exact_shift(ratio.magnitude, -ratio.exponent, false, half_away);
}

/* rne(x / s) + z before the clamp. An infinity is far outside, NaN is z. */
static inline int64_t exact_mapped(const struct quant_params *params, float x)
{
    if (isnan(x))
        return params->zero_point;
    const bool away = params->rounding == QUANT_HALF_AWAY;
    const int64_t rounded =
        isinf(x) ? INT64_C(1) << 60 : exact_rounded(exact_ratio(x, params->scale), away);
    return (signbit(x) ? -rounded : rounded) + params->zero_point;
}

static inline int32_t exact_quantize(const struct quant_params *params, float x)
{
    const int64_t mapped = exact_mapped(params, x);
    if (mapped < params->qmin)
        return params->qmin;
    return mapped > params->qmax ? params->qmax : (int32_t)mapped;
}

#endif
