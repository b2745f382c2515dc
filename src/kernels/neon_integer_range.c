/* SPDX-License-Identifier: MIT */
/* NEON for the smallest and the largest of an array of integers. As in the AVX2 file, signed
 * integers are compared as unsigned ones, with the sign bit flipped. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "kernels/neon.h"
#include "kernels/scalar.h"

/* Bytes per step: four vectors, in chains of their own. */
enum { CHAINS = 4, VECTOR = 16, STEP_BYTES = CHAINS * VECTOR };

static void include(int32_t min, int32_t max, int32_t ends[2])
{
    ends[0] = min < ends[0] ? min : ends[0];
    ends[1] = max > ends[1] ? max : ends[1];
}

/* Both return how many bytes they have done, a multiple of STEP_BYTES. middle is what flipping the
 * sign bit adds to a number: 0 if it is not flipped. */
ALWAYS_INLINE size_t range_of_bytes(const unsigned char *q, size_t nbytes, bool are_nibbles,
                                    int32_t middle, int32_t ends[2])
{
    const uint8x16_t flip = vdupq_n_u8((uint8_t)middle);
    uint8x16_t min[CHAINS];
    uint8x16_t max[CHAINS];
    size_t i = 0;
    for (size_t k = 0; k < CHAINS; k++) {
        min[k] = vdupq_n_u8(UINT8_MAX);
        max[k] = vdupq_n_u8(0);
    }
    for (; nbytes - i >= STEP_BYTES; i += STEP_BYTES)
        for (size_t k = 0; k < CHAINS; k++) {
            const uint8x16_t v = vld1q_u8(q + i + VECTOR * k);
            const uint8x16_t low = veorq_u8(are_nibbles ? vandq_u8(v, vdupq_n_u8(15)) : v, flip);
            min[k] = vminq_u8(min[k], low);
            max[k] = vmaxq_u8(max[k], low);
            if (are_nibbles) {
                const uint8x16_t high = veorq_u8(vshrq_n_u8(v, 4), flip);
                min[k] = vminq_u8(min[k], high);
                max[k] = vmaxq_u8(max[k], high);
            }
        }
    for (size_t k = 0; i > 0 && k < CHAINS; k++)
        include(vminvq_u8(min[k]) - middle, vmaxvq_u8(max[k]) - middle, ends);
    return i;
}

ALWAYS_INLINE size_t range_of_words(const unsigned char *q, size_t nbytes, int32_t middle,
                                    int32_t ends[2])
{
    const uint16x8_t flip = vdupq_n_u16((uint16_t)middle);
    uint16x8_t min[CHAINS];
    uint16x8_t max[CHAINS];
    size_t i = 0;
    for (size_t k = 0; k < CHAINS; k++) {
        min[k] = vdupq_n_u16(UINT16_MAX);
        max[k] = vdupq_n_u16(0);
    }
    for (; nbytes - i >= STEP_BYTES; i += STEP_BYTES)
        for (size_t k = 0; k < CHAINS; k++) {
            const uint8x16_t bytes = vld1q_u8(q + i + VECTOR * k);
            const uint16x8_t v = veorq_u16(vreinterpretq_u16_u8(bytes), flip);
            min[k] = vminq_u16(min[k], v);
            max[k] = vmaxq_u16(max[k], v);
        }
    for (size_t k = 0; i > 0 && k < CHAINS; k++)
        include(vminvq_u16(min[k]) - middle, vmaxvq_u16(max[k]) - middle, ends);
    return i;
}

void quant_neon_integer_range_int8(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_bytes(q, n, false, 128, ends);
    quant_scalar_integer_range_int8((const unsigned char *)q + done, n - done, ends);
}

void quant_neon_integer_range_uint8(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_bytes(q, n, false, 0, ends);
    quant_scalar_integer_range_uint8((const unsigned char *)q + done, n - done, ends);
}

/* The last byte of an odd number of elements has one element: it is left to the scalar code. */
void quant_neon_integer_range_int4(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_bytes(q, n / 2, true, 8, ends);
    quant_scalar_integer_range_int4((const unsigned char *)q + done, n - 2 * done, ends);
}

void quant_neon_integer_range_uint4(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_bytes(q, n / 2, true, 0, ends);
    quant_scalar_integer_range_uint4((const unsigned char *)q + done, n - 2 * done, ends);
}

void quant_neon_integer_range_int16(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_words(q, 2 * n, 32768, ends);
    quant_scalar_integer_range_int16((const unsigned char *)q + done, n - done / 2, ends);
}

void quant_neon_integer_range_uint16(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of_words(q, 2 * n, 0, ends);
    quant_scalar_integer_range_uint16((const unsigned char *)q + done, n - done / 2, ends);
}

#endif
