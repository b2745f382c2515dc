/* SPDX-License-Identifier: MIT */
/*
 * K standard deviations on either side of the mean, in one pass. The deviation is that of the
 * population, divided by n. The sums of the elements and of their squares are exact (exact_sums.h).
 * So the range does not depend on the order of the elements, nor on how they are cut into files and
 * parts, and nothing cancels if the mean is large.
 */
#include <math.h>

#include "base/sum_order.h"
#include "methods/calibrator.h"
#include "methods/exact_sums.h"

/* The sums of the calibrator are the digits, first of the elements, then of the squares. They are
 * integers, which doubles add up exactly to 2^53, so for 2^37 blocks. */
enum { SQUARES = QUANT_EXACT_ELEMENTS, SUMS = QUANT_EXACT_ELEMENTS + QUANT_EXACT_SQUARES };

_Static_assert((int)QUANT_MEASURE_BLOCK <= (int)QUANT_EXACT_BLOCK, "a block can be added");

/* Beyond 1e30 the product with a deviation could overflow. No range is so wide. */
static bool accepts(double deviations)
{
    return deviations > 0 && deviations <= 1e30;
}

static void begin(struct quant_calibrator *calibrator)
{
    calibrator->nsums = SUMS;
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums)
{
    struct quant_exact_sums exact = {{0}, {0}};
    (void)calibrator;
    (void)tally;
    quant_exact_sums_add(&exact, x, n);
    for (size_t i = 0; i < QUANT_EXACT_ELEMENTS; i++)
        sums[i] = (double)exact.elements[i];
    for (size_t i = 0; i < QUANT_EXACT_SQUARES; i++)
        sums[SQUARES + i] = (double)exact.squares[i];
}

static struct quant_exact_sums exact_sums_of(const double *sums)
{
    struct quant_exact_sums exact;
    for (size_t i = 0; i < QUANT_EXACT_ELEMENTS; i++)
        exact.elements[i] = (int64_t)sums[i];
    for (size_t i = 0; i < QUANT_EXACT_SQUARES; i++)
        exact.squares[i] = (int64_t)sums[SQUARES + i];
    return exact;
}

/* The sums may come from a file. */
static bool adds_up(const struct quant_calibrator *calibrator)
{
    double mean;
    double deviation;
    for (size_t i = 0; i < SUMS; i++)
        if (fabs(calibrator->sums[i]) > 0x1p53 || calibrator->sums[i] != rint(calibrator->sums[i]))
            return false;
    const struct quant_exact_sums exact = exact_sums_of(calibrator->sums);
    return quant_exact_sums_moments(&exact, calibrator->nfinite, &mean, &deviation);
}

static void settle(struct quant_calibrator *calibrator, const struct quant_exact_sums *exact)
{
    double mean = 0;
    double deviation = 0;
    quant_exact_sums_moments(exact, calibrator->nfinite, &mean, &deviation);
    const double reach = calibrator->argument * deviation;
    const double lo = fmax(mean - reach, (double)calibrator->observed.min);
    const double hi = fmin(mean + reach, (double)calibrator->observed.max);
    if (calibrator->target.scheme == QUANT_ABSMAX)
        quant_calibrator_settle_around_zero(calibrator, fmax(fabs(lo), fabs(hi)));
    else
        quant_calibrator_settle(calibrator, lo, hi);
}

static void next(struct quant_calibrator *calibrator)
{
    const struct quant_exact_sums exact = exact_sums_of(calibrator->sums);
    settle(calibrator, &exact);
}

static void small(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct quant_exact_sums exact = {{0}, {0}};
    for (size_t i = 0; i < n; i += QUANT_EXACT_BLOCK)
        quant_exact_sums_add(&exact, x + i, n - i < QUANT_EXACT_BLOCK ? n - i : QUANT_EXACT_BLOCK);
    settle(calibrator, &exact);
}

const struct quant_calibration quant_calibration_sigma = {
    .name = "sigma",
    .summary = "K standard deviations on each side of the mean",
    .argument = "K",
    .expected = "a K above 0 and at most 1e30",
    .accepts = accepts,
    .initial = 3,
    .passes = 1,
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .small = small,
};
