/* SPDX-License-Identifier: MIT */
/*
 * The correctly rounded quotient x / s of many x by one s, without a division. With y = RN(1 / s),
 *
 *     q = RN(x y),   r = RN(x - q s),   t = RN(q + r y)
 *
 * the last two of which are fused, t is RN(x / s): Brisebarre, Muller and Raina, "Accelerating
 * correctly rounded floating-point division when the divisor is known in advance", 2004. Dividing
 * takes longer than all three.
 *
 * Only the mantissas matter as long as nothing overflows or loses bits to subnormals. For x and s
 * between 1 and 2, t is q + r y to within 2^-47 / s + 1.5 s 2^-49, so it can be wrong only if x / s
 * is that close to the middle m of two floats: if |x - m s| is at most 5 * 2^-48, of which it is a
 * multiple. test_exact_quotient tries all such x and s, if QUANT_PROVE=all. Exponents:
 *
 *     |x / s| >= 2^-18   r is a multiple of ulp(q) ulp(s), which is at least 2^(-18 - 23 - 80 - 23)
 *                        = 2^-144 for s >= 2^-80, so no bit of it is lost
 *     less               t may be wrong, but is at most 2^-17: every target maps that to zero
 *     overflow           q is infinite, or x is, and t is NaN: then callers divide
 */
#ifndef QUANT_KERNELS_EXACT_QUOTIENT_H
#define QUANT_KERNELS_EXACT_QUOTIENT_H

#include <stdbool.h>

/* Whether the method can be used: with s and, for quotients multiplied by 2^-8, with 2^8 s. */
static inline bool quant_quotient_is_exact(float scale)
{
    return scale >= 0x1p-80F && scale <= 0x1p100F;
}

#endif
