/* SPDX-License-Identifier: MIT */
/* NEON for parameters that change from element to element: ranges of many groups at once, and
 * integers by division with a scale and a zero point for each element. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>
#include <math.h>

#include "kernels/neon.h"
#include "kernels/scalar.h"

/* Elements in several vectors. */
enum { TWO = 2 * LANES, FOUR = 4 * LANES };

/* ---- Observing ---- */

/* x + x * 0 is x if x is finite (except for the sign of a zero), else NaN. For a NaN and a number,
 * vminnmq and vmaxnmq return the number. */
ALWAYS_INLINE float32x4_t finite_or_nan(float32x4_t v)
{
    return vfmaq_f32(v, v, vdupq_n_f32(0));
}

bool quant_neon_observe_each(const float *x, size_t n, float *min, float *max)
{
    uint32x4_t finite = vdupq_n_u32(UINT32_MAX);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const float32x4_t v = finite_or_nan(vld1q_f32(x + i));
        vst1q_f32(min + i, vminnmq_f32(v, vld1q_f32(min + i)));
        vst1q_f32(max + i, vmaxnmq_f32(v, vld1q_f32(max + i)));
        finite = vandq_u32(finite, vceqq_f32(v, v));
    }
    const bool rest = quant_scalar_observe_each(x + i, n - i, min + i, max + i);
    return rest && vminvq_u32(finite) != 0;
}

/* For runs of at least four elements. If a run does not fill its last vector, that vector overlaps
 * the one before it. */
bool quant_neon_observe_runs(const float *x, size_t nruns, size_t run, float *min, float *max)
{
    if (run < LANES)
        return quant_scalar_observe_runs(x, nruns, run, min, max);
    uint32x4_t finite = vdupq_n_u32(UINT32_MAX);
    for (size_t k = 0; k < nruns; k++, x += run) {
        float32x4_t low = vdupq_n_f32(min[k]);
        float32x4_t high = vdupq_n_f32(max[k]);
        for (size_t i = 0; i < run; i += LANES) {
            const size_t at = run - i < LANES ? run - LANES : i;
            const float32x4_t v = finite_or_nan(vld1q_f32(x + at));
            low = vminnmq_f32(v, low);
            high = vmaxnmq_f32(v, high);
            finite = vandq_u32(finite, vceqq_f32(v, v));
        }
        min[k] = vminvq_f32(low);
        max[k] = vmaxvq_f32(high);
    }
    return vminvq_u32(finite) != 0;
}

/* ---- Quantizing ---- */

/* Whether quant_zero_point_is_near holds for all of 16 zero points. |INT32_MIN| is 2^31. */
ALWAYS_INLINE bool are_near(const int32_t *zero_points)
{
    uint32x4_t max = vdupq_n_u32(0);
    for (size_t i = 0; i < FOUR; i += LANES)
        max = vmaxq_u32(max, vreinterpretq_u32_s32(vabsq_s32(vld1q_s32(zero_points + i))));
    return vmaxvq_u32(max) <= 1U << 22;
}

/* 4 integers, by the same steps as divide in neon.c. */
ALWAYS_INLINE int32x4_t divide_each(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, const float *x)
{
    const int32x4_t z = vld1q_s32(zero_points);
    const float32x4_t as_float = vcvtq_f32_s32(z);
    const float32x4_t lowest = vsubq_f32(vdupq_n_f32((float)common->qmin), as_float);
    const float32x4_t highest = vsubq_f32(vdupq_n_f32((float)common->qmax), as_float);
    float32x4_t t = vdivq_f32(vld1q_f32(x), vld1q_f32(scales));
    t = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(t), vceqq_f32(t, t)));
    t = vminq_f32(vmaxq_f32(t, lowest), highest);
    const bool half_away = common->rounding == QUANT_HALF_AWAY;
    return vaddq_s32(half_away ? vcvtaq_s32_f32(t) : vcvtnq_s32_f32(t), z);
}

/* 8 integers, narrowed to 16 bits. They are within the range of the type already. */
ALWAYS_INLINE int16x8_t divide_words(const struct quant_params *common, const float *scales,
                                     const int32_t *zero_points, const float *x)
{
    const int16x4_t low = vmovn_s32(divide_each(common, scales, zero_points, x));
    return vmovn_high_s32(low, divide_each(common, scales + LANES, zero_points + LANES, x + LANES));
}

enum packing { TO_NIBBLES, TO_BYTES, TO_WORDS };

/* Stores 16 integers. For nibbles, integers with odd index are shifted into the upper halves. */
ALWAYS_INLINE void pack(int16x8_t low, int16x8_t high, enum packing packing, uint8_t *q)
{
    const int8x16_t bytes = vmovn_high_s16(vmovn_s16(low), high);
    switch (packing) {
    case TO_NIBBLES: {
        const uint8x8_t first = vreinterpret_u8_s8(vget_low_s8(bytes));
        const uint8x8_t second = vreinterpret_u8_s8(vget_high_s8(bytes));
        vst1_u8(q, vsli_n_u8(vuzp1_u8(first, second), vuzp2_u8(first, second), 4));
        return;
    }
    case TO_BYTES:
        vst1q_u8(q, vreinterpretq_u8_s8(bytes));
        return;
    case TO_WORDS:
        vst1q_u8(q, vreinterpretq_u8_s16(low));
        vst1q_u8(q + FOUR, vreinterpretq_u8_s16(high));
        return;
    }
}

ALWAYS_INLINE void quantize_each(const struct quant_params *common, const float *scales,
                                 const int32_t *zero_points, const float *x, size_t n, uint8_t *q,
                                 enum packing packing)
{
    quant_quantize_each_fn *const scalar = quant_kernels_scalar.quantize_each[common->dtype];
    const size_t nbytes = packing == TO_NIBBLES ? FOUR / 2 : packing == TO_BYTES ? FOUR : 2 * FOUR;
    size_t i = 0;
    for (; n - i >= FOUR; i += FOUR, q += nbytes) {
        if (!are_near(zero_points + i)) {
            scalar(common, scales + i, zero_points + i, x + i, FOUR, q);
            continue;
        }
        const size_t next = i + TWO;
        pack(divide_words(common, scales + i, zero_points + i, x + i),
             divide_words(common, scales + next, zero_points + next, x + next), packing, q);
    }
    scalar(common, scales + i, zero_points + i, x + i, n - i, q);
}

/* Each of these serves the signed and the unsigned type: narrowing 32 bits keeps the same bits. */

void quant_neon_quantize_each_nibbles(const struct quant_params *common, const float *scales,
                                      const int32_t *zero_points, const float *x, size_t n, void *q)
{
    quantize_each(common, scales, zero_points, x, n, q, TO_NIBBLES);
}

void quant_neon_quantize_each_bytes(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, const float *x, size_t n, void *q)
{
    quantize_each(common, scales, zero_points, x, n, q, TO_BYTES);
}

void quant_neon_quantize_each_words(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, const float *x, size_t n, void *q)
{
    quantize_each(common, scales, zero_points, x, n, q, TO_WORDS);
}

/* ---- Dequantizing ---- */

/* x - z is exact if x is an integer of at most 16 bits and z is near. If z is 0, x may be any
 * float: subtracting 0 does not change it. */
void quant_neon_scale_each(const float *scales, const int32_t *zero_points, size_t n, float *x)
{
    size_t i = 0;
    for (; n - i >= FOUR; i += FOUR) {
        if (!are_near(zero_points + i)) {
            quant_scalar_scale_each(scales + i, zero_points + i, FOUR, x + i);
            continue;
        }
        for (size_t at = i; at < i + FOUR; at += LANES) {
            const float32x4_t z = vcvtq_f32_s32(vld1q_s32(zero_points + at));
            const float32x4_t steps = vsubq_f32(vld1q_f32(x + at), z);
            vst1q_f32(x + at, vmulq_f32(steps, vld1q_f32(scales + at)));
        }
    }
    quant_scalar_scale_each(scales + i, zero_points + i, n - i, x + i);
}

#endif
