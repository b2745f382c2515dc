/* SPDX-License-Identifier: MIT */
/* AVX2 for the range of an array, at the speed of memory. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <math.h>

#include "kernels/avx2_shared.h"

AVX2 static float min_lane(__m256 v)
{
    __m128 half = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_min_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}

AVX2 static float max_lane(__m256 v)
{
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

/* Elements per block: the check for non-finite elements is made once per block. */
enum { BLOCK_SEEN = 4096 };

/* The smallest and the largest element so far in each lane. */
struct extremes {
    __m256 min;
    __m256 max;
};

/* x * 0 is 0 if x is finite and NaN if not, so one sum checks a whole block. Blocks with elements
 * that are not finite are rare and left to the scalar code. */
AVX2 static bool observe_block(const float *x, size_t n, struct extremes *seen)
{
    const __m256 zero = _mm256_setzero_ps();
    __m256 low[4] = {seen->min, seen->min, seen->min, seen->min};
    __m256 high[4] = {seen->max, seen->max, seen->max, seen->max};
    __m256 sum[4] = {zero, zero, zero, zero};
    for (size_t i = 0; i < n; i += STEP) {
        for (size_t k = 0; k < 4; k++) { /* four chains hide the latency */
            __m256 v = _mm256_loadu_ps(x + i + LANES * k);
            KEEP_IN_REGISTER(v);
            low[k] = _mm256_min_ps(low[k], v);
            high[k] = _mm256_max_ps(high[k], v);
            sum[k] = _mm256_fmadd_ps(v, zero, sum[k]);
        }
    }
    const __m256 all = _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
    if (_mm256_movemask_ps(_mm256_cmp_ps(all, all, _CMP_UNORD_Q)))
        return false;
    seen->min = _mm256_min_ps(_mm256_min_ps(low[0], low[1]), _mm256_min_ps(low[2], low[3]));
    seen->max = _mm256_max_ps(_mm256_max_ps(high[0], high[1]), _mm256_max_ps(high[2], high[3]));
    return true;
}

/* The same with two operations per vector instead of three, for blocks that have numbers of both
 * signs in every lane. Compared as signed integers, the bits of positive floats are in order, below
 * infinity and NaN and above all negative floats. Compared as unsigned integers, negative floats
 * are above the positive ones, ordered by magnitude. So the two maxima are the largest and the
 * smallest element, and they show NaN and infinities. Returns false if observe_block is needed. */
AVX2 static bool observe_both_signs(const float *x, size_t n, struct extremes *seen)
{
    const __m256i infinity = _mm256_castps_si256(_mm256_set1_ps(INFINITY));
    const __m256i sign_bit = _mm256_castps_si256(_mm256_set1_ps(-0.0F));
    __m256i positive[2] = {sign_bit, sign_bit};
    __m256i negative[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t i = 0; i < n; i += STEP) {
        for (size_t k = 0; k < 4; k++) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(x + i + LANES * k));
            KEEP_IN_REGISTER(v);
            positive[k % 2] = _mm256_max_epi32(positive[k % 2], v);
            negative[k % 2] = _mm256_max_epu32(negative[k % 2], v);
        }
    }
    const __m256i max = _mm256_max_epi32(positive[0], positive[1]);
    const __m256i min = _mm256_max_epu32(negative[0], negative[1]);
    /* Required: 0 <= max < infinity; min has its sign bit set, and without it the same holds. */
    const __m256i magnitude = _mm256_xor_si256(min, sign_bit);
    const __m256i finite = _mm256_and_si256(_mm256_cmpgt_epi32(infinity, max),
                                            _mm256_cmpgt_epi32(infinity, magnitude));
    const __m256i signs = _mm256_or_si256(max, magnitude);
    if (_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_andnot_si256(signs, finite))) != 0xFF)
        return false;
    seen->min = _mm256_min_ps(seen->min, _mm256_castsi256_ps(min));
    seen->max = _mm256_max_ps(seen->max, _mm256_castsi256_ps(max));
    return true;
}

/* If a block has one sign only, as activations have, the next ones probably do too. */
AVX2 void quant_avx2_observe(const float *x, size_t n, struct quant_observed *observed)
{
    struct extremes seen = {_mm256_set1_ps(INFINITY), _mm256_set1_ps(-INFINITY)};
    bool both_signs = true;
    size_t i = 0;
    while (n - i >= STEP) {
        const size_t ahead = (n - i) / STEP * STEP;
        const size_t block = ahead < BLOCK_SEEN ? ahead : BLOCK_SEEN;
        both_signs = both_signs && observe_both_signs(x + i, block, &seen);
        if (both_signs || observe_block(x + i, block, &seen))
            observed->count += block;
        else
            quant_kernels_scalar.observe(x + i, block, observed);
        i += block;
    }
    observed->min = fminf(observed->min, min_lane(seen.min));
    observed->max = fmaxf(observed->max, max_lane(seen.max));
    quant_kernels_scalar.observe(x + i, n - i, observed);
}

#endif
