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

/* Of no use are ranges that are none, and those that reach beyond what was observed. */
static size_t add(const struct quant_mse_search *search, struct quant_mse_range *list, size_t n,
                  double lo, double hi)
{
    if (lo >= search->least && lo < hi && hi <= search->greatest)
        list[n++] = (struct quant_mse_range){.lo = lo, .hi = hi};
    return n;
}

static size_t list_shrink(const struct quant_mse_search *search, struct quant_mse_range *list)
{
    const double lo = search->least;
    const double hi = search->greatest;
    const double zero = fmin(fmax(0, lo), hi);
    const double middle = lo + (hi - lo) / 2;
    size_t n = add(search, list, 0, lo, hi);
    for (int i = QUANT_MSE_STEPS - 1; i > 0; i--) {
        const double part = (double)i / QUANT_MSE_STEPS;
        n = add(search, list, n, zero + (lo - zero) * part, zero + (hi - zero) * part);
        if (search->symmetric)
            continue;
        n = add(search, list, n, middle + (lo - middle) * part, middle + (hi - middle) * part);
        n = add(search, list, n, lo, lo + (hi - lo) * part);
        n = add(search, list, n, hi - (hi - lo) * part, hi);
    }
    return n;
}

static size_t list_axes(const struct quant_mse_search *search, struct quant_mse_range *list)
{
    const struct quant_mse_range *best = &search->best;
    size_t n = 0;
    for (int i = 0; i < QUANT_MSE_STEPS / 2; i++) {
        const double part = 2.0 * i / QUANT_MSE_STEPS;
        n = add(search, list, n, search->least + (best->hi - search->least) * part, best->hi);
        n = add(search, list, n, best->lo, search->greatest - (search->greatest - best->lo) * part);
    }
    return n;
}

static size_t list_near(const struct quant_mse_search *search, struct quant_mse_range *list)
{
    const struct quant_mse_range *best = &search->best;
    const double width = search->greatest - search->least;
    size_t n = 0;
    if (search->symmetric) {
        const double step = width / 2 / QUANT_MSE_STEPS * ldexp(1, -3 * (int)(search->round + 1));
        for (int i = -NEAR_STEPS; i <= NEAR_STEPS; i++)
            n = add(search, list, n, best->lo - i * step, best->hi + i * step);
        return n;
    }
    const double step = width / QUANT_MSE_STEPS * ldexp(1, -2 * (int)search->round);
    for (int i = -NEAR_SIDE; i <= NEAR_SIDE; i++)
        for (int k = -NEAR_SIDE; k <= NEAR_SIDE; k++)
            n = add(search, list, n, best->lo + i * step, best->hi + k * step);
    return n;
}

size_t quant_mse_search_list(const struct quant_mse_search *search,
                             struct quant_mse_range list[QUANT_MSE_RANGES])
{
    switch (search->kind) {
    case QUANT_MSE_SHRINK:
        return list_shrink(search, list);
    case QUANT_MSE_AXES:
        return list_axes(search, list);
    case QUANT_MSE_NEAR:
        return list_near(search, list);
    case QUANT_MSE_DONE:
        break;
    }
    return 0;
}

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
