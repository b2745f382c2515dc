/* SPDX-License-Identifier: MIT */
/* AVX-512 for quantizing to 4-bit and 16-bit integers. Steps that need a division, and what is left
 * at the end, are done by the AVX2 functions: AVX-512 does not divide faster. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_types.h"
#include "kernels/avx512_integers.h"
#include "kernels/exact_quotient.h"
#include "kernels/fixed_point.h"

/* ---- 4 bits ---- */

/* 64 bytes, one integer each, to 32 bytes: a0 + 16 a1, a2 + 16 a3 .. */
AVX512 ALWAYS_INLINE __m256i pair_nibbles(__m512i integers)
{
    const __m512i nibbles = _mm512_and_si512(integers, _mm512_set1_epi8(0x0F));
    return _mm512_cvtepi16_epi8(_mm512_maddubs_epi16(nibbles, _mm512_set1_epi16(0x1001)));
}

/* In fixed point, as for int8, which serves both types: their integers are within its range. */
AVX512 void quant_avx512_quantize_nibbles(const struct quant_params *params, const float *x,
                                          size_t n, void *q)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    const struct byte_limits limits = make_limits(params, fixed.band);
    const __m512 factor = _mm512_set1_ps(fixed.factor);
    const __m512 bias = _mm512_set1_ps(fixed.bias);
    unsigned char *bytes = q;
    size_t i = 0;
    for (; fixed.usable && n - i >= STEP; i += STEP) {
        __m512i v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = fix_point(x + i + LANES * k, factor, bias);
        if (is_near_tie(&limits, v)) {
            quant_avx2_quantize_nibbles(params, x + i, STEP, bytes + i / 2);
            continue;
        }
        const __m512i integers = narrow(&limits, v, (struct byte_kind){false, true});
        _mm256_storeu_si256((__m256i *)(bytes + i / 2), pair_nibbles(integers));
    }
    quant_avx2_quantize_nibbles(params, x + i, n - i, bytes + i / 2);
}

/* ---- 16 bits ---- */

/* 32 integers to 16 bits each. Each 128 bits of mixed hold four of low and four of high. */
AVX512 ALWAYS_INLINE __m512i pack_words(__m512i low, __m512i high, bool is_unsigned)
{
    const __m512i in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512i mixed =
        is_unsigned ? _mm512_packus_epi32(low, high) : _mm512_packs_epi32(low, high);
    return _mm512_permutexvar_epi64(in_order, mixed);
}

/* By exact quotients, rounded half to even by the conversion. */
AVX512 ALWAYS_INLINE void quantize_words(const struct quant_params *params, const float *x,
                                         size_t n, uint16_t *q, bool is_unsigned,
                                         quant_quantize_fn *divide_words)
{
    const struct division by = make_division(params);
    const __m512 inverse = _mm512_set1_ps(1 / params->scale);
    const bool is_fast = quant_quotient_is_exact(params->scale) &&
                         quant_zero_point_is_near(params) && params->rounding == QUANT_HALF_EVEN;
    size_t i = 0;
    for (; is_fast && n - i >= STEP; i += STEP) {
        __m512 t[4];
        for (size_t k = 0; k < 4; k++)
            t[k] = exact_quotient(_mm512_loadu_ps(x + i + LANES * k), by.scale, inverse);
        if (has_nan(t)) {
            divide_words(params, x + i, STEP, q + i);
            continue;
        }
        __m512i v[4];
        for (size_t k = 0; k < 4; k++) {
            const __m512 inside = _mm512_min_ps(_mm512_max_ps(t[k], by.lowest), by.highest);
            v[k] = _mm512_add_epi32(_mm512_cvtps_epi32(inside), by.zero_point);
        }
        _mm512_storeu_si512(q + i, pack_words(v[0], v[1], is_unsigned));
        _mm512_storeu_si512(q + i + STEP / 2, pack_words(v[2], v[3], is_unsigned));
    }
    divide_words(params, x + i, n - i, q + i);
}

AVX512 void quant_avx512_quantize_int16(const struct quant_params *params, const float *x, size_t n,
                                        void *q)
{
    quantize_words(params, x, n, q, false, quant_avx2_quantize_int16);
}

AVX512 void quant_avx512_quantize_uint16(const struct quant_params *params, const float *x,
                                         size_t n, void *q)
{
    quantize_words(params, x, n, q, true, quant_avx2_quantize_uint16);
}

#endif
