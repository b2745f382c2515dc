/* SPDX-License-Identifier: MIT */
/*
 * Rounding the quotient to an integer without a division: the method of the vector kernels, and why
 * it is right.
 *
 * The result must be rne(T) + z, where T = RN(x / s) is the correctly rounded float32 quotient. Let
 * Q = x / s be the exact one. In fixed point with 16 fraction bits, one fused multiply-add and one
 * conversion compute
 *
 *     v = round(RN(x * factor + bias)),   factor = RN(2^16 / s),   bias = 2^16 z + 2^15 + guard
 *
 * v is 2^16 (Q + z + 1/2) + guard, except for a small error. Its upper half is then the integer, Q
 * + z rounded half up, and its lower half is the distance from the next tie below. A lane is
 * trusted if it is far enough from every tie: if its lower half, as an unsigned number, is at least
 * band = 2 guard. Then rne and rounding away from zero agree with rounding half up, and so does the
 * double rounding through T. All other lanes, about one in ten thousand, are computed again by
 * division. So the bytes are those of the division, at the cost of a multiplication.
 *
 * Ties outside the target range do not matter: both sides of such a tie are clamped to the same
 * integer, and v, which never falls as x grows, is outside the range too, up to its small error.
 * For Q + z inside the range, let B bound |Q|. In units of 2^-16 the errors are at most
 *
 *     B/256   from factor, whose relative error is 2^-24
 *     3/4     from the two roundings of v, which is below 2^24: half a unit in the last place is
 *             1/2 for the first rounding and 0 for the second; below 2^23 it is 1/4 and 1/2
 *     B/256   between Q and T: half a unit in the last place of a float32 quotient
 *
 * so guard > B/128 + 3/4 is enough: 2 for the symmetric range of int8. bias is exact: it is below
 * 2^24 for |z| <= 128 with any guard, and below 2^26 for |z| <= 512 with a guard that is a multiple
 * of 4.
 *
 * On x86, the conversion turns values that do not fit 32 bits into 0x80000000. Its lower half is 0,
 * so NaN, infinities and overflows are in the band without further checks. (NEON saturates instead:
 * 0x7fffffff has the integer 32767, which is clamped to the correct limit; NaN becomes 0, which is
 * in the band.) Integers outside the type saturate when the upper halves are narrowed to bytes,
 * which is the clamp. Scales below 2^-100 could make factor overflow, and zero points beyond 512
 * could make bias inexact: then usable is false.
 */
#ifndef QUANT_KERNELS_FIXED_POINT_H
#define QUANT_KERNELS_FIXED_POINT_H

#include <quant/quant.h>

struct quant_fixed_point {
    bool usable;
    float factor;
    float bias;
    uint16_t band;
};

enum { QUANT_FIXED_POINT_ZERO_POINT = 512 };

/* Whether q - z and the limits of the clamp are exact as float32, and no 32-bit difference can
 * overflow. This holds for every computed zero point (at most 2^22), but not for every given
 * one. */
static inline bool quant_zero_point_is_near(const struct quant_params *params)
{
    return params->zero_point >= -(1 << 22) && params->zero_point <= 1 << 22;
}

static inline int32_t quant_magnitude(int32_t a)
{
    return a < 0 ? -a : a;
}

/* 0: no guard is enough, and the method cannot be used. */
static inline int32_t quant_fixed_point_guard(int32_t qmin, int32_t qmax, int32_t zero_point)
{
    const int32_t z = zero_point;
    if (z < -QUANT_FIXED_POINT_ZERO_POINT || z > QUANT_FIXED_POINT_ZERO_POINT)
        return 0;
    const int32_t below = quant_magnitude(qmin - z);
    const int32_t above = quant_magnitude(qmax - z);
    const int32_t bound = below > above ? below : above;
    const int32_t guard = (bound + 96) / 128 + 1; /* 96/128: the 3/4 */
    return quant_magnitude(z) > 128 ? (guard + 3) / 4 * 4 : guard;
}

static inline struct quant_fixed_point quant_fixed_point_plan(const struct quant_params *params)
{
    const int32_t guard = quant_fixed_point_guard(params->qmin, params->qmax, params->zero_point);
    if (guard == 0 || !(params->scale >= 0x1p-100F))
        return (struct quant_fixed_point){.usable = false};
    return (struct quant_fixed_point){
        .usable = true,
        .factor = 0x1p16F / params->scale,
        .bias = (float)(params->zero_point * 65536 + 32768 + guard),
        .band = (uint16_t)(2 * guard),
    };
}

#endif
