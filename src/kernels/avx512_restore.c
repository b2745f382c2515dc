/* SPDX-License-Identifier: MIT */
/* AVX-512 for restoring 8-bit and 4-bit integers with a scale and a zero point for each element, or
 * for each run of elements. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_types.h"
#include "kernels/avx512_shared.h"
#include "kernels/fixed_point.h"

enum { TWO = 2 * LANES };

/* 16 integers of the type, from element i on, which is even: see unpack_nibbles in avx2_integers.h.
 */
AVX512 ALWAYS_INLINE __m512i load(enum quant_dtype dtype, const unsigned char *q, size_t i)
{
    if (dtype == QUANT_INT8)
        return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(q + i)));
    if (dtype == QUANT_UINT8)
        return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(q + i)));
    const __m128i sign = _mm_set1_epi8(dtype == QUANT_UINT4 ? 0 : 8);
    const __m128i lower = _mm_set1_epi8(0x0F);
    const __m128i pairs = _mm_loadl_epi64((const __m128i *)(q + i / 2));
    const __m128i both = _mm_unpacklo_epi8(pairs, _mm_srli_epi16(pairs, 4));
    const __m128i flipped = _mm_xor_si128(_mm_and_si128(both, lower), sign);
    return _mm512_cvtepi8_epi32(_mm_sub_epi8(flipped, sign));
}

/* Stores (q - z) * s for 16 integers. */
AVX512 ALWAYS_INLINE void restore(__m512i q, __m512i zero_point, __m512 scale, float *x)
{
    const __m512 steps = _mm512_cvtepi32_ps(_mm512_sub_epi32(q, zero_point));
    _mm512_storeu_ps(x, _mm512_mul_ps(steps, scale));
}

/* Steps whose zero points are not all near, and what is left, are done by AVX2. */
AVX512 ALWAYS_INLINE void dequantize_each(enum quant_dtype dtype, const float *scales,
                                          const int32_t *zero_points, const unsigned char *q,
                                          size_t n, float *x, quant_dequantize_each_fn *rest)
{
    const size_t of_byte = dtype == QUANT_INT4 || dtype == QUANT_UINT4 ? 2 : 1;
    const __m512i limit = _mm512_set1_epi32(1 << 22);
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        __m512i z[4];
        __m512i max = limit;
        for (size_t k = 0; k < 4; k++) {
            z[k] = _mm512_loadu_si512(zero_points + i + LANES * k);
            max = _mm512_max_epu32(max, _mm512_abs_epi32(z[k])); /* INT32_MIN becomes 2^31 */
        }
        if (_mm512_cmpeq_epi32_mask(max, limit) != 0xFFFF) {
            rest(scales + i, zero_points + i, q + i / of_byte, STEP, x + i);
            continue;
        }
        for (size_t k = 0; k < 4; k++) {
            const size_t at = i + LANES * k;
            restore(load(dtype, q, at), z[k], _mm512_loadu_ps(scales + at), x + at);
        }
    }
    rest(scales + i, zero_points + i, q + i / of_byte, n - i, x + i);
}

AVX512 ALWAYS_INLINE void dequantize_runs(enum quant_dtype dtype, const float *scales,
                                          const int32_t *zero_points, size_t run,
                                          const unsigned char *q, size_t n, float *x,
                                          quant_dequantize_runs_fn *rest)
{
    const size_t of_byte = dtype == QUANT_INT4 || dtype == QUANT_UINT4 ? 2 : 1;
    size_t i = 0;
    for (; n - i >= run; i += run, scales++, zero_points++) {
        const struct quant_params params = {.zero_point = *zero_points};
        if (!quant_zero_point_is_near(&params)) {
            rest(scales, zero_points, run, q + i / of_byte, run, x + i);
            continue;
        }
        const __m512i zero_point = _mm512_set1_epi32(*zero_points);
        const __m512 scale = _mm512_set1_ps(*scales);
        for (size_t at = i; at < i + run; at += TWO) {
            restore(load(dtype, q, at), zero_point, scale, x + at);
            restore(load(dtype, q, at + LANES), zero_point, scale, x + at + LANES);
        }
    }
    rest(scales, zero_points, run, q + i / of_byte, n - i, x + i);
}

#define DEFINE_RESTORE(name, dtype)                                                                \
    AVX512 void quant_avx512_dequantize_each_##name(                                               \
        const float *scales, const int32_t *zero_points, const void *q, size_t n, float *x)        \
    {                                                                                              \
        dequantize_each(dtype, scales, zero_points, q, n, x, quant_avx2_dequantize_each_##name);   \
    }                                                                                              \
                                                                                                   \
    AVX512 void quant_avx512_dequantize_runs_##name(const float *scales,                           \
                                                    const int32_t *zero_points, size_t run,        \
                                                    const void *q, size_t n, float *x)             \
    {                                                                                              \
        dequantize_runs(dtype, scales, zero_points, run, q, n, x,                                  \
                        quant_avx2_dequantize_runs_##name);                                        \
    }

DEFINE_RESTORE(int8, QUANT_INT8)
DEFINE_RESTORE(uint8, QUANT_UINT8)
DEFINE_RESTORE(int4, QUANT_INT4)
DEFINE_RESTORE(uint4, QUANT_UINT4)

#endif
