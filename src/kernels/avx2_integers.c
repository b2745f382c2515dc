/* SPDX-License-Identifier: MIT */
/* AVX2 for 16-bit and 4-bit integers, by division. Dividing 32 bytes takes less time than loading
 * them from memory, so the fixed-point method of avx2.c would gain little here. AVX-512 does not
 * divide faster and uses these functions too. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/fixed_point.h"

/* Stores (q - z) * s for 8 integers. */
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
        const __m256i packed =
            pack_words(divide(&by, x + i), divide(&by, x + i + LANES), is_unsigned);
        _mm256_storeu_si256((__m256i *)(q + i), packed);
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

AVX2 void quant_avx2_quantize_nibbles(const struct quant_params *params, const float *x, size_t n,
                                      void *q)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    unsigned char *bytes = q;
    size_t i = 0;
    for (; divides && n - i >= STEP; i += STEP) {
        const __m256i v[4] = {divide(&by, x + i), divide(&by, x + i + LANES),
                              divide(&by, x + i + TWO), divide(&by, x + i + THREE)};
        _mm_storeu_si128((__m128i *)(bytes + i / 2), pack_nibbles(v));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, bytes + i / 2);
}

/* 8 bytes to 16 elements. Flipping bit 3, the sign, and then subtracting 8 extends the sign. */
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
