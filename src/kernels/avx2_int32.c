/* SPDX-License-Identifier: MIT */
/*
 * AVX2 for 32-bit integers. float32 has too few bits for them: neither the ends of the type nor the
 * sum with a zero point fit. So quotients are rounded as float32, as scalar.c does, and everything
 * after that is done in double, 4 elements at a time, where it is exact. AVX-512 uses these too:
 * the division limits both.
 */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"
#include "kernels/scalar.h"

struct target {
    __m256 scale;
    __m256d zero_point, qmin, qmax;
    bool half_away;
};

/* rne, or half away from zero: truncates, then adds 1 with the sign of t if the fraction was at
 * least a half. Both steps are exact. From 2^23 on, and for an infinity, nothing is added. */
AVX2 ALWAYS_INLINE __m256 round_quotient(__m256 t, bool half_away)
{
    if (!half_away)
        return _mm256_round_ps(t, _MM_FROUND_TO_NEAREST_INT);
    const __m256 sign_bit = _mm256_set1_ps(-0.0F);
    const __m256 cut = _mm256_round_ps(t, _MM_FROUND_TO_ZERO);
    const __m256 rest = _mm256_andnot_ps(sign_bit, _mm256_sub_ps(t, cut));
    const __m256 one = _mm256_or_ps(_mm256_and_ps(t, sign_bit), _mm256_set1_ps(1.0F));
    const __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5F), _CMP_GE_OQ);
    return _mm256_add_ps(cut, _mm256_and_ps(up, one));
}

/* 4 rounded quotients to 4 integers. A sum within the target range is an integer, so truncating
 * changes nothing. */
AVX2 ALWAYS_INLINE __m128i place(const struct target *target, __m128 rounded)
{
    __m256d mapped = _mm256_add_pd(_mm256_cvtps_pd(rounded), target->zero_point);
    mapped = _mm256_min_pd(_mm256_max_pd(mapped, target->qmin), target->qmax);
    return _mm256_cvttpd_epi32(mapped);
}

AVX2 void quant_avx2_quantize_int32(const struct quant_params *params, const float *x, size_t n,
                                    void *q)
{
    int32_t *integers = q;
    const struct target target = {
        .scale = _mm256_set1_ps(params->scale),
        .zero_point = _mm256_set1_pd((double)params->zero_point),
        .qmin = _mm256_set1_pd((double)params->qmin),
        .qmax = _mm256_set1_pd((double)params->qmax),
        .half_away = params->rounding == QUANT_HALF_AWAY,
    };
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        __m256 t = _mm256_div_ps(_mm256_loadu_ps(x + i), target.scale);
        t = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q)); /* a NaN becomes 0 */
        t = round_quotient(t, target.half_away);
        const __m128i low = place(&target, _mm256_castps256_ps128(t));
        const __m128i high = place(&target, _mm256_extractf128_ps(t, 1));
        _mm_storeu_si128((__m128i *)(integers + i), low);
        _mm_storeu_si128((__m128i *)(integers + i + LANES / 2), high);
    }
    quant_kernels_scalar.quantize[QUANT_INT32](params, x + i, n - i, integers + i);
}

/* The difference is exact in double and rounded to float32 once. */
AVX2 void quant_avx2_dequantize_int32(const struct quant_params *params, const void *q, size_t n,
                                      float *x)
{
    const int32_t *integers = q;
    const __m256d zero_point = _mm256_set1_pd((double)params->zero_point);
    const __m128 scale = _mm_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= LANES / 2; i += LANES / 2) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(integers + i));
        const __m256d steps = _mm256_sub_pd(_mm256_cvtepi32_pd(v), zero_point);
        _mm_storeu_ps(x + i, _mm_mul_ps(_mm256_cvtpd_ps(steps), scale));
    }
    quant_kernels_scalar.dequantize[QUANT_INT32](params, integers + i, n - i, x + i);
}

AVX2 void quant_avx2_integer_range_int32(const void *q, size_t n, int32_t ends[2])
{
    const int32_t *integers = q;
    __m256i min = _mm256_set1_epi32(ends[0]);
    __m256i max = _mm256_set1_epi32(ends[1]);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(integers + i));
        min = _mm256_min_epi32(min, v);
        max = _mm256_max_epi32(max, v);
    }
    int32_t lanes[TWO];
    _mm256_storeu_si256((__m256i *)lanes, min);
    _mm256_storeu_si256((__m256i *)(lanes + LANES), max);
    for (size_t k = 0; k < LANES; k++) {
        ends[0] = lanes[k] < ends[0] ? lanes[k] : ends[0];
        ends[1] = lanes[LANES + k] > ends[1] ? lanes[LANES + k] : ends[1];
    }
    quant_scalar_integer_range_int32(integers + i, n - i, ends);
}

#endif
