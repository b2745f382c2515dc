/* SPDX-License-Identifier: MIT */
/* NEON for float targets. to_small_float.h describes how it rounds. Steps with a NaN are left to
 * the scalar code. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "base/small_float.h"
#include "kernels/exact_quotient.h"
#include "kernels/neon.h"
#include "kernels/to_small_float.h"

/* Elements in several vectors. */
enum { TWO = 2 * LANES, FOUR = 4 * LANES };

/* ---- 16 bits ---- */

/* Stores 8 patterns, -0 as 0. Returns false, with nothing stored, if one of them is infinite or
 * NaN. */
ALWAYS_INLINE bool store_finite(uint16x8_t patterns, uint16_t infinity, uint16_t *q)
{
    const uint16x8_t twice = vshlq_n_u16(patterns, 1); /* without the sign */
    if (__builtin_expect(vmaxvq_u16(twice) >= 2 * infinity, 0))
        return false;
    vst1q_u16(q, vandq_u16(patterns, vtstq_u16(twice, twice)));
    return true;
}

/* 8 numbers as float16: infinity where they are too large, else rounded half to even. */
ALWAYS_INLINE uint16x8_t to_float16(float32x4_t low, float32x4_t high)
{
    return vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(low), high));
}

/* NaN stays NaN. */
ALWAYS_INLINE float32x4_t saturate(float32x4_t x)
{
    return vminq_f32(vmaxq_f32(x, vdupq_n_f32(-QUANT_FLOAT16_MAX)), vdupq_n_f32(QUANT_FLOAT16_MAX));
}

void quant_neon_quantize_float16(const struct quant_params *params, const float *x, size_t n,
                                 void *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[QUANT_FLOAT16];
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint16x8_t patterns =
            to_float16(saturate(vld1q_f32(x + i)), saturate(vld1q_f32(x + i + LANES)));
        if (!store_finite(patterns, quant_small_float16.infinity, words + i))
            scalar(params, x + i, TWO, words + i);
    }
    scalar(params, x + i, n - i, words + i);
}

/* The upper half is rounded half to even by adding to the lower half. */
ALWAYS_INLINE uint32x4_t round_upper(float32x4_t x)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t is_odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    return vaddq_u32(bits, vaddq_u32(is_odd, vdupq_n_u32(0x7FFF)));
}

/* A NaN is found before it is rounded, since the sum may overflow. */
void quant_neon_quantize_bfloat16(const struct quant_params *params, const float *x, size_t n,
                                  void *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[QUANT_BFLOAT16];
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const float32x4_t low = vld1q_f32(x + i);
        const float32x4_t high = vld1q_f32(x + i + LANES);
        const uint32x4_t ordered = vandq_u32(vceqq_f32(low, low), vceqq_f32(high, high));
        const uint16x8_t patterns = vuzp2q_u16(vreinterpretq_u16_u32(round_upper(low)),
                                               vreinterpretq_u16_u32(round_upper(high)));
        if (vminvq_u32(ordered) == 0 ||
            !store_finite(patterns, quant_small_bfloat16.infinity, words + i))
            scalar(params, x + i, TWO, words + i);
    }
    scalar(params, x + i, n - i, words + i);
}

void quant_neon_dequantize_float16(const struct quant_params *params, const void *q, size_t n,
                                   float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vst1q_f32(x + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(words + i))));
    quant_kernels_scalar.dequantize[QUANT_FLOAT16](params, words + i, n - i, x + i);
}

void quant_neon_dequantize_bfloat16(const struct quant_params *params, const void *q, size_t n,
                                    float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        vst1q_f32(x + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(words + i), 16)));
    quant_kernels_scalar.dequantize[QUANT_BFLOAT16](params, words + i, n - i, x + i);
}

/* ---- 8 bits ---- */

/* Rounds 4 quotients to numbers of the type. */
ALWAYS_INLINE float32x4_t round_to(const struct quant_small_float *type, float32x4_t t)
{
    const int32x4_t of_t = vandq_s32(vreinterpretq_s32_f32(t), vdupq_n_s32(0x7F800000));
    const int32x4_t exponent = vmaxq_s32(of_t, vdupq_n_s32(QUANT_FLOAT16_MIN_EXPONENT));
    const float32x4_t shift =
        vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(quant_rounding_shift(type))));
    return vsubq_f32(vaddq_f32(t, shift), shift);
}

/* 8 patterns of float16 to patterns of the type, saturated. */
ALWAYS_INLINE uint8x8_t narrow_patterns(const struct quant_small_float *type, uint16x8_t patterns)
{
    const uint16x8_t twice = vshlq_n_u16(patterns, 1);
    const uint16x8_t magnitude = vshlq_u16(twice, vdupq_n_s16((int16_t)(12 - type->cut)));
    const uint8x8_t sign = vand_u8(vshrn_n_u16(patterns, 8), vdup_n_u8((uint8_t)type->sign));
    return vorr_u8(vmin_u8(vmovn_u16(magnitude), vdup_n_u8((uint8_t)type->max)), sign);
}

ALWAYS_INLINE void encode_bytes(const struct quant_small_float *type,
                                const struct quant_params *params, const float *x, size_t n,
                                uint8_t *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const float scale = quant_scale_to_float16(type, params->scale);
    const float inverse = 1 / scale;
    const bool is_fast = quant_quotient_is_exact(params->scale);
    size_t i = 0;
    for (; is_fast && n - i >= FOUR; i += FOUR) {
        float32x4_t t[4];
        for (size_t k = 0; k < 4; k++)
            t[k] = round_to(type, exact_quotient(vld1q_f32(x + i + LANES * k), scale, inverse));
        const uint16x8_t low = to_float16(t[0], t[1]);
        const uint16x8_t high = to_float16(t[2], t[3]);
        const uint16x8_t twice = vmaxq_u16(vshlq_n_u16(low, 1), vshlq_n_u16(high, 1));
        if (__builtin_expect(vmaxvq_u16(twice) > 2 * quant_small_float16.infinity, 0)) /* NaN */
            scalar(params, x + i, FOUR, q + i);
        else
            vst1q_u8(q + i, vcombine_u8(narrow_patterns(type, low), narrow_patterns(type, high)));
    }
    scalar(params, x + i, n - i, q + i);
}

void quant_neon_quantize_float8_e4m3fn(const struct quant_params *params, const float *x, size_t n,
                                       void *q)
{
    encode_bytes(&quant_small_float8_e4m3fn, params, x, n, q);
}

void quant_neon_quantize_float8_e5m2(const struct quant_params *params, const float *x, size_t n,
                                     void *q)
{
    encode_bytes(&quant_small_float8_e5m2, params, x, n, q);
}

/* Decodes 4 patterns. Subnormals are converted as integers. */
ALWAYS_INLINE float32x4_t decode(const struct quant_small_float *type, uint32x4_t pattern)
{
    const uint32x4_t magnitude = vandq_u32(pattern, vdupq_n_u32(type->sign - 1U));
    const uint32x4_t normal =
        vaddq_u32(vshlq_u32(magnitude, vdupq_n_s32(type->cut)), vdupq_n_u32(type->rebias));
    const float32x4_t subnormal = vmulq_n_f32(vcvtq_f32_u32(magnitude), 1 / (float)type->steps);
    const uint32x4_t is_subnormal = vcltq_u32(magnitude, vdupq_n_u32(1U << (23 - type->cut)));
    float32x4_t value = vbslq_f32(is_subnormal, subnormal, vreinterpretq_f32_u32(normal));
    uint32x4_t is_nan = vcgtq_u32(magnitude, vdupq_n_u32(type->max));
    if (type->infinity > 0) {
        const uint32x4_t is_infinity = vceqq_u32(magnitude, vdupq_n_u32(type->infinity));
        value = vbslq_f32(is_infinity, vdupq_n_f32(INFINITY), value);
        is_nan = vbicq_u32(is_nan, is_infinity);
    }
    const uint32x4_t sign = vshlq_n_u32(vandq_u32(pattern, vdupq_n_u32(type->sign)), 24);
    value = vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(value), sign));
    return vbslq_f32(is_nan, vdupq_n_f32(NAN), value);
}

ALWAYS_INLINE void decode_bytes(const struct quant_small_float *type,
                                const struct quant_params *params, const uint8_t *q, size_t n,
                                float *x)
{
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint16x8_t wide = vmovl_u8(vld1_u8(q + i));
        const float32x4_t low = decode(type, vmovl_u16(vget_low_u16(wide)));
        const float32x4_t high = decode(type, vmovl_high_u16(wide));
        vst1q_f32(x + i, vmulq_n_f32(low, params->scale));
        vst1q_f32(x + i + LANES, vmulq_n_f32(high, params->scale));
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i, n - i, x + i);
}

void quant_neon_dequantize_float8_e4m3fn(const struct quant_params *params, const void *q, size_t n,
                                         float *x)
{
    decode_bytes(&quant_small_float8_e4m3fn, params, q, n, x);
}

void quant_neon_dequantize_float8_e5m2(const struct quant_params *params, const void *q, size_t n,
                                       float *x)
{
    decode_bytes(&quant_small_float8_e5m2, params, q, n, x);
}

#endif
