/* SPDX-License-Identifier: MIT */
/* NEON for float targets: rounds with integer arithmetic on the bits of the float32, as
 * small_float.h does. One function serves all four types. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "base/small_float.h"
#include "kernels/neon.h"

/* Elements in several vectors. */
enum { TWO = 2 * LANES };

/* Encodes 4 numbers t, one pattern in each 32 bits. type is a compile-time constant. */
ALWAYS_INLINE uint32x4_t encode(const struct quant_small_float *type, float32x4_t t)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(t);
    const uint32x4_t magnitude = vandq_u32(bits, vdupq_n_u32(0x7FFFFFFF));
    const uint32x4_t rebased = vsubq_u32(magnitude, vdupq_n_u32(type->rebias));
    const int32x4_t cut = vdupq_n_s32(-type->cut); /* negative: shifts to the right */
    const uint32x4_t is_odd = vandq_u32(vshlq_u32(rebased, cut), vdupq_n_u32(1));
    const uint32x4_t below_half = vdupq_n_u32((1U << (type->cut - 1)) - 1);
    uint32x4_t rounded = vshlq_u32(vaddq_u32(vaddq_u32(rebased, below_half), is_odd), cut);
    if (type->rebias > 0) { /* else it has the same subnormals as float32 */
        const uint32x4_t subnormal =
            vcvtnq_u32_f32(vmulq_n_f32(vreinterpretq_f32_u32(magnitude), (float)type->steps));
        rounded = vbslq_u32(vcltq_u32(magnitude, vdupq_n_u32(type->rebias + (1U << 23))), subnormal,
                            rounded);
    }
    rounded = vminq_u32(rounded, vdupq_n_u32(type->max));
    const uint32x4_t sign = vandq_u32(vshlq_u32(bits, vdupq_n_s32(type->sign == 0x80 ? -24 : -16)),
                                      vdupq_n_u32(type->sign));
    rounded = vorrq_u32(rounded, vbicq_u32(sign, vceqzq_u32(rounded)));
    const uint32x4_t is_nan = vcgtq_u32(magnitude, vdupq_n_u32(0x7F800000));
    return vbslq_u32(is_nan, vdupq_n_u32(type->nan), rounded);
}

/* ---- 16 bits ---- */

ALWAYS_INLINE void encode_words(const struct quant_small_float *type,
                                const struct quant_params *params, const float *x, size_t n,
                                uint16_t *q)
{
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint16x4_t low = vmovn_u32(encode(type, vld1q_f32(x + i)));
        vst1q_u16(q + i, vmovn_high_u32(low, encode(type, vld1q_f32(x + i + LANES))));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i);
}

void quant_neon_quantize_float16(const struct quant_params *params, const float *x, size_t n,
                                 void *q)
{
    encode_words(&quant_small_float16, params, x, n, q);
}

void quant_neon_quantize_bfloat16(const struct quant_params *params, const float *x, size_t n,
                                  void *q)
{
    encode_words(&quant_small_bfloat16, params, x, n, q);
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

ALWAYS_INLINE void encode_bytes(const struct quant_small_float *type,
                                const struct quant_params *params, const float *x, size_t n,
                                uint8_t *q)
{
    const float32x4_t scale = vdupq_n_f32(params->scale);
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint32x4_t low = encode(type, vdivq_f32(vld1q_f32(x + i), scale));
        const uint32x4_t high = encode(type, vdivq_f32(vld1q_f32(x + i + LANES), scale));
        vst1_u8(q + i, vmovn_u16(vmovn_high_u32(vmovn_u32(low), high)));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i);
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
