/* SPDX-License-Identifier: MIT */
/* AVX2 for the ranges of many groups at once: one group per element, or per run of elements.
 * AVX-512 uses these functions too: memory is the limit. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <math.h>

#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"
#include "kernels/scalar.h"

/* ---- Elements ---- */

/* x + x * 0 is x if x is finite (except for the sign of a zero), else NaN. If an operand of a
 * minimum or maximum instruction is NaN, the result is the second operand. */
AVX2 ALWAYS_INLINE __m256 finite_or_nan(__m256 v)
{
    return _mm256_fmadd_ps(v, _mm256_setzero_ps(), v);
}

AVX2 bool quant_avx2_observe_each(const float *x, size_t n, float *min, float *max)
{
    __m256 nonfinite = _mm256_setzero_ps();
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256 v = finite_or_nan(_mm256_loadu_ps(x + i));
        _mm256_storeu_ps(min + i, _mm256_min_ps(v, _mm256_loadu_ps(min + i)));
        _mm256_storeu_ps(max + i, _mm256_max_ps(v, _mm256_loadu_ps(max + i)));
        nonfinite = _mm256_or_ps(nonfinite, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    }
    const bool rest = quant_scalar_observe_each(x + i, n - i, min + i, max + i);
    return rest && _mm256_movemask_ps(nonfinite) == 0;
}

/* ---- Runs ---- */

/* Extremes of floats, or of their bits as integers: see avx2_observe.c. */
enum extreme { MIN_FLOAT, MAX_FLOAT, MAX_SIGNED, MAX_UNSIGNED };

AVX2 ALWAYS_INLINE __m256 extreme_of(__m256 a, __m256 b, enum extreme extreme)
{
    const __m256i c = _mm256_castps_si256(a);
    const __m256i d = _mm256_castps_si256(b);
    switch (extreme) {
    case MIN_FLOAT:
        return _mm256_min_ps(a, b);
    case MAX_FLOAT:
        return _mm256_max_ps(a, b);
    case MAX_SIGNED:
        return _mm256_castsi256_ps(_mm256_max_epi32(c, d));
    default:
        return _mm256_castsi256_ps(_mm256_max_epu32(c, d));
    }
}

/* Two vectors to one: the extreme of each pair of neighbours.
 *
 *     even   a0 b0 a1 b1 | a4 b4 a5 b5
 *     odd    a2 b2 a3 b3 | a6 b6 a7 b7
 */
AVX2 ALWAYS_INLINE __m256 halve(__m256 a, __m256 b, enum extreme extreme)
{
    return extreme_of(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), extreme);
}

/*
 * The extremes of eight vectors a .. h, the extreme of the k-th vector in lane k.
 *
 *     ae          a e a e | a e a e, each the extreme of two lanes; bf, cg, dh likewise
 *     aceg        a c e g | a c e g, each the extreme of four; bdfh likewise
 *     abcd, efgh  a b c d | a b c d and e f g h | e f g h
 */
AVX2 ALWAYS_INLINE __m256 reduce_eight(const __m256 v[8], enum extreme extreme)
{
    const __m256 ae = halve(v[0], v[4], extreme);
    const __m256 bf = halve(v[1], v[5], extreme);
    const __m256 cg = halve(v[2], v[6], extreme);
    const __m256 dh = halve(v[3], v[7], extreme);
    const __m256 aceg = halve(ae, cg, extreme);
    const __m256 bdfh = halve(bf, dh, extreme);
    const __m256 abcd = _mm256_unpacklo_ps(aceg, bdfh);
    const __m256 efgh = _mm256_unpackhi_ps(aceg, bdfh);
    return extreme_of(_mm256_permute2f128_ps(abcd, efgh, 0x20),
                      _mm256_permute2f128_ps(abcd, efgh, 0x31), extreme);
}

/* count runs, at most eight. The first count lanes of min and max hold their ranges. */
struct ranges {
    const float *x;
    size_t count;
    size_t run; /* at least 8 elements */
    __m256 min;
    __m256 max;
};

/* Runs of any signs, skipping elements that are not finite. Returns whether all are finite. */
AVX2 static bool see_runs(struct ranges *ranges)
{
    __m256 low[LANES];
    __m256 high[LANES];
    __m256 nonfinite = _mm256_setzero_ps();
    const size_t last = ranges->run - LANES;
    for (size_t k = 0; k < LANES; k++) {
        if (k >= ranges->count) {
            low[k] = low[0];
            high[k] = high[0];
            continue;
        }
        const float *x = ranges->x + k * ranges->run;
        __m256 v = finite_or_nan(_mm256_loadu_ps(x + last));
        low[k] = _mm256_min_ps(v, _mm256_set1_ps(INFINITY));
        high[k] = _mm256_max_ps(v, _mm256_set1_ps(-INFINITY));
        nonfinite = _mm256_or_ps(nonfinite, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        for (size_t i = 0; i < last; i += LANES) {
            v = finite_or_nan(_mm256_loadu_ps(x + i));
            low[k] = _mm256_min_ps(v, low[k]);
            high[k] = _mm256_max_ps(v, high[k]);
            nonfinite = _mm256_or_ps(nonfinite, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        }
    }
    ranges->min = reduce_eight(low, MIN_FLOAT);
    ranges->max = reduce_eight(high, MAX_FLOAT);
    return _mm256_movemask_ps(nonfinite) == 0;
}

/* The same with half the operations, if every run has numbers of both signs and all are finite: see
 * observe_both_signs in avx2_observe.c. Returns false if see_runs is needed. */
AVX2 ALWAYS_INLINE bool see_both_signs_of(struct ranges *ranges, size_t run)
{
    const __m256i infinity = _mm256_castps_si256(_mm256_set1_ps(INFINITY));
    const __m256i sign_bit = _mm256_castps_si256(_mm256_set1_ps(-0.0F));
    __m256 low[LANES];
    __m256 high[LANES];
    const size_t last = run - LANES;
    for (size_t k = 0; k < LANES; k++) {
        if (k >= ranges->count) {
            low[k] = low[0];
            high[k] = high[0];
            continue;
        }
        const float *x = ranges->x + k * run;
        __m256i positive = _mm256_loadu_si256((const __m256i *)(x + last));
        __m256i negative = positive;
        for (size_t i = 0; i < last; i += LANES) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(x + i));
            KEEP_IN_REGISTER(v);
            positive = _mm256_max_epi32(positive, v);
            negative = _mm256_max_epu32(negative, v);
        }
        low[k] = _mm256_castsi256_ps(negative);
        high[k] = _mm256_castsi256_ps(positive);
    }
    ranges->min = reduce_eight(low, MAX_UNSIGNED);
    ranges->max = reduce_eight(high, MAX_SIGNED);
    const __m256i max = _mm256_castps_si256(ranges->max);
    const __m256i magnitude = _mm256_xor_si256(_mm256_castps_si256(ranges->min), sign_bit);
    const __m256i finite = _mm256_and_si256(_mm256_cmpgt_epi32(infinity, max),
                                            _mm256_cmpgt_epi32(infinity, magnitude));
    const __m256i signs = _mm256_or_si256(max, magnitude);
    return _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_andnot_si256(signs, finite))) == 0xFF;
}

/* 32 is the smallest block size in use. As a constant, it lets the compiler unroll the loop. */
AVX2 static bool see_both_signs(struct ranges *ranges)
{
    return ranges->run == 32 ? see_both_signs_of(ranges, 32)
                             : see_both_signs_of(ranges, ranges->run);
}

AVX2 ALWAYS_INLINE void enter(const struct ranges *ranges, float *min, float *max)
{
    if (ranges->count == LANES) {
        _mm256_storeu_ps(min, _mm256_min_ps(ranges->min, _mm256_loadu_ps(min)));
        _mm256_storeu_ps(max, _mm256_max_ps(ranges->max, _mm256_loadu_ps(max)));
        return;
    }
    float low[LANES];
    float high[LANES];
    _mm256_storeu_ps(low, ranges->min);
    _mm256_storeu_ps(high, ranges->max);
    for (size_t k = 0; k < ranges->count; k++) {
        min[k] = fminf(min[k], low[k]);
        max[k] = fmaxf(max[k], high[k]);
    }
}

/* Runs of at least this length go to observe, which is made for long arrays. */
enum { LONG_RUN = 512 };

static bool observe_long_runs(const float *x, size_t nruns, size_t run, float *min, float *max)
{
    bool all_finite = true;
    for (size_t i = 0; i < nruns; i++) {
        struct quant_observed observed = QUANT_OBSERVED_INIT;
        quant_avx2_observe(x + i * run, run, &observed);
        min[i] = fminf(min[i], observed.min);
        max[i] = fmaxf(max[i], observed.max);
        all_finite = all_finite && observed.nonfinite == 0;
    }
    return all_finite;
}

AVX2 bool quant_avx2_observe_runs(const float *x, size_t nruns, size_t run, float *min, float *max)
{
    if (run < LANES)
        return quant_scalar_observe_runs(x, nruns, run, min, max);
    if (run >= LONG_RUN)
        return observe_long_runs(x, nruns, run, min, max);
    bool all_finite = true;
    bool both_signs = true; /* if some runs have one sign, the next ones probably do too */
    for (size_t i = 0; i < nruns; i += LANES) {
        struct ranges ranges = {
            .x = x + i * run, .count = nruns - i < LANES ? nruns - i : LANES, .run = run};
        both_signs = both_signs && see_both_signs(&ranges);
        all_finite = (both_signs || see_runs(&ranges)) && all_finite;
        enter(&ranges, min + i, max + i);
    }
    return all_finite;
}

#endif
