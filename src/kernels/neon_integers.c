/* SPDX-License-Identifier: MIT */
/* NEON for 16-bit and 4-bit integers, by exact quotients. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "kernels/exact_quotient.h"
#include "kernels/fixed_point.h"
#include "kernels/neon.h"

/* Elements in several vectors. */
enum { TWO = 2 * LANES, FOUR = 4 * LANES };

struct division {
    float scale, inverse;
    float32x4_t lowest, highest; /* qmin - z and qmax - z, exact if z is near */
    int32x4_t zero_point;
    bool half_away;
    bool is_exact; /* exact_quotient may be used, where its result is not NaN */
};

static struct division make_division(const struct quant_params *params)
{
    return (struct division){
        .scale = params->scale,
        .inverse = 1 / params->scale,
        .lowest = vdupq_n_f32((float)params->qmin - (float)params->zero_point),
        .highest = vdupq_n_f32((float)params->qmax - (float)params->zero_point),
        .zero_point = vdupq_n_s32(params->zero_point),
        .half_away = params->rounding == QUANT_HALF_AWAY,
        .is_exact = quant_quotient_is_exact(params->scale),
    };
}

/* Four quotients that are not NaN to integers. */
ALWAYS_INLINE int32x4_t round_quotients(const struct division *by, float32x4_t t)
{
    t = vminq_f32(vmaxq_f32(t, by->lowest), by->highest);
    return vaddq_s32(by->half_away ? vcvtaq_s32_f32(t) : vcvtnq_s32_f32(t), by->zero_point);
}

/* 4 integers, by the same steps as divide in neon.c. */
ALWAYS_INLINE int32x4_t divide(const struct division *by, const float *x)
{
    const float32x4_t t = vdivq_f32(vld1q_f32(x), vdupq_n_f32(by->scale));
    const uint32x4_t ordered = vandq_u32(vreinterpretq_u32_f32(t), vceqq_f32(t, t));
    return round_quotients(by, vreinterpretq_f32_u32(ordered));
}

/* 8 integers, narrowed to 16 bits, signed or unsigned. */
static int16x8_t divide_words(const struct division *by, const float *x)
{
    return vmovn_high_s32(vmovn_s32(divide(by, x)), divide(by, x + LANES));
}

/* The same without a division if that is possible. */
ALWAYS_INLINE int16x8_t quantize_words(const struct division *by, const float *x)
{
    const float32x4_t low = exact_quotient(vld1q_f32(x), by->scale, by->inverse);
    const float32x4_t high = exact_quotient(vld1q_f32(x + LANES), by->scale, by->inverse);
    const uint32x4_t ordered = vandq_u32(vceqq_f32(low, low), vceqq_f32(high, high));
    if (__builtin_expect(!by->is_exact || vminvq_u32(ordered) == 0, 0))
        return divide_words(by, x);
    return vmovn_high_s32(vmovn_s32(round_quotients(by, low)), round_quotients(by, high));
}

/* Stores (q - z) * s for 4 integers. */
ALWAYS_INLINE void restore(int32x4_t q, int32x4_t zero_point, float scale, float *x)
{
    vst1q_f32(x, vmulq_n_f32(vcvtq_f32_s32(vsubq_s32(q, zero_point)), scale));
}

/* ---- 16 bits ---- */

/* Serves both types: narrowing 32 bits keeps the same bits. */
void quant_neon_quantize_words(const struct quant_params *params, const float *x, size_t n, void *q)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    int16_t *words = q;
    size_t i = 0;
    for (; divides && n - i >= TWO; i += TWO)
        vst1q_s16(words + i, quantize_words(&by, x + i));
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, words + i);
}

void quant_neon_dequantize_int16(const struct quant_params *params, const void *q, size_t n,
                                 float *x)
{
    const int32x4_t zero_point = vdupq_n_s32(params->zero_point);
    const bool is_near = quant_zero_point_is_near(params);
    const int16_t *words = q;
    size_t i = 0;
    for (; is_near && n - i >= TWO; i += TWO) {
        const int16x8_t v = vld1q_s16(words + i);
        restore(vmovl_s16(vget_low_s16(v)), zero_point, params->scale, x + i);
        restore(vmovl_high_s16(v), zero_point, params->scale, x + i + LANES);
    }
    quant_kernels_scalar.dequantize[QUANT_INT16](params, words + i, n - i, x + i);
}

void quant_neon_dequantize_uint16(const struct quant_params *params, const void *q, size_t n,
                                  float *x)
{
    const int32x4_t zero_point = vdupq_n_s32(params->zero_point);
    const bool is_near = quant_zero_point_is_near(params);
    const uint16_t *words = q;
    size_t i = 0;
    for (; is_near && n - i >= TWO; i += TWO) {
        const uint16x8_t v = vld1q_u16(words + i);
        restore(vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(v))), zero_point, params->scale,
                x + i);
        restore(vreinterpretq_s32_u32(vmovl_high_u16(v)), zero_point, params->scale, x + i + LANES);
    }
    quant_kernels_scalar.dequantize[QUANT_UINT16](params, words + i, n - i, x + i);
}

/* ---- 4 bits ---- */

/* 16 elements to 8 bytes. The elements with odd index are shifted into the upper halves. */
void quant_neon_quantize_nibbles(const struct quant_params *params, const float *x, size_t n,
                                 void *q)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    uint8_t *bytes = q;
    size_t i = 0;
    for (; divides && n - i >= FOUR; i += FOUR) {
        const int8x8_t low = vmovn_s16(quantize_words(&by, x + i));
        const int8x8_t high = vmovn_s16(quantize_words(&by, x + i + TWO));
        const uint8x8_t even = vreinterpret_u8_s8(vuzp1_s8(low, high));
        const uint8x8_t odd = vreinterpret_u8_s8(vuzp2_s8(low, high));
        vst1_u8(bytes + i / 2, vsli_n_u8(even, odd, 4));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, bytes + i / 2);
}

/* Flipping bit 3, the sign, and then subtracting 8 extends the sign. */
ALWAYS_INLINE void dequantize_nibbles(const struct quant_params *params, const uint8_t *q, size_t n,
                                      float *x, bool is_unsigned)
{
    const uint8x8_t sign = vdup_n_u8(is_unsigned ? 0 : 8);
    const int32x4_t zero_point = vdupq_n_s32(params->zero_point);
    const bool is_near = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; is_near && n - i >= FOUR; i += FOUR) {
        const uint8x8_t pairs = vld1_u8(q + i / 2);
        const uint8x8x2_t nibbles = vzip_u8(vand_u8(pairs, vdup_n_u8(0x0F)), vshr_n_u8(pairs, 4));
        for (size_t k = 0; k < 2; k++) {
            const uint8x8_t elements = vsub_u8(veor_u8(nibbles.val[k], sign), sign);
            const int16x8_t wide = vmovl_s8(vreinterpret_s8_u8(elements));
            float *to = x + i + TWO * k;
            restore(vmovl_s16(vget_low_s16(wide)), zero_point, params->scale, to);
            restore(vmovl_high_s16(wide), zero_point, params->scale, to + LANES);
        }
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i / 2, n - i, x + i);
}

void quant_neon_dequantize_int4(const struct quant_params *params, const void *q, size_t n,
                                float *x)
{
    dequantize_nibbles(params, q, n, x, false);
}

void quant_neon_dequantize_uint4(const struct quant_params *params, const void *q, size_t n,
                                 float *x)
{
    dequantize_nibbles(params, q, n, x, true);
}

#endif
