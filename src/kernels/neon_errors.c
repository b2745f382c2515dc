/* SPDX-License-Identifier: MIT */
/* NEON for the squared errors of groups. What does not fill the lanes is done as in the definition.
 */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>
#include <float.h>

#include "kernels/neon.h"
#include "kernels/scalar.h"

enum { PAIR = LANES / 2, PAIRS = QUANT_GROUP_LANES / PAIR };

ALWAYS_INLINE float64x2_t square_of(const float *x, const float *restored)
{
    const float64x2_t e = vsubq_f64(vcvt_f64_f32(vld1_f32(x)), vcvt_f64_f32(vld1_f32(restored)));
    return vmulq_f64(e, e);
}

/* ---- A sum for each element ---- */

/* All bits are set where the clamp leaves an element alone. */
ALWAYS_INLINE uint32x4_t unclipped_of(const struct quant_unclipped *unclipped, float32x4_t scale,
                                      int32x4_t zero_point, float32x4_t x)
{
    const float32x4_t z = vcvtq_f32_s32(zero_point);
    const float32x4_t min = vmulq_f32(vsubq_f32(vdupq_n_f32(unclipped->lowest), z), scale);
    const float32x4_t max = vmulq_f32(vsubq_f32(vdupq_n_f32(unclipped->highest), z), scale);
    const uint32x4_t valid = vandq_u32(vcgeq_f32(scale, vdupq_n_f32(FLT_MIN)),
                                       vcleq_f32(vabsq_f32(z), vdupq_n_f32(QUANT_NEAR_ZERO_POINT)));
    return vandq_u32(valid, vandq_u32(vcgeq_f32(x, min), vcleq_f32(x, max)));
}

bool quant_neon_each_errors(const struct quant_unclipped *unclipped, const float *scales,
                            const int32_t *zero_points, const float *x, const float *restored,
                            size_t n, double *sums)
{
    uint32x4_t fine = vdupq_n_u32(UINT32_MAX);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        fine = vandq_u32(fine, unclipped_of(unclipped, vld1q_f32(scales + i),
                                            vld1q_s32(zero_points + i), vld1q_f32(x + i)));
        for (size_t at = i; at < i + LANES; at += PAIR)
            vst1q_f64(sums + at, vaddq_f64(vld1q_f64(sums + at), square_of(x + at, restored + at)));
    }
    const bool rest = quant_scalar_each_errors(unclipped, scales + i, zero_points + i, x + i,
                                               restored + i, n - i, sums + i);
    return vminvq_u32(fine) == 0 || rest;
}

/* ---- A sum for each run ---- */

/* The lanes of one run, and where all of its elements so far are left alone by the clamp. */
struct run_lanes {
    float64x2_t of[PAIRS];
    uint32x4_t fine;
};

/* The whole steps of a run; returns the number of elements. */
ALWAYS_INLINE size_t add_steps(struct run_lanes *lanes, const float *x, const float *restored,
                               size_t run, float32x4_t min, float32x4_t max)
{
    size_t i = 0;
    for (; run - i >= QUANT_GROUP_LANES; i += QUANT_GROUP_LANES) {
        const float32x4_t first = vld1q_f32(x + i);
        const float32x4_t second = vld1q_f32(x + i + LANES);
        lanes->fine = vandq_u32(lanes->fine, vcgeq_f32(vminq_f32(first, second), min));
        lanes->fine = vandq_u32(lanes->fine, vcleq_f32(vmaxq_f32(first, second), max));
        for (size_t pair = 0; pair < PAIRS; pair++)
            lanes->of[pair] = vaddq_f64(lanes->of[pair],
                                        square_of(x + i + PAIR * pair, restored + i + PAIR * pair));
    }
    return i;
}

/* The elements after the whole steps, each in its lane. */
static bool add_rest(const struct quant_unclipped *unclipped, float scale, int32_t zero_point,
                     const float *x, const float *restored, size_t n, struct run_lanes *lanes)
{
    double sums[QUANT_GROUP_LANES];
    bool may_be = false;
    for (size_t pair = 0; pair < PAIRS; pair++)
        vst1q_f64(sums + PAIR * pair, lanes->of[pair]);
    for (size_t i = 0; i < n; i++) {
        const double e = (double)x[i] - (double)restored[i];
        sums[i] += e * e;
        may_be |= quant_may_be_clipped(unclipped, scale, zero_point, x[i]);
    }
    for (size_t pair = 0; pair < PAIRS; pair++)
        lanes->of[pair] = vld1q_f64(sums + PAIR * pair);
    return may_be;
}

/* Halves onto halves. */
ALWAYS_INLINE double sum_lanes(const struct run_lanes *lanes)
{
    const float64x2_t even = vaddq_f64(lanes->of[0], lanes->of[2]); /* 0+4, 1+5 */
    const float64x2_t odd = vaddq_f64(lanes->of[1], lanes->of[3]);  /* 2+6, 3+7 */
    return vpaddd_f64(vaddq_f64(even, odd));
}

bool quant_neon_run_errors(const struct quant_unclipped *unclipped, const float *scales,
                           const int32_t *zero_points, size_t run, const float *x,
                           const float *restored, size_t nruns, double *sums)
{
    bool may_be = false;
    for (size_t k = 0; k < nruns; k++, x += run, restored += run) {
        const float z = (float)zero_points[k];
        const float32x4_t min = vdupq_n_f32((unclipped->lowest - z) * scales[k]);
        const float32x4_t max = vdupq_n_f32((unclipped->highest - z) * scales[k]);
        struct run_lanes lanes = {.fine = vdupq_n_u32(UINT32_MAX)};
        for (size_t pair = 0; pair < PAIRS; pair++)
            lanes.of[pair] = vdupq_n_f64(0);
        const size_t done = add_steps(&lanes, x, restored, run, min, max);
        if (done < run)
            may_be |= add_rest(unclipped, scales[k], zero_points[k], x + done, restored + done,
                               run - done, &lanes);
        may_be |= vminvq_u32(lanes.fine) == 0 ||
                  !(scales[k] >= FLT_MIN && fabsf(z) <= QUANT_NEAR_ZERO_POINT);
        sums[k] += sum_lanes(&lanes);
    }
    return may_be;
}

#endif
