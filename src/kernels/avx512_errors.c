/* SPDX-License-Identifier: MIT */
/* AVX-512 for the squared errors of groups. Elements that do not fill a vector are loaded with a
 * mask: the others are 0, have no error, and add nothing. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <float.h>

#include "kernels/avx512_shared.h"
#include "kernels/scalar.h"

enum { HALF_STEP = LANES / 2, MAX_BOUNDED = 64 };

_Static_assert((int)QUANT_GROUP_LANES == (int)HALF_STEP, "a vector of doubles fills the lanes");

/* ---- What the clamp leaves alone ---- */

/* The limits of 16 groups. */
struct bounds {
    __m512 min, max;
    __mmask16 valid; /* scale and zero point are as they must be */
};

AVX512 ALWAYS_INLINE struct bounds bounds_of(const struct quant_unclipped *unclipped, __m512 scale,
                                             __m512i zero_point)
{
    const __m512 z = _mm512_cvtepi32_ps(zero_point);
    const __mmask16 normal = _mm512_cmp_ps_mask(scale, _mm512_set1_ps(FLT_MIN), _CMP_GE_OQ);
    return (struct bounds){
        .min = _mm512_mul_ps(_mm512_sub_ps(_mm512_set1_ps(unclipped->lowest), z), scale),
        .max = _mm512_mul_ps(_mm512_sub_ps(_mm512_set1_ps(unclipped->highest), z), scale),
        .valid = _mm512_mask_cmp_ps_mask(normal, _mm512_abs_ps(z),
                                         _mm512_set1_ps(QUANT_NEAR_ZERO_POINT), _CMP_LE_OQ),
    };
}

AVX512 ALWAYS_INLINE __mmask16 within(__mmask16 which, __m512 x, __m512 min, __m512 max)
{
    return _mm512_mask_cmp_ps_mask(_mm512_mask_cmp_ps_mask(which, x, min, _CMP_GE_OQ), x, max,
                                   _CMP_LE_OQ);
}

/* ---- A sum for each element ---- */

AVX512 ALWAYS_INLINE __m512d square_of(__m256 x, __m256 restored)
{
    const __m512d e = _mm512_sub_pd(_mm512_cvtps_pd(x), _mm512_cvtps_pd(restored));
    return _mm512_mul_pd(e, e);
}

AVX512 ALWAYS_INLINE void add_eight(const float *x, const float *restored, double *sums)
{
    const __m512d squares = square_of(_mm256_loadu_ps(x), _mm256_loadu_ps(restored));
    _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), squares));
}

AVX512 bool quant_avx512_each_errors(const struct quant_unclipped *unclipped, const float *scales,
                                     const int32_t *zero_points, const float *x,
                                     const float *restored, size_t n, double *sums)
{
    __mmask16 fine = 0xFFFF;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const struct bounds bounds =
            bounds_of(unclipped, _mm512_loadu_ps(scales + i), _mm512_loadu_si512(zero_points + i));
        fine &= within(bounds.valid, _mm512_loadu_ps(x + i), bounds.min, bounds.max);
        add_eight(x + i, restored + i, sums + i);
        add_eight(x + i + HALF_STEP, restored + i + HALF_STEP, sums + i + HALF_STEP);
    }
    const bool rest = quant_scalar_each_errors(unclipped, scales + i, zero_points + i, x + i,
                                               restored + i, n - i, sums + i);
    return fine != 0xFFFF || rest;
}

/* ---- A sum for each run ---- */

/* Those of up to MAX_BOUNDED runs, for loads that broadcast one. */
struct run_bounds {
    float min[MAX_BOUNDED];
    float max[MAX_BOUNDED];
};

/* Returns whether all are valid. */
AVX512 static bool set_run_bounds(const struct quant_unclipped *unclipped, const float *scales,
                                  const int32_t *zero_points, size_t count,
                                  struct run_bounds *bounds)
{
    __mmask16 fine = 0xFFFF;
    for (size_t i = 0; i < count; i += LANES) {
        const size_t left = count - i;
        const __mmask16 which = left < LANES ? (__mmask16)((1U << left) - 1) : 0xFFFF;
        const __m512i z = _mm512_maskz_loadu_epi32(which, zero_points + i);
        const struct bounds some =
            bounds_of(unclipped, _mm512_maskz_loadu_ps(which, scales + i), z);
        _mm512_storeu_ps(bounds->min + i, some.min);
        _mm512_storeu_ps(bounds->max + i, some.max);
        fine &= (__mmask16)(some.valid | (__mmask16)~which);
    }
    return fine == 0xFFFF;
}

/* A run's bounds, and where all of its elements so far have been within them. */
struct run_check {
    __m512 min, max;
    __mmask16 fine;
};

/* The lanes of one run. */
AVX512 ALWAYS_INLINE __m512d add_run(const float *x, const float *restored, size_t run,
                                     struct run_check *check)
{
    __m512d lanes = _mm512_setzero_pd();
    size_t i = 0;
    for (; run - i >= LANES; i += LANES) {
        check->fine = within(check->fine, _mm512_loadu_ps(x + i), check->min, check->max);
        for (size_t at = i; at < i + LANES; at += HALF_STEP)
            lanes = _mm512_add_pd(
                lanes, square_of(_mm256_loadu_ps(x + at), _mm256_loadu_ps(restored + at)));
    }
    if (i < run) {
        const __mmask16 which = (__mmask16)((1U << (run - i)) - 1);
        const bool has_upper = run - i > HALF_STEP;
        const __m512 v = _mm512_maskz_loadu_ps(which, x + i);
        const __m512 back = _mm512_maskz_loadu_ps(which, restored + i);
        check->fine &= (__mmask16)(within(which, v, check->min, check->max) | (__mmask16)~which);
        lanes = _mm512_add_pd(lanes,
                              square_of(_mm512_castps512_ps256(v), _mm512_castps512_ps256(back)));
        if (has_upper)
            lanes = _mm512_add_pd(
                lanes, square_of(_mm512_extractf32x8_ps(v, 1), _mm512_extractf32x8_ps(back, 1)));
    }
    return lanes;
}

/* Halves onto halves, of two runs each: lanes 0+4 .. 3+7 of a, then those of b. */
AVX512 ALWAYS_INLINE __m512d halve_two(__m512d a, __m512d b)
{
    return _mm512_add_pd(_mm512_shuffle_f64x2(a, b, 0x44), _mm512_shuffle_f64x2(a, b, 0xEE));
}

/* Two lanes are left of each of four runs. */
AVX512 ALWAYS_INLINE __m512d halve_four(__m512d ab, __m512d cd)
{
    return _mm512_add_pd(_mm512_shuffle_f64x2(ab, cd, 0x88), _mm512_shuffle_f64x2(ab, cd, 0xDD));
}

/*
 * The sums of eight runs.
 *
 *     abcd, efgh   two lanes of each run: a0 a1 b0 b1 ..
 *     mixed        a e b f c g d h
 */
AVX512 ALWAYS_INLINE __m512d sum_eight(const __m512d lanes[8])
{
    const __m512i in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512d abcd = halve_four(halve_two(lanes[0], lanes[1]), halve_two(lanes[2], lanes[3]));
    const __m512d efgh = halve_four(halve_two(lanes[4], lanes[5]), halve_two(lanes[6], lanes[7]));
    const __m512d mixed =
        _mm512_add_pd(_mm512_unpacklo_pd(abcd, efgh), _mm512_unpackhi_pd(abcd, efgh));
    return _mm512_permutexvar_pd(in_order, mixed);
}

/* count <= MAX_BOUNDED runs. Returns whether all elements are within their bounds. */
AVX512 ALWAYS_INLINE bool add_runs(const struct run_bounds *bounds, size_t run, const float *x,
                                   const float *restored, size_t count, double *sums)
{
    __mmask16 fine = 0xFFFF;
    for (size_t k = 0; k < count; k += HALF_STEP) {
        const size_t some = count - k < HALF_STEP ? count - k : HALF_STEP;
        const uint8_t which = (uint8_t)((1U << some) - 1);
        __m512d lanes[HALF_STEP];
#pragma GCC unroll 8
        for (size_t i = 0; i < HALF_STEP; i++) {
            if (i >= some) {
                lanes[i] = _mm512_setzero_pd();
                continue;
            }
            struct run_check check = {_mm512_set1_ps(bounds->min[k + i]),
                                      _mm512_set1_ps(bounds->max[k + i]), fine};
            lanes[i] = add_run(x + (k + i) * run, restored + (k + i) * run, run, &check);
            fine = check.fine;
        }
        const __m512d before = _mm512_maskz_loadu_pd(which, sums + k);
        _mm512_mask_storeu_pd(sums + k, which, _mm512_add_pd(before, sum_eight(lanes)));
    }
    return fine == 0xFFFF;
}

AVX512 bool quant_avx512_run_errors(const struct quant_unclipped *unclipped, const float *scales,
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
