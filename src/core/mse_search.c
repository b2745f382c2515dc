/* SPDX-License-Identifier: MIT */
/*
 * Three kinds of rounds. Shrink: the observed range in QUANT_MSE_STEPS steps; for absmax that is
 * all there is, with the zero-point scheme towards zero (or the end next to it), towards the
 * middle, and from either side alone. Axes, for the zero-point scheme: one end stays, the other
 * goes where it will. Near: the surroundings of the best, finer from round to round. Axes and near
 * go on while they gain something, a few times at most; near to its end where every range can be
 * measured.
 */
#include "core/mse_search.h"

#include <math.h>

/* Less is not worth another round. */
static const double GAIN = 1e-4;

enum { AXES_ROUNDS = 3, NEAR_ROUNDS = 4, NEAR_STEPS = 16, NEAR_SIDE = 3 };

void quant_mse_search_begin(struct quant_mse_search *search, const struct quant_observed *observed,
                            enum quant_scheme scheme, bool thorough)
{
    const double least = (double)observed->least;
    const double greatest = (double)observed->greatest;
    const double absmax = fmax(fabs(least), fabs(greatest));
    *search = (struct quant_mse_search){
        .thorough = thorough,
        .symmetric = scheme == QUANT_ABSMAX,
        .least = scheme == QUANT_ABSMAX ? -absmax : least,
        .greatest = scheme == QUANT_ABSMAX ? absmax : greatest,
        .best = {.cost = (double)INFINITY},
        .before = (double)INFINITY,
    };
}

/* ---- The ranges of a round ---- */

struct bounds {
    double lo;
    double hi;
};

/* Towards zero or the end next to it, towards the middle, from above, from below. */
static struct bounds shrink(const struct quant_mse_search *search, size_t row, size_t i)
{
    const double lo = search->least;
    const double hi = search->greatest;
    if (row == 0 && i == 0)
        return (struct bounds){lo, hi};
    const double part = (double)(QUANT_MSE_STEPS - i - (row > 0)) / QUANT_MSE_STEPS;
    const double zero = fmin(fmax(0, lo), hi);
    const double middle = lo + (hi - lo) / 2;
    const double center = row == 0 ? zero : middle;
    switch (row) {
    case 2:
        return (struct bounds){lo, lo + (hi - lo) * part};
    case 3:
        return (struct bounds){hi - (hi - lo) * part, hi};
    default:
        return (struct bounds){center + (lo - center) * part, center + (hi - center) * part};
    }
}

static struct bounds along_axis(const struct quant_mse_search *search, size_t row, size_t i)
{
    const struct quant_mse_range *best = &search->best;
    const double part = 2.0 * (double)i / QUANT_MSE_STEPS;
    if (row == 0)
        return (struct bounds){search->least + (best->hi - search->least) * part, best->hi};
    return (struct bounds){best->lo, search->greatest - (search->greatest - best->lo) * part};
}

static struct bounds near_best(const struct quant_mse_search *search, size_t row, size_t i)
{
    const struct quant_mse_range *best = &search->best;
    const double width = search->greatest - search->least;
    if (search->symmetric) {
        const double step = width / 2 / QUANT_MSE_STEPS * ldexp(1, -3 * (int)(search->round + 1));
        const double steps = (double)i - NEAR_STEPS;
        return (struct bounds){best->lo - steps * step, best->hi + steps * step};
    }
    const double step = width / QUANT_MSE_STEPS * ldexp(1, -2 * (int)search->round);
    return (struct bounds){best->lo + ((double)row - NEAR_SIDE) * step,
                           best->hi + ((double)i - NEAR_SIDE) * step};
}

size_t quant_mse_search_rows(const struct quant_mse_search *search)
{
    switch (search->kind) {
    case QUANT_MSE_SHRINK:
        return search->symmetric ? 1 : 4;
    case QUANT_MSE_AXES:
        return 2;
    case QUANT_MSE_NEAR:
        return search->symmetric ? 1 : 2 * NEAR_SIDE + 1;
    case QUANT_MSE_DONE:
        break;
    }
    return 0;
}

/* The observed range is in the first row alone. */
size_t quant_mse_search_row_length(const struct quant_mse_search *search, size_t row)
{
    switch (search->kind) {
    case QUANT_MSE_SHRINK:
        return row == 0 ? QUANT_MSE_STEPS : QUANT_MSE_STEPS - 1;
    case QUANT_MSE_AXES:
        return QUANT_MSE_STEPS / 2;
    case QUANT_MSE_NEAR:
        return search->symmetric ? 2 * NEAR_STEPS + 1 : 2 * NEAR_SIDE + 1;
    case QUANT_MSE_DONE:
        break;
    }
    return 0;
}

bool quant_mse_search_range(const struct quant_mse_search *search, size_t row, size_t i,
                            struct quant_mse_range *range)
{
    const struct bounds bounds = search->kind == QUANT_MSE_SHRINK ? shrink(search, row, i)
                                 : search->kind == QUANT_MSE_AXES ? along_axis(search, row, i)
                                                                  : near_best(search, row, i);
    *range = (struct quant_mse_range){.lo = bounds.lo, .hi = bounds.hi};
    return bounds.lo >= search->least && bounds.lo < bounds.hi && bounds.hi <= search->greatest;
}

size_t quant_mse_search_list(const struct quant_mse_search *search,
                             struct quant_mse_range list[QUANT_MSE_RANGES])
{
    size_t n = 0;
    for (size_t row = 0; row < quant_mse_search_rows(search); row++)
        for (size_t i = 0; i < quant_mse_search_row_length(search, row); i++)
            n += quant_mse_search_range(search, row, i, &list[n]);
    return n;
}

int quant_mse_range_compare(const struct quant_mse_range *left, const struct quant_mse_range *right)
{
    if (left->cost != right->cost)
        return left->cost < right->cost ? -1 : 1;
    const double left_width = left->hi - left->lo;
    const double right_width = right->hi - right->lo;
    if (left_width != right_width)
        return left_width > right_width ? -1 : 1;
    return (left->lo > right->lo) - (left->lo < right->lo);
}

/* ---- From round to round ---- */

bool quant_mse_search_advance(struct quant_mse_search *search)
{
    const bool gains = search->best.cost < search->before * (1 - GAIN) || isinf(search->before);
    search->before = search->best.cost;
    search->round++;
    const bool is_near_enough = search->kind == QUANT_MSE_NEAR &&
                                ((!gains && !search->thorough) || search->round == NEAR_ROUNDS);
    if (search->best.cost == 0 || is_near_enough) {
        search->kind = QUANT_MSE_DONE;
    } else if (search->kind == QUANT_MSE_SHRINK) {
        search->kind = search->symmetric ? QUANT_MSE_NEAR : QUANT_MSE_AXES;
        search->round = 0;
    } else if (search->kind == QUANT_MSE_AXES && (!gains || search->round == AXES_ROUNDS)) {
        search->kind = QUANT_MSE_NEAR;
        search->round = 0;
    }
    return search->kind != QUANT_MSE_DONE;
}
