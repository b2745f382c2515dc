/* SPDX-License-Identifier: MIT */
/*
 * The range with the smallest squared error. One pass counts the elements in fine bins
 * (mse_points.h). A search over all scales and zero points finds the ranges that have the smallest
 * error by these counts (mse_search.h). A second pass measures them, and the observed range, by
 * quantizing and restoring every element. The best one is taken; if some are equal, the widest. So
 * the result is never worse than that of minmax.
 *
 * The counts are nearly the elements themselves: measuring seldom changes the order of the best
 * ranges by more than 0.01 %. So few ranges need to be measured, and fewer for a longer tensor,
 * whose counts are closer still.
 *
 * Tried before: to measure ranges only, in rounds. There are two ends to look for, and rounds that
 * move one end at a time stop at a local optimum (up to 3 % above the best in int4). And many
 * passes cost more than one that counts.
 */
#include <math.h>

#include "core/profile_params.h"
#include "core/range_params.h"
#include "methods/calibrator.h"
#include "methods/mse_measure.h"
#include "methods/mse_points.h"
#include "methods/mse_search.h"

/* Besides the observed range, for each sign of the scale. */
enum { MIN_RANGES = 1, RANGES = 1 + QUANT_MSE_RANGES, SIGNED_RANGES = 1 + 2 * QUANT_MSE_RANGES };

/* Elements times ranges to measure. This takes about as long as counting a tensor of 64 MiB. */
#define BUDGET (UINT64_C(1) << 25)

struct state {
    struct quant_mse_bins bins;
    struct quant_mse_points points;
    struct quant_mse_search search;
    struct quant_mse_range list[SIGNED_RANGES];
    struct quant_params params[SIGNED_RANGES];
    uint32_t keys[2 * QUANT_CALIBRATION_SMALL]; /* of a small tensor, and room to sort them */
};

/* The number of ranges that may be measured, for a number of elements. */
static size_t affordable(uint64_t nfinite)
{
    const uint64_t max = BUDGET / nfinite;
    return max < MIN_RANGES ? MIN_RANGES
                            : (max < QUANT_MSE_RANGES ? (size_t)max : QUANT_MSE_RANGES);
}

static struct quant_mse_range observed_range(const struct quant_calibrator *calibrator)
{
    const double absmax = quant_calibrator_absmax(calibrator);
    const bool symmetric =
        calibrator->target.scheme == QUANT_ABSMAX && !quant_target_is_signed(&calibrator->target);
    return (struct quant_mse_range){
        .lo = symmetric ? -absmax : (double)calibrator->observed.min,
        .hi = symmetric ? absmax : (double)calibrator->observed.max,
    };
}

/* Lists the observed range and those that the search finds. Returns their number. */
static size_t list_ranges(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    state->list[0] = observed_range(calibrator);
    return 1 + quant_mse_search(&state->search, &state->points, &calibrator->target,
                                &calibrator->observed, affordable(calibrator->nfinite),
                                state->list + 1);
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    state->bins = quant_mse_bins_of(&calibrator->observed);
    calibrator->ncounts = quant_mse_bins_counters(&state->bins);
    calibrator->nsums = quant_target_is_signed(&calibrator->target) ? SIGNED_RANGES : RANGES;
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums)
{
    const struct state *state = calibrator->state;
    if (calibrator->passes == 0) {
        quant_mse_bins_count(&state->bins, x, n, tally->counts);
        for (size_t i = 0; i < calibrator->nsums; i++)
            sums[i] = 0;
        return;
    }
    const bool all_finite = calibrator->observed.nonfinite == 0;
    for (size_t i = 0; i < calibrator->nsums; i++)
        sums[i] = quant_mse_measure(&state->params[i], x, n, all_finite, (double)INFINITY);
}

static bool adds_up(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    if (calibrator->passes == 0)
        return quant_mse_bins_add_up(&state->bins, calibrator->counts, calibrator->nfinite);
    bool are_squares = true;
    for (size_t i = 0; i < calibrator->nsums; i++)
        are_squares &= calibrator->sums[i] >= 0;
    return are_squares;
}

static void prepare_measuring(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const struct quant_target *target = &calibrator->target;
    const struct quant_choice nothing = quant_choice_of_nothing(target);
    calibrator->nsums = list_ranges(calibrator);
    for (size_t i = 0; i < calibrator->nsums; i++) {
        struct quant_choice choice = nothing;
        quant_choice_set_range(&choice, target, state->list[i].lo, state->list[i].hi);
        state->params[i] = choice.params;
    }
}

static void keep_better(struct quant_mse_range *best, const struct quant_mse_range *range,
                        double cost)
{
    struct quant_mse_range measured = *range;
    measured.cost = cost;
    if (quant_mse_range_compare(&measured, best) < 0)
        *best = measured;
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    if (calibrator->passes == 1) {
        quant_mse_points_from_counts(&state->points, &state->bins, calibrator->counts);
        prepare_measuring(calibrator);
        return;
    }
    struct quant_mse_range best = {.cost = (double)INFINITY};
    for (size_t i = 0; i < calibrator->nsums; i++)
        keep_better(&best, &state->list[i], calibrator->sums[i]);
    quant_calibrator_settle(calibrator, best.lo, best.hi);
}

/* Each range is measured only as long as it may still be the best. */
static void small(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    const bool all_finite = calibrator->observed.nonfinite == 0;
    struct quant_mse_range best = {.cost = (double)INFINITY};
    begin(calibrator);
    quant_mse_points_from_elements(&state->points, &state->bins, x, n, state->keys);
    prepare_measuring(calibrator);
    for (size_t i = 0; i < calibrator->nsums; i++)
        keep_better(&best, &state->list[i],
                    quant_mse_measure_all(&state->params[i], x, n, all_finite, best.cost));
    quant_calibrator_settle(calibrator, best.lo, best.hi);
}

const struct quant_calibration quant_calibration_mse = {
    .name = "mse",
    .summary = "smallest mean squared error, measured; never worse than minmax",
    .by_inputs = true,
    .for_integers = true,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .small = small,
};
