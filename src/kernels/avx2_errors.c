/* SPDX-License-Identifier: MIT */
/* AVX2 for the squared errors of groups. Elements that do not fill a vector are loaded with a mask:
 * the others are 0, have no error, and add nothing. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <float.h>

#include "kernels/avx2_shared.h"
#include "kernels/scalar.h"

/* Two vectors of doubles. */
enum { HALF_LANES = LANES / 2, MAX_BOUNDED = 64 };

_Static_assert((int)QUANT_GROUP_LANES == (int)LANES, "two vectors of doubles fill the lanes");

/* ---- What the clamp leaves alone ---- */

/* The limits of 8 groups. */
struct bounds {
    __m256 min, max;
    __m256 valid; /* a mask: scale and zero point are as they must be */
};

AVX2 ALWAYS_INLINE struct bounds bounds_of(const struct quant_unclipped *unclipped, __m256 scale,
                                           __m256i zero_point)
{
    const __m256 z = _mm256_cvtepi32_ps(zero_point);
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), z);
    return (struct bounds){
        .min = _mm256_mul_ps(_mm256_sub_ps(_mm256_set1_ps(unclipped->lowest), z), scale),
        .max = _mm256_mul_ps(_mm256_sub_ps(_mm256_set1_ps(unclipped->highest), z), scale),
        .valid = _mm256_and_ps(
            _mm256_cmp_ps(scale, _mm256_set1_ps(FLT_MIN), _CMP_GE_OQ),
            _mm256_cmp_ps(magnitude, _mm256_set1_ps(QUANT_NEAR_ZERO_POINT), _CMP_LE_OQ)),
    };
}

AVX2 ALWAYS_INLINE __m256 within(__m256 x, __m256 min, __m256 max)
{
    return _mm256_and_ps(_mm256_cmp_ps(x, min, _CMP_GE_OQ), _mm256_cmp_ps(x, max, _CMP_LE_OQ));
}

AVX2 ALWAYS_INLINE bool are_all(__m256 mask)
{
    return _mm256_movemask_ps(mask) == 0xFF;
}

/* ---- A sum for each element ---- */

AVX2 ALWAYS_INLINE __m256d square_of(__m128 x, __m128 restored)
{
    const __m256d e = _mm256_sub_pd(_mm256_cvtps_pd(x), _mm256_cvtps_pd(restored));
    return _mm256_mul_pd(e, e);
}

AVX2 ALWAYS_INLINE void add_four(const float *x, const float *restored, double *sums)
{
    const __m256d squares = square_of(_mm_loadu_ps(x), _mm_loadu_ps(restored));
    _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), squares));
}

AVX2 bool quant_avx2_each_errors(const struct quant_unclipped *unclipped, const float *scales,
                                 const int32_t *zero_points, const float *x, const float *restored,
                                 size_t n, double *sums)
{
    __m256 fine = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const struct bounds bounds =
            bounds_of(unclipped, _mm256_loadu_ps(scales + i),
                      _mm256_loadu_si256((const __m256i *)(zero_points + i)));
        const __m256 inside = within(_mm256_loadu_ps(x + i), bounds.min, bounds.max);
        fine = _mm256_and_ps(fine, _mm256_and_ps(bounds.valid, inside));
        add_four(x + i, restored + i, sums + i);
        add_four(x + i + HALF_LANES, restored + i + HALF_LANES, sums + i + HALF_LANES);
    }
    const bool rest = quant_scalar_each_errors(unclipped, scales + i, zero_points + i, x + i,
                                               restored + i, n - i, sums + i);
    return !are_all(fine) || rest;
}

/* ---- A sum for each run ---- */

/* Those of up to MAX_BOUNDED runs. */
struct run_bounds {
    float min[MAX_BOUNDED];
    float max[MAX_BOUNDED];
};

/* Lanes below left. */
AVX2 ALWAYS_INLINE __m256i first_of(size_t left)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)left),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Returns whether all are valid. */
AVX2 static bool set_run_bounds(const struct quant_unclipped *unclipped, const float *scales,
                                const int32_t *zero_points, size_t count, struct run_bounds *bounds)
{
    __m256 fine = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (size_t i = 0; i < count; i += LANES) {
        const __m256i which = first_of(count - i < LANES ? count - i : LANES);
        const struct bounds some = bounds_of(unclipped, _mm256_maskload_ps(scales + i, which),
                                             _mm256_maskload_epi32(zero_points + i, which));
        const __m256 unused = _mm256_castsi256_ps(_mm256_xor_si256(which, _mm256_set1_epi32(-1)));
        _mm256_storeu_ps(bounds->min + i, some.min);
        _mm256_storeu_ps(bounds->max + i, some.max);
        fine = _mm256_and_ps(fine, _mm256_or_ps(some.valid, unused));
    }
    return are_all(fine);
}

/* The lanes of one run: 0 to 3 and 4 to 7. */
struct lanes {
    __m256d low, high;
};

AVX2 ALWAYS_INLINE void add_eight(struct lanes *lanes, __m256 x, __m256 restored)
{
    lanes->low = _mm256_add_pd(
        lanes->low, square_of(_mm256_castps256_ps128(x), _mm256_castps256_ps128(restored)));
    lanes->high = _mm256_add_pd(
        lanes->high, square_of(_mm256_extractf128_ps(x, 1), _mm256_extractf128_ps(restored, 1)));
}

/* Returns halves onto halves: lanes 0+4, 1+5, 2+6, 3+7. */
AVX2 ALWAYS_INLINE __m256d add_run(const float *x, const float *restored, size_t run, float min,
                                   float max, __m256 *fine)
{
    const __m256 least = _mm256_set1_ps(min);
    const __m256 most = _mm256_set1_ps(max);
    struct lanes lanes = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    size_t i = 0;
    for (; run - i >= LANES; i += LANES) {
        const __m256 v = _mm256_loadu_ps(x + i);
        *fine = _mm256_and_ps(*fine, within(v, least, most));
        lanes.low =
            _mm256_add_pd(lanes.low, square_of(_mm_loadu_ps(x + i), _mm_loadu_ps(restored + i)));
        lanes.high = _mm256_add_pd(lanes.high, square_of(_mm_loadu_ps(x + i + HALF_LANES),
                                                         _mm_loadu_ps(restored + i + HALF_LANES)));
    }
    if (i < run) {
        const __m256i which = first_of(run - i);
        const __m256 v = _mm256_maskload_ps(x + i, which);
        const __m256 unused = _mm256_castsi256_ps(_mm256_xor_si256(which, _mm256_set1_epi32(-1)));
        *fine = _mm256_and_ps(*fine, _mm256_or_ps(within(v, least, most), unused));
        add_eight(&lanes, v, _mm256_maskload_ps(restored + i, which));
    }
    return _mm256_add_pd(lanes.low, lanes.high);
}

/*
 * The sums of four runs.
 *
 *     ac, bd   two lanes of each run: a0 a1 c0 c1, b0 b1 d0 d1
 */
AVX2 ALWAYS_INLINE __m256d sum_four(const __m256d lanes[4])
{
    const __m256d ac = _mm256_add_pd(_mm256_permute2f128_pd(lanes[0], lanes[2], 0x20),
                                     _mm256_permute2f128_pd(lanes[0], lanes[2], 0x31));
    const __m256d bd = _mm256_add_pd(_mm256_permute2f128_pd(lanes[1], lanes[3], 0x20),
                                     _mm256_permute2f128_pd(lanes[1], lanes[3], 0x31));
    return _mm256_add_pd(_mm256_unpacklo_pd(ac, bd), _mm256_unpackhi_pd(ac, bd));
}

/* The sum of one run. */
AVX2 ALWAYS_INLINE double sum_one(__m256d lanes)
{
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(lanes), _mm256_extractf128_pd(lanes, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

/* count <= MAX_BOUNDED runs. Returns whether all elements are within their bounds. */
AVX2 ALWAYS_INLINE bool add_runs(const struct run_bounds *bounds, size_t run, const float *x,
                                 const float *restored, size_t count, double *sums)
{
    __m256 fine = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    size_t k = 0;
    for (; count - k >= 4; k += 4) {
        __m256d lanes[4];
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++)
            lanes[i] = add_run(x + (k + i) * run, restored + (k + i) * run, run, bounds->min[k + i],
                               bounds->max[k + i], &fine);
        _mm256_storeu_pd(sums + k, _mm256_add_pd(_mm256_loadu_pd(sums + k), sum_four(lanes)));
    }
    for (; k < count; k++)
        sums[k] += sum_one(
            add_run(x + k * run, restored + k * run, run, bounds->min[k], bounds->max[k], &fine));
    return are_all(fine);
}

AVX2 bool quant_avx2_run_errors(const struct quant_unclipped *unclipped, const float *scales,
                                const int32_t *zero_points, size_t run, const float *x,
                                const float *restored, size_t nruns, double *sums)
{
    bool fine = true;
    for (size_t k = 0; k < nruns; k += MAX_BOUNDED) {
        struct run_bounds bounds;
        const size_t count = nruns - k < MAX_BOUNDED ? nruns - k : MAX_BOUNDED;
        const float *from = x + k * run;
        const float *back = restored + k * run;
        fine &= set_run_bounds(unclipped, scales + k, zero_points + k, count, &bounds);
        fine &= run == 32 ? add_runs(&bounds, 32, from, back, count, sums + k)
                          : add_runs(&bounds, run, from, back, count, sums + k);
    }
    return !fine;
}

#endif
