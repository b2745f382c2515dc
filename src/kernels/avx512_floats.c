/* SPDX-License-Identifier: MIT */
/* AVX-512 for quantizing to float targets, as avx2_floats.c does it. Steps with a NaN, and what is
 * left at the end, are done by the functions there. AVX512_BF16 is not used: it takes subnormals
 * for zero. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "base/small_float.h"
#include "kernels/avx2_types.h"
#include "kernels/avx512_shared.h"
#include "kernels/exact_quotient.h"
#include "kernels/to_small_float.h"

enum { TWO = 2 * LANES };

/* ---- 16 bits ---- */

/* Stores 32 patterns, -0 as 0. Returns false, with nothing stored, if one of them is infinite or
 * NaN. */
AVX512 ALWAYS_INLINE bool store_finite(__m512i patterns, uint16_t infinity, uint16_t *q)
{
    const __m512i twice = _mm512_add_epi16(patterns, patterns);
    const __m512i limit = _mm512_set1_epi16((short)(2 * infinity));
    if (__builtin_expect(_mm512_cmpge_epu16_mask(twice, limit) != 0, 0))
        return false;
    const __mmask32 nonzero = _mm512_test_epi16_mask(twice, twice);
    _mm512_storeu_si512(q, _mm512_maskz_mov_epi16(nonzero, patterns));
    return true;
}

AVX512 ALWAYS_INLINE __m512i join(__m256i low, __m256i high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* 32 numbers as float16. The variant without a mask converts -1 to one, in a macro of gcc. */
AVX512 ALWAYS_INLINE __m512i to_float16(__m512 low, __m512 high)
{
    const __mmask16 all = 0xFFFF;
    return join(_mm512_maskz_cvtps_ph(all, low, _MM_FROUND_TO_NEAREST_INT),
                _mm512_maskz_cvtps_ph(all, high, _MM_FROUND_TO_NEAREST_INT));
}

/* NaN stays NaN: if an operand is one, the result is the second operand. */
AVX512 ALWAYS_INLINE __m512 saturate(__m512 x)
{
    const __m512 max = _mm512_set1_ps(QUANT_FLOAT16_MAX);
    return _mm512_min_ps(max, _mm512_max_ps(_mm512_set1_ps(-QUANT_FLOAT16_MAX), x));
}

AVX512 void quant_avx512_quantize_float16(const struct quant_params *params, const float *x,
                                          size_t n, void *q)
{
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const __m512i patterns =
            to_float16(saturate(_mm512_loadu_ps(x + i)), saturate(_mm512_loadu_ps(x + i + LANES)));
        if (!store_finite(patterns, quant_small_float16.infinity, words + i))
            quant_avx2_quantize_float16(params, x + i, TWO, words + i);
    }
    quant_avx2_quantize_float16(params, x + i, n - i, words + i);
}

/* The upper half is rounded half to even by adding to the lower half. */
AVX512 ALWAYS_INLINE __m512i round_upper(__m512 x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i is_odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(bits, _mm512_add_epi32(is_odd, _mm512_set1_epi32(0x7FFF)));
}

/*
 * A NaN is found before it is rounded, since the sum may overflow.
 *
 *     interleaved   a0 b0 a1 b1 .. a15 b15     upper halves, 16 bits each
 *     patterns      a0..a15 b0..b15
 */
AVX512 void quant_avx512_quantize_bfloat16(const struct quant_params *params, const float *x,
                                           size_t n, void *q)
{
    const __mmask32 odd = 0xAAAAAAAA;
    const __m512i in_order =
        _mm512_set_epi16(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1, 30, 28, 26, 24,
                         22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const __m512 a = _mm512_loadu_ps(x + i);
        const __m512 b = _mm512_loadu_ps(x + i + LANES);
        const __m512i interleaved =
            _mm512_mask_blend_epi16(odd, _mm512_srli_epi32(round_upper(a), 16), round_upper(b));
        const __m512i patterns = _mm512_permutexvar_epi16(in_order, interleaved);
        if (_mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) != 0 ||
            !store_finite(patterns, quant_small_bfloat16.infinity, words + i))
            quant_avx2_quantize_bfloat16(params, x + i, TWO, words + i);
    }
    quant_avx2_quantize_bfloat16(params, x + i, n - i, words + i);
}

/* ---- 8 bits ---- */

AVX512 ALWAYS_INLINE __m512 round_to(const struct quant_small_float *type, __m512 t)
{
    const __m512i of_t = _mm512_and_si512(_mm512_castps_si512(t), _mm512_set1_epi32(0x7F800000));
    const __m512i exponent = _mm512_max_epi32(of_t, _mm512_set1_epi32(QUANT_FLOAT16_MIN_EXPONENT));
    const __m512 shift = _mm512_castsi512_ps(
        _mm512_add_epi32(exponent, _mm512_set1_epi32(quant_rounding_shift(type))));
    return _mm512_sub_ps(_mm512_add_ps(t, shift), shift);
}

/* 64 patterns of float16 to patterns of the type, saturated. Their signs survive as those of bytes.
 */
AVX512 ALWAYS_INLINE __m512i narrow_patterns(const struct quant_small_float *type, __m512i low,
                                             __m512i high, __m512i twice_low, __m512i twice_high)
{
    const __m512i in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512i mixed = type->cut == 20 ? _mm512_packus_epi16(_mm512_srli_epi16(twice_low, 8),
                                                                _mm512_srli_epi16(twice_high, 8))
                                          : _mm512_packus_epi16(_mm512_srli_epi16(twice_low, 9),
                                                                _mm512_srli_epi16(twice_high, 9));
    const __m512i magnitude = _mm512_min_epu8(mixed, _mm512_set1_epi8((char)type->max));
    const __m512i sign = _mm512_set1_epi8((char)type->sign);
    /* magnitude | (signed & sign) */
    const __m512i bytes =
        _mm512_ternarylogic_epi32(magnitude, _mm512_packs_epi16(low, high), sign, 0xF8);
    return _mm512_permutexvar_epi64(in_order, bytes);
}

AVX512 ALWAYS_INLINE void encode_bytes(const struct quant_small_float *type,
                                       const struct quant_params *params, const float *x, size_t n,
                                       uint8_t *q, quant_quantize_fn *rest)
{
    const float by = quant_scale_to_float16(type, params->scale);
    const __m512 scale = _mm512_set1_ps(by);
    const __m512 inverse = _mm512_set1_ps(1 / by);
    const __m512i above = _mm512_set1_epi16((short)(2 * quant_small_float16.infinity + 1));
    const bool is_fast = quant_quotient_is_exact(params->scale);
    size_t i = 0;
    for (; is_fast && n - i >= STEP; i += STEP) {
        __m512 t[4];
        for (size_t k = 0; k < 4; k++)
            t[k] =
                round_to(type, exact_quotient(_mm512_loadu_ps(x + i + LANES * k), scale, inverse));
        const __m512i low = to_float16(t[0], t[1]);
        const __m512i high = to_float16(t[2], t[3]);
        const __m512i twice_low = _mm512_add_epi16(low, low);
        const __m512i twice_high = _mm512_add_epi16(high, high);
        const __mmask32 is_nan =
            _mm512_cmpge_epu16_mask(_mm512_max_epu16(twice_low, twice_high), above);
        if (__builtin_expect(is_nan != 0, 0)) {
            rest(params, x + i, STEP, q + i);
            continue;
        }
        _mm512_storeu_si512(q + i, narrow_patterns(type, low, high, twice_low, twice_high));
    }
    rest(params, x + i, n - i, q + i);
}

AVX512 void quant_avx512_quantize_float8_e4m3fn(const struct quant_params *params, const float *x,
                                                size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e4m3fn, params, x, n, q, quant_avx2_quantize_float8_e4m3fn);
}

AVX512 void quant_avx512_quantize_float8_e5m2(const struct quant_params *params, const float *x,
                                              size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e5m2, params, x, n, q, quant_avx2_quantize_float8_e5m2);
}

#endif
