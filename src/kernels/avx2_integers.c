/* SPDX-License-Identifier: MIT */
/* AVX2 for 16-bit and 4-bit integers: 16 bits by exact quotients, 4 bits in fixed point. Steps that
 * need a division, and scales and roundings that do, have loops of their own; AVX-512 uses these
 * too, since it does not divide faster. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/exact_quotient.h"
#include "kernels/fixed_point.h"

/* ---- 16 bits ---- */

AVX2 ALWAYS_INLINE void divide_words(const struct quant_params *params, const float *x, size_t n,
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

/* Functions of their own: the loop is faster without this code in it. */
AVX2 static void divide_int16(const struct quant_params *params, const float *x, size_t n,
                              uint16_t *q)
{
    divide_words(params, x, n, q, false);
}

AVX2 static void divide_uint16(const struct quant_params *params, const float *x, size_t n,
                               uint16_t *q)
{
    divide_words(params, x, n, q, true);
}

/* 8 integers of quotients that are not NaN, rounded half to even by the conversion. */
AVX2 ALWAYS_INLINE __m256i round_quotients(const struct division *by, __m256 t)
{
    const __m256 inside = _mm256_min_ps(_mm256_max_ps(t, by->lowest), by->highest);
    return _mm256_add_epi32(_mm256_cvtps_epi32(inside), by->zero_point);
}

AVX2 ALWAYS_INLINE void quantize_words(const struct quant_params *params, const float *x, size_t n,
                                       uint16_t *q, bool is_unsigned)
{
    const struct division by = make_division(params);
    const __m256 inverse = _mm256_set1_ps(1 / params->scale);
    const bool is_fast = quant_quotient_is_exact(params->scale) &&
                         quant_zero_point_is_near(params) && params->rounding == QUANT_HALF_EVEN;
    size_t i = 0;
    for (; is_fast && n - i >= STEP; i += STEP) {
        __m256 t[4];
        for (size_t k = 0; k < 4; k++)
            t[k] = exact_quotient(_mm256_loadu_ps(x + i + LANES * k), by.scale, inverse);
        if (has_nan(t)) {
            (is_unsigned ? divide_uint16 : divide_int16)(params, x + i, STEP, q + i);
            continue;
        }
        for (size_t k = 0; k < 4; k += 2) {
            const __m256i packed =
                pack_words(round_quotients(&by, t[k]), round_quotients(&by, t[k + 1]), is_unsigned);
            _mm256_storeu_si256((__m256i *)(q + i + LANES * k), packed);
        }
    }
    (is_unsigned ? divide_uint16 : divide_int16)(params, x + i, n - i, q + i);
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

AVX2 static void divide_nibbles(const struct quant_params *params, const float *x, size_t n,
                                unsigned char *q)
{
    const struct division by = make_division(params);
    const bool divides = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; divides && n - i >= STEP; i += STEP) {
        const __m256i v[4] = {divide(&by, x + i), divide(&by, x + i + LANES),
                              divide(&by, x + i + TWO), divide(&by, x + i + THREE)};
        _mm_storeu_si128((__m128i *)(q + i / 2), pack_nibbles(v));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i / 2);
}

/* As int8, which serves both types: their integers are within its range. */
AVX2 void quant_avx2_quantize_nibbles(const struct quant_params *params, const float *x, size_t n,
                                      void *q)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    const struct byte_limits limits = make_limits(params, fixed.band);
    const struct quantize_kind kind = {false, CLAMP_BOTH, false};
    const __m256 factor = _mm256_set1_ps(fixed.factor);
    const __m256 bias = _mm256_set1_ps(fixed.bias);
    unsigned char *bytes = q;
    size_t i = 0;
    for (; fixed.usable && n - i >= STEP; i += STEP) {
        __m256i v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = fix_point(x + i + LANES * k, factor, bias);
        if (is_near_tie(&limits, min_halves(v)))
            divide_nibbles(params, x + i, STEP, bytes + i / 2);
        else
            _mm_storeu_si128((__m128i *)(bytes + i / 2), pair_nibbles(narrow(&limits, v, kind)));
    }
    divide_nibbles(params, x + i, n - i, bytes + i / 2);
}

AVX2 ALWAYS_INLINE void dequantize_nibbles(const struct quant_params *params,
                                           const unsigned char *q, size_t n, float *x,
                                           bool is_unsigned)
{
    const __m256i zero_point = _mm256_set1_epi32(params->zero_point);
    const __m256 scale = _mm256_set1_ps(params->scale);
    const bool is_near = quant_zero_point_is_near(params);
    size_t i = 0;
    for (; is_near && n - i >= TWO; i += TWO) {
        __m256i v[2];
        unpack_nibbles(q + i / 2, is_unsigned, v);
        restore(v[0], zero_point, scale, x + i);
        restore(v[1], zero_point, scale, x + i + LANES);
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
