/* SPDX-License-Identifier: MIT */
/*
 * OCTAV (Sakr, Dai, Venkatesan, Zimmer, Dally, Khailany 2022, "Optimal Clipping and Magnitude-aware
 * Differentiation for Improved Quantization-aware Training", ICML): the squared error of clipping
 * at s and rounding to B bits below it is taken to be
 *
 *     J(s) = 4^-B / 3 * s^2 * P(0 < |x| <= s)  +  E[(|x| - s)^2; |x| > s]
 *
 * and Newton's iteration from s = 0 finds where it is least:
 *
 *                      sum of |x| over |x| > s
 *     s' = -------------------------------------------------------
 *          4^-B / 3 * count of 0 < |x| <= s  +  count of |x| > s
 *
 * B is the target's number of bits; of one that qmin or qmax narrow, log2(qmax - qmin + 1). Each
 * step is a pass. It has converged when s stays: once no element lies between two of its values,
 * the next is the same to the bit.
 */
#include <float.h>
#include <math.h>

#include "core/calibrator.h"
#include "core/spec.h"
#include "core/sums.h"

/* Fifteen are usual; it stops here where it has not converged. */
enum { MOST_PASSES = 40 };

struct state {
    double s;
    double noise;   /* 4^-B / 3 */
    double nonzero; /* elements: those above the first s, 0 */
};

static double levels_of(const struct quant_spec *spec)
{
    int32_t qmin;
    int32_t qmax;
    quant_spec_target(spec, &qmin, &qmax);
    if (spec->has_qmin || spec->has_qmax)
        return (double)qmax - (double)qmin + 1;
    return ldexp(1, (int)quant_dtype_info(quant_spec_dtype(spec))->bits);
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const double levels = levels_of(&calibrator->spec);
    state->s = 0;
    state->noise = 1 / (3 * levels * levels);
    calibrator->ncounts = 1;
    calibrator->nsums = 1;
}

/* Without branches, and counted in double: so compilers make vectors of it. */
static inline void add_element(float x, double s, double *sum, double *count)
{
    const double magnitude = fabs((double)x);
    const bool is_above = (magnitude > s) & (magnitude <= (double)FLT_MAX);
    *sum += is_above ? magnitude : 0;
    *count += is_above ? 1 : 0;
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums)
{
    const struct state *state = calibrator->state;
    const double s = state->s;
    double lanes[QUANT_MEASURE_LANES] = {0};
    double counts[QUANT_MEASURE_LANES] = {0};
    size_t i = 0;
    for (; n - i >= QUANT_MEASURE_LANES; i += QUANT_MEASURE_LANES)
        for (size_t lane = 0; lane < QUANT_MEASURE_LANES; lane++)
            add_element(x[i + lane], s, &lanes[lane], &counts[lane]);
    for (size_t lane = 0; i + lane < n; lane++)
        add_element(x[i + lane], s, &lanes[lane], &counts[lane]);
    tally->counts[0] += (uint64_t)quant_sum_lanes(counts);
    sums[0] = quant_sum_lanes(lanes);
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const double above = (double)calibrator->counts[0];
    const double before = state->s;
    if (calibrator->passes == 1)
        state->nonzero = above;
    if (above > 0)
        state->s = calibrator->sums[0] / (state->noise * (state->nonzero - above) + above);
    if (state->s == before || calibrator->passes == MOST_PASSES)
        quant_calibrator_settle_around_zero(calibrator, state->s);
}

const struct quant_calibration quant_calibration_octav = {
    .name = "octav",
    .summary = "the OCTAV paper's Newton iteration for the least squared error",
    .for_integers = true,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
};
