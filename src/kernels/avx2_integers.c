/* SPDX-License-Identifier: MIT */
/* AVX2 for integers of 16 and of 4 bits, by division: dividing 32 bytes takes less time than memory
 * takes to bring them, so that the way around it that avx2.c has for int8 would gain little.
 * AVX-512 divides no faster and takes these functions too. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2.h"
#include "kernels/avx2_types.h"
#include "kernels/fixed_point.h"

struct division {
    __m256 scale;
    __m256 lowest, highest; /* qmin - z and qmax - z, exact where z is near */
    __m256i zero_point;
    bool half_away;
};

AVX2 static struct division make_division(const struct quant_params *params)
{
    return (struct division){
        .scale = _mm256_set1_ps(params->scale),
        .lowest = _mm256_set1_ps((float)params->qmin - (float)params->zero_point),
        .highest = _mm256_set1_ps((float)params->qmax - (float)params->zero_point),
        .zero_point = _mm256_set1_epi32(params->zero_point),
        .half_away = params->rounding == QUANT_HALF_AWAY,
    };
}

/* 8 integers, as avx2.c has them where it divides: NaN becomes 0 before z is added; the clamp's
 * ends are integers, so it may come before the rounding; and half-away cuts, and adds a one of the
 * sign's where a half or more was cut off. */
AVX2 ALWAYS_INLINE __m256i divide(const struct division *by, const float *x)
{
    __m256 t = _mm256_div_ps(_mm256_loadu_ps(x), by->scale);
    t = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
    t = _mm256_min_ps(_mm256_max_ps(t, by->lowest), by->highest);
    if (by->half_away) {
        const __m256 sign_bit = _mm256_set1_ps(-0.0F);
        const __m256 cut = _mm256_cvtepi32_ps(_mm256_cvttps_epi32(t));
        const __m256 rest = _mm256_andnot_ps(sign_bit, _mm256_sub_ps(t, cut));
        const __m256 one = _mm256_or_ps(_mm256_and_ps(t, sign_bit), _mm256_set1_ps(1.0F));
        const __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5F), _CMP_GE_OQ);
        t = _mm256_add_ps(cut, _mm256_and_ps(up, one));
    }
    return _mm256_add_epi32(_mm256_cvtps_epi32(t), by->zero_point);
}

/* (q - z) * s of 8 integers. */
AVX2 ALWAYS_INLINE void restore(__m256i q, __m256i zero_point, __m256 scale, float *x)
{
    const __m256 steps = _mm256_cvtepi32_ps(_mm256_sub_epi32(q, zero_point));
    _mm256_storeu_ps(x, _mm256_mul_ps(steps, scale));
}

/* ---- 16 bits ---- */

AVX2 ALWAYS_INLINE void quantize_words(const struct quant_params *params, const float *x, size_t n,
                                       uint16_t *q, bool is_unsigned)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; divides && n - i >= TWO; i += TWO) {
        const __m256i low = divide(&by, x + i);
        const __m256i high = divide(&by, x + i + LANES);
        /* In each 128 bits, four of low and four of high. Nothing saturates: it is clamped. */
        const __m256i mixed =
            is_unsigned ? _mm256_packus_epi32(low, high) : _mm256_packs_epi32(low, high);
        _mm256_storeu_si256((__m256i *)(q + i), _mm256_permute4x64_epi64(mixed, 0xD8));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i);
}

AVX2 void quant_avx2_quantize_int16(const struct quant_params *params, const float *x, size_t n,
                                    void *q)
{
    quantize_words(params, x, n, q, false);
}

AVX2 void quant_avx2_quantize_uint16(const struct quant_params *params, const float *x, size_t n,
                                     void *q)
{
    quantize_words(params, x, n, q, true);
}

AVX2 ALWAYS_INLINE void dequantize_words(const struct quant_params *params, const uint16_t *q,
                                         size_t n, float *x, bool is_unsigned)
{
    const __m256i zero_point = _mm256_set1_epi32(params->zero_point);
    const __m256 scale = _mm256_set1_ps(params->scale);
    const bool is_near = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; is_near && n - i >= LANES; i += LANES) {
        const __m128i words = _mm_loadu_si128((const __m128i *)(q + i));
        restore(is_unsigned ? _mm256_cvtepu16_epi32(words) : _mm256_cvtepi16_epi32(words),
                zero_point, scale, x + i);
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_int16(const struct quant_params *params, const void *q, size_t n,
                                      float *x)
{
    dequantize_words(params, q, n, x, false);
}

AVX2 void quant_avx2_dequantize_uint16(const struct quant_params *params, const void *q, size_t n,
                                       float *x)
{
    dequantize_words(params, q, n, x, true);
}

/* ---- 4 bits ---- */

/*
 * 32 integers a, b, c, d of 8 each, which fit 4 bits, to 16 bytes.
 *
 *     bytes    per 128 bits: a0..a3 b0..b3 c0..c3 d0..d3, and the other halves
 *     ordered  a0..a7 b0..b7 c0..c7 d0..d7
 *     pairs    16 bits each: a0 + 16 a1, a2 + 16 a3 ..
 */
AVX2 ALWAYS_INLINE __m128i pack_nibbles(__m256i a, __m256i b, __m256i c, __m256i d)
{
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    const __m256i ordered =
        _mm256_and_si256(_mm256_permutevar8x32_epi32(bytes, across), _mm256_set1_epi8(0x0F));
    const __m256i pairs = _mm256_maddubs_epi16(ordered, _mm256_set1_epi16(0x1001));
    const __m256i twice = _mm256_packus_epi16(pairs, pairs); /* 8 bytes, twice, per 128 bits */
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(twice, 0x08));
}

AVX2 void quant_avx2_quantize_nibbles(const struct quant_params *params, const float *x, size_t n,
                                      void *q)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    unsigned char *bytes = q;
    size_t i = 0;
    for (; divides && n - i >= STEP; i += STEP) {
        const __m128i packed = pack_nibbles(divide(&by, x + i), divide(&by, x + i + LANES),
                                            divide(&by, x + i + TWO), divide(&by, x + i + THREE));
        _mm_storeu_si128((__m128i *)(bytes + i / 2), packed);
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, bytes + i / 2);
}

/* 8 bytes to 16 elements. A sign in bit 3 is copied upwards by taking 8 away from what has it
 * flipped. */
AVX2 ALWAYS_INLINE void dequantize_nibbles(const struct quant_params *params,
                                           const unsigned char *q, size_t n, float *x,
                                           bool is_unsigned)
{
    const __m128i lower = _mm_set1_epi8(0x0F);
    const __m128i sign = _mm_set1_epi8(is_unsigned ? 0 : 8);
    const __m256i zero_point = _mm256_set1_epi32(params->zero_point);
    const __m256 scale = _mm256_set1_ps(params->scale);
    const bool is_near = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; is_near && n - i >= TWO; i += TWO) {
        const __m128i pairs = _mm_loadl_epi64((const __m128i *)(q + i / 2));
        const __m128i even = _mm_and_si128(pairs, lower);
        const __m128i odd = _mm_and_si128(_mm_srli_epi16(pairs, 4), lower);
        const __m128i flipped = _mm_xor_si128(_mm_unpacklo_epi8(even, odd), sign);
        const __m128i elements = _mm_sub_epi8(flipped, sign);
        restore(_mm256_cvtepi8_epi32(elements), zero_point, scale, x + i);
        restore(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(elements, elements)), zero_point, scale,
                x + i + LANES);
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i / 2, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_int4(const struct quant_params *params, const void *q, size_t n,
                                     float *x)
{
    dequantize_nibbles(params, q, n, x, false);
}

AVX2 void quant_avx2_dequantize_uint4(const struct quant_params *params, const void *q, size_t n,
                                      float *x)
{
    dequantize_nibbles(params, q, n, x, true);
}

#endif
