/* SPDX-License-Identifier: MIT */
/*
 * The range of least squared error, measured with the mapping itself: every element is quantized
 * and restored by each of a batch of ranges at once, a batch a pass. mse_search.h says which ranges
 * there are in a round. Of a short tensor all of them are measured; of a longer one only those for
 * which an estimate from a histogram is least, so that the work for an element falls as elements
 * become more.
 *
 * The estimate takes a bin's elements to lie evenly in it, and a bin is 2^-7 of its magnitude wide.
 * Of elements spread over more than that it is close, the closer the more they are. Of such as lie
 * more densely, in few places or on a grid, it does not know where between two levels they fall,
 * and the best of the ranges may not be among those that are measured. What can be said of any
 * elements: the observed range is always measured, so the result is never worse than minmax's; of
 * equals, the widest is taken.
 *
 * Few elements are measured range by range, and only as far as a range may still be the best.
 */
#include <math.h>
#include <stdlib.h>

#include "core/calibrator.h"
#include "core/mse_few.h"
#include "core/mse_measure.h"
#include "core/mse_model.h"
#include "core/mse_search.h"
#include "core/params.h"

enum {
    BATCH = 128, /* ranges a pass */
    LEAST = 16   /* ranges a round, of however many elements */
};

/* Elements times ranges that a round may measure, beyond the LEAST ranges: a tenth of a second. */
#define BUDGET (UINT64_C(1) << 27)

_Static_assert(BUDGET / QUANT_CALIBRATION_FEW >= QUANT_MSE_RANGES, "few: all can be measured");

struct state {
    struct quant_mse_search search;
    struct quant_mse_range list[QUANT_MSE_RANGES];
    size_t nlist;
    size_t measured; /* of the list */
    struct quant_params params[BATCH];
    bool estimates;
    struct quant_mse_model model;
    struct quant_mse_few_room few;
};

/* The ranges of a round that may be measured. */
static size_t affordable(const struct quant_calibrator *calibrator)
{
    const uint64_t most = BUDGET / calibrator->nfinite;
    return most < LEAST ? LEAST : most < QUANT_MSE_RANGES ? (size_t)most : QUANT_MSE_RANGES;
}

static struct quant_params params_of(const struct quant_calibrator *calibrator,
                                     const struct quant_mse_range *range)
{
    const double bounds[2] = {range->lo, range->hi};
    struct quant_choice choice;
    quant_choose_range(&calibrator->spec, NULL, bounds, &choice, NULL);
    return choice.params;
}

/* A total order, whatever qsort does. */
static int compare(const void *a, const void *b)
{
    return quant_mse_range_compare(a, b);
}

static void prune(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const size_t most = affordable(calibrator);
    if (state->nlist <= most)
        return;
    for (size_t i = 0; i < state->nlist; i++) {
        const struct quant_params params = params_of(calibrator, &state->list[i]);
        state->list[i].cost = quant_mse_model_estimate(&state->model, &params);
    }
    const bool has_observed = state->search.kind == QUANT_MSE_SHRINK;
    qsort(state->list + has_observed, state->nlist - has_observed, sizeof state->list[0], compare);
    state->nlist = most;
}

static void prepare_batch(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const size_t ahead = state->nlist - state->measured;
    calibrator->nsums = ahead < BATCH ? ahead : BATCH;
    for (size_t i = 0; i < calibrator->nsums; i++)
        state->params[i] = params_of(calibrator, &state->list[state->measured + i]);
}

static void prepare_round(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    state->measured = 0;
    state->nlist = quant_mse_search_list(&state->search, state->list);
    prune(calibrator);
    prepare_batch(calibrator);
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    state->estimates = affordable(calibrator) < QUANT_MSE_RANGES;
    quant_mse_search_begin(&state->search, &calibrator->observed, calibrator->spec.scheme,
                           !state->estimates);
    if (state->estimates)
        calibrator->ncounts = QUANT_KEY_BINS;
    else
        prepare_round(calibrator);
    calibrator->nsums = BATCH;
}

static bool is_counting(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    return state->estimates && calibrator->passes == 0;
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums)
{
    const struct state *state = calibrator->state;
    if (is_counting(calibrator)) {
        quant_keys_count(x, n, tally->counts);
        return;
    }
    const bool all_finite = calibrator->observed.nonfinite == 0;
    for (size_t i = 0; i < calibrator->nsums; i++)
        sums[i] = quant_mse_measure(&state->params[i], x, n, all_finite, (double)INFINITY);
}

static void enter_batch(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    for (size_t i = 0; i < calibrator->nsums; i++) {
        struct quant_mse_range *range = &state->list[state->measured++];
        range->cost = calibrator->sums[i];
        if (quant_mse_range_compare(range, &state->search.best) < 0)
            state->search.best = *range;
    }
}

static bool adds_up(const struct quant_calibrator *calibrator)
{
    if (is_counting(calibrator))
        return quant_calibrator_has_all(calibrator);
    bool are_squares = true;
    for (size_t i = 0; i < calibrator->nsums; i++)
        are_squares &= calibrator->sums[i] >= 0;
    return are_squares;
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    if (state->estimates && calibrator->passes == 1) {
        quant_mse_model_fill(&state->model, calibrator->counts,
                             quant_calibrator_absmax(calibrator));
        prepare_round(calibrator);
        return;
    }
    enter_batch(calibrator);
    if (state->measured < state->nlist)
        prepare_batch(calibrator);
    else if (quant_mse_search_advance(&state->search))
        prepare_round(calibrator);
    else
        quant_calibrator_settle(calibrator, state->search.best.lo, state->search.best.hi);
}

static void few(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    const struct quant_mse_range best =
        quant_mse_few(&calibrator->spec, &calibrator->observed, x, n, &state->few);
    quant_calibrator_settle(calibrator, best.lo, best.hi);
}

const struct quant_calibration quant_calibration_mse = {
    .name = "mse",
    .summary = "the range of least squared error, measured; never worse than minmax",
    .for_integers = true,
    .passes = 6,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .few = few,
};
