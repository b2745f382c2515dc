/* SPDX-License-Identifier: MIT */
/*
 * AVX2 for float targets: rounds with integer arithmetic on the bits of the float32, as
 * small_float.h does. One function serves all four types. VCVTPS2PH would help float16 only, would
 * gain little because memory is the limit, and would return infinity and -0, which we must not
 * store. AVX-512 uses these functions too.
 */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "base/small_float.h"
#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"

/* Encodes 8 numbers t, one pattern in each 32 bits. type is a compile-time constant. */
AVX2 ALWAYS_INLINE __m256i encode(const struct quant_small_float *type, __m256 t)
{
    const __m256i bits = _mm256_castps_si256(t);
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
    const __m256i rebased = _mm256_sub_epi32(magnitude, _mm256_set1_epi32((int)type->rebias));
    const __m256i is_odd =
        _mm256_and_si256(_mm256_srli_epi32(rebased, type->cut), _mm256_set1_epi32(1));
    const __m256i below_half = _mm256_set1_epi32((1 << (type->cut - 1)) - 1);
    __m256i rounded = _mm256_srli_epi32(
        _mm256_add_epi32(_mm256_add_epi32(rebased, below_half), is_odd), type->cut);
    if (type->rebias > 0) { /* else it has the same subnormals as float32 */
        const __m256i min_normal = _mm256_set1_epi32((int)(type->rebias + (1U << 23)));
        const __m256i subnormal = _mm256_cvtps_epi32(
            _mm256_mul_ps(_mm256_castsi256_ps(magnitude), _mm256_set1_ps((float)type->steps)));
        rounded = _mm256_blendv_epi8(rounded, subnormal, _mm256_cmpgt_epi32(min_normal, magnitude));
    }
    rounded = _mm256_min_epi32(rounded, _mm256_set1_epi32(type->max));
    const __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, type->sign == 0x80 ? 24 : 16),
                                          _mm256_set1_epi32(type->sign));
    const __m256i is_zero = _mm256_cmpeq_epi32(rounded, _mm256_setzero_si256());
    rounded = _mm256_or_si256(rounded, _mm256_andnot_si256(is_zero, sign));
    const __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F800000));
    return _mm256_blendv_epi8(rounded, _mm256_set1_epi32(type->nan), is_nan);
}

/* ---- 16 bits ---- */

AVX2 ALWAYS_INLINE void encode_words(const struct quant_small_float *type,
                                     const struct quant_params *params, const float *x, size_t n,
                                     uint16_t *q)
{
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const __m256i low = encode(type, _mm256_loadu_ps(x + i));
        const __m256i high = encode(type, _mm256_loadu_ps(x + i + LANES));
        const __m256i mixed = _mm256_packus_epi32(low, high); /* as in avx2_integers.c */
        _mm256_storeu_si256((__m256i *)(q + i), _mm256_permute4x64_epi64(mixed, 0xD8));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i);
}

AVX2 void quant_avx2_quantize_float16(const struct quant_params *params, const float *x, size_t n,
                                      void *q)
{
    encode_words(&quant_small_float16, params, x, n, q);
}

AVX2 void quant_avx2_quantize_bfloat16(const struct quant_params *params, const float *x, size_t n,
                                       void *q)
{
    encode_words(&quant_small_bfloat16, params, x, n, q);
}

AVX2 void quant_avx2_dequantize_float16(const struct quant_params *params, const void *q, size_t n,
                                        float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(words + i));
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(v));
    }
    quant_kernels_scalar.dequantize[QUANT_FLOAT16](params, words + i, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_bfloat16(const struct quant_params *params, const void *q, size_t n,
                                         float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(words + i)));
        _mm256_storeu_si256((__m256i *)(x + i), _mm256_slli_epi32(v, 16));
    }
    quant_kernels_scalar.dequantize[QUANT_BFLOAT16](params, words + i, n - i, x + i);
}

/* ---- 8 bits ---- */

AVX2 ALWAYS_INLINE void encode_bytes(const struct quant_small_float *type,
                                     const struct quant_params *params, const float *x, size_t n,
                                     uint8_t *q)
{
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256 scale = _mm256_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        __m256i v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = encode(type, _mm256_div_ps(_mm256_loadu_ps(x + i + LANES * k), scale));
        /* Each 128 bits hold four bytes of each vector. */
        const __m256i mixed =
            _mm256_packus_epi16(_mm256_packus_epi32(v[0], v[1]), _mm256_packus_epi32(v[2], v[3]));
        _mm256_storeu_si256((__m256i *)(q + i), _mm256_permutevar8x32_epi32(mixed, across));
    }
    quant_kernels_scalar.quantize[params->dtype](params, x + i, n - i, q + i);
}

AVX2 void quant_avx2_quantize_float8_e4m3fn(const struct quant_params *params, const float *x,
                                            size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e4m3fn, params, x, n, q);
}

AVX2 void quant_avx2_quantize_float8_e5m2(const struct quant_params *params, const float *x,
                                          size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e5m2, params, x, n, q);
}

/* Decodes 8 patterns. Subnormals are converted as integers: multiplying them as float32 subnormals
 * would cost the processor about a hundred cycles each. */
AVX2 ALWAYS_INLINE __m256 decode(const struct quant_small_float *type, __m256i pattern)
{
    const int fraction_bits = 23 - type->cut;
    const __m256i magnitude = _mm256_and_si256(pattern, _mm256_set1_epi32(type->sign - 1));
    const __m256i normal = _mm256_add_epi32(_mm256_slli_epi32(magnitude, type->cut),
                                            _mm256_set1_epi32((int)type->rebias));
    const __m256 subnormal =
        _mm256_mul_ps(_mm256_cvtepi32_ps(magnitude), _mm256_set1_ps(1 / (float)type->steps));
    const __m256i is_subnormal =
        _mm256_cmpgt_epi32(_mm256_set1_epi32(1 << fraction_bits), magnitude);
    __m256 value =
        _mm256_blendv_ps(_mm256_castsi256_ps(normal), subnormal, _mm256_castsi256_ps(is_subnormal));
    __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(type->max));
    if (type->infinity > 0) {
        const __m256i is_infinity =
            _mm256_cmpeq_epi32(magnitude, _mm256_set1_epi32(type->infinity));
        value = _mm256_blendv_ps(value, _mm256_set1_ps(INFINITY), _mm256_castsi256_ps(is_infinity));
        is_nan = _mm256_andnot_si256(is_infinity, is_nan);
    }
    const __m256i sign =
        _mm256_slli_epi32(_mm256_and_si256(pattern, _mm256_set1_epi32(type->sign)), 24);
    value = _mm256_or_ps(value, _mm256_castsi256_ps(sign));
    return _mm256_blendv_ps(value, _mm256_set1_ps(NAN), _mm256_castsi256_ps(is_nan));
}

AVX2 ALWAYS_INLINE void decode_bytes(const struct quant_small_float *type,
                                     const struct quant_params *params, const uint8_t *q, size_t n,
                                     float *x)
{
    const __m256 scale = _mm256_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(q + i));
        const __m256 value = decode(type, _mm256_cvtepu8_epi32(bytes));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(value, scale));
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_float8_e4m3fn(const struct quant_params *params, const void *q,
                                              size_t n, float *x)
{
    decode_bytes(&quant_small_float8_e4m3fn, params, q, n, x);
}

AVX2 void quant_avx2_dequantize_float8_e5m2(const struct quant_params *params, const void *q,
                                            size_t n, float *x)
{
    decode_bytes(&quant_small_float8_e5m2, params, q, n, x);
}

#endif
