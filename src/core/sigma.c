/* SPDX-License-Identifier: MIT */
/*
 * K standard deviations to either side of the mean, in two passes: the mean first, then the mean
 * square of what is left, which loses nothing where the mean is large. The deviation is the
 * population's, divided by n. In double no square of a float32 overflows, nor does their sum.
 */
#include <float.h>
#include <math.h>

#include "core/calibrator.h"
#include "core/sums.h"

struct state {
    double mean;
};

/* Beyond 1e30 the product with a deviation might overflow; no range has so many. */
static bool accepts(double deviations)
{
    return deviations > 0 && deviations <= 1e30;
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    state->mean = 0;
    calibrator->nsums = 1;
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums)
{
    const struct state *state = calibrator->state;
    double lanes[QUANT_MEASURE_LANES] = {0};
    (void)tally;
    for (size_t i = 0; i < n; i++) {
        const double from_mean = isfinite(x[i]) ? (double)x[i] - state->mean : 0;
        lanes[i % QUANT_MEASURE_LANES] +=
            calibrator->passes == 0 ? from_mean : from_mean * from_mean;
    }
    sums[0] = quant_sum_lanes(lanes);
}

/* The first pass adds elements, the second squares. */
static bool adds_up(const struct quant_calibrator *calibrator)
{
    return calibrator->passes == 0 || calibrator->sums[0] >= 0;
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const double least = (double)calibrator->observed.least;
    const double greatest = (double)calibrator->observed.greatest;
    const double mean_of_pass = calibrator->sums[0] / (double)calibrator->nfinite;
    if (calibrator->passes == 1) {
        state->mean = mean_of_pass;
        return;
    }
    const double reach = calibrator->argument * sqrt(mean_of_pass);
    const double lo = fmax(state->mean - reach, least);
    const double hi = fmin(state->mean + reach, greatest);
    if (calibrator->spec.scheme == QUANT_ABSMAX)
        quant_calibrator_settle_around_zero(calibrator, fmax(fabs(lo), fabs(hi)));
    else
        quant_calibrator_settle(calibrator, lo, hi);
}

const struct quant_calibration quant_calibration_sigma = {
    .name = "sigma",
    .summary = "K standard deviations to either side of the mean",
    .argument = "K",
    .expected = "a K above 0 and at most 1e30",
    .accepts = accepts,
    .initial = 3,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
};
