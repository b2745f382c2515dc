/* SPDX-License-Identifier: MIT */
/* AVX2 for parameters that change from element to element: maps by division, with a scale and a
 * zero point for each element. avx2_runs.c handles one scale for a run of elements. AVX-512 uses
 * these functions too: it does not divide faster. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/scalar.h"

/* ---- Quantizing ---- */

enum packing { TO_INT8, TO_UINT8, TO_NIBBLES, TO_INT16, TO_UINT16 };

AVX2 ALWAYS_INLINE unsigned char *place_of(void *q, size_t i, enum packing packing)
{
    unsigned char *bytes = q;
    return bytes + (packing == TO_NIBBLES ? i / 2 : packing < TO_NIBBLES ? i : 2 * i);
}

AVX2 ALWAYS_INLINE __m256i divide_each(const struct quant_params *common, const float *scales,
                                       const int32_t *zero_points, const float *x)
{
    const __m256i z = _mm256_loadu_si256((const __m256i *)zero_points);
    const __m256 as_float = _mm256_cvtepi32_ps(z);
    const struct division by = {
        .scale = _mm256_loadu_ps(scales),
        .lowest = _mm256_sub_ps(_mm256_set1_ps((float)common->qmin), as_float),
        .highest = _mm256_sub_ps(_mm256_set1_ps((float)common->qmax), as_float),
        .zero_point = z,
        .half_away = common->rounding == QUANT_HALF_AWAY,
    };
    return divide(&by, x);
}

AVX2 ALWAYS_INLINE void pack(const __m256i v[4], enum packing packing, unsigned char *q)
{
    switch (packing) {
    case TO_INT8:
    case TO_UINT8:
        _mm256_storeu_si256((__m256i *)q, pack_bytes(v, packing == TO_UINT8));
        return;
    case TO_NIBBLES:
        _mm_storeu_si128((__m128i *)q, pack_nibbles(v));
        return;
    case TO_INT16:
    case TO_UINT16:
        _mm256_storeu_si256((__m256i *)q, pack_words(v[0], v[1], packing == TO_UINT16));
        _mm256_storeu_si256((__m256i *)(q + sizeof(__m256i)),
                            pack_words(v[2], v[3], packing == TO_UINT16));
        return;
    }
}

AVX2 ALWAYS_INLINE void quantize_each(const struct quant_params *common, const float *scales,
                                      const int32_t *zero_points, const float *x, size_t n, void *q,
                                      enum packing packing, quant_quantize_each_fn *scalar)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        if (!are_near(zero_points + i)) {
            scalar(common, scales + i, zero_points + i, x + i, STEP, place_of(q, i, packing));
            continue;
        }
        __m256i v[4];
        for (size_t k = 0; k < 4; k++) {
            const size_t at = i + LANES * k;
            v[k] = divide_each(common, scales + at, zero_points + at, x + at);
        }
        pack(v, packing, place_of(q, i, packing));
    }
    scalar(common, scales + i, zero_points + i, x + i, n - i, place_of(q, i, packing));
}

#define DEFINE_EACH(name, packing)                                                                 \
    AVX2 void quant_avx2_quantize_each_##name(const struct quant_params *common,                   \
                                              const float *scales, const int32_t *zero_points,     \
                                              const float *x, size_t n, void *q)                   \
    {                                                                                              \
        quantize_each(common, scales, zero_points, x, n, q, packing,                               \
                      quant_scalar_quantize_each_##name);                                          \
    }

DEFINE_EACH(int8, TO_INT8)
DEFINE_EACH(uint8, TO_UINT8)
DEFINE_EACH(nibbles, TO_NIBBLES)
DEFINE_EACH(int16, TO_INT16)
DEFINE_EACH(uint16, TO_UINT16)

/* 8-bit floats: divides a piece into a buffer, then quantizes the buffer with scale 1, which does
 * not change a quotient. */
AVX2 static void quantize_each_float8(const struct quant_params *common, const float *scales,
                                      const float *x, size_t n, uint8_t *q,
                                      quant_quantize_fn *quantize)
{
    enum { PIECE = 512 };
    struct quant_params params = *common;
    params.scale = 1;
    float quotients[PIECE];
    while (n > 0) {
        const size_t piece = n < PIECE ? n : PIECE;
        size_t i = 0;
        for (; piece - i >= LANES; i += LANES)
            _mm256_storeu_ps(quotients + i,
                             _mm256_div_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(scales + i)));
        for (; i < piece; i++)
            quotients[i] = x[i] / scales[i];
        quantize(&params, quotients, piece, q);
        x += piece;
        scales += piece;
        q += piece;
        n -= piece;
    }
}

AVX2 void quant_avx2_quantize_each_float8_e4m3fn(const struct quant_params *common,
                                                 const float *scales, const int32_t *zero_points,
                                                 const float *x, size_t n, void *q)
{
    (void)zero_points; /* all 0 */
    quantize_each_float8(common, scales, x, n, q, quant_avx2_quantize_float8_e4m3fn);
}

AVX2 void quant_avx2_quantize_each_float8_e5m2(const struct quant_params *common,
                                               const float *scales, const int32_t *zero_points,
                                               const float *x, size_t n, void *q)
{
    (void)zero_points;
    quantize_each_float8(common, scales, x, n, q, quant_avx2_quantize_float8_e5m2);
}

/* ---- Dequantizing ---- */

/* x - z is exact if x is an integer of at most 16 bits and z is near. If z is 0, x may be any
 * float: subtracting 0 does not change it. */
AVX2 void quant_avx2_scale_each(const float *scales, const int32_t *zero_points, size_t n, float *x)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        if (!are_near(zero_points + i)) {
            quant_scalar_scale_each(scales + i, zero_points + i, STEP, x + i);
            continue;
        }
        for (size_t at = i; at < i + STEP; at += LANES) {
            const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + at));
            const __m256 steps = _mm256_sub_ps(_mm256_loadu_ps(x + at), _mm256_cvtepi32_ps(z));
            _mm256_storeu_ps(x + at, _mm256_mul_ps(steps, _mm256_loadu_ps(scales + at)));
        }
    }
    quant_scalar_scale_each(scales + i, zero_points + i, n - i, x + i);
}

#endif
