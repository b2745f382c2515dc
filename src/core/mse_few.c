/* SPDX-License-Identifier: MIT */
/*
 * By a range all elements come back inside a window, which is about the range itself. Those outside
 * of it lose at least their distance from it. Where the squares of these come to more than the
 * least error so far, the range need not be measured, nor, in a row of ranges each inside the one
 * before, those that follow.
 */
#include "core/mse_few.h"

#include <math.h>

#include "core/keys.h"
#include "core/mse_measure.h"
#include "core/params.h"
#include "core/scale.h"
#include "core/sums.h"

/* What a sum may be more than a sum in another order. */
static const double MORE = 1 + 1e-9;

/* Zero points farther from zero are not thought about: at 2^22 other rules hold. */
static const double FAR = 0x1p21;

struct few {
    const struct quant_spec *spec;
    const float *x;
    size_t n;
    bool all_finite;
    const uint32_t *sorted; /* keys of the finite ones */
    size_t nsorted;
    struct quant_choice nothing; /* that a range is set in */
    struct quant_mse_search search;
};

struct window {
    double low;
    double high;
    double scale;
};

/* What the window may be wider by, in parts of its own ends: scales are rounded to 2^-24 of their
 * value, products of them as well. Scales of 16 bits move both ends by half of their type's epsilon
 * at most, or one end of an affine range by all of it. */
static double slack_of(const struct few *few)
{
    const enum quant_dtype dtype = few->nothing.params.scale_dtype;
    return fmax(1e-6, dtype == QUANT_FLOAT32 ? 0 : 2 * quant_dtype_info(dtype)->epsilon);
}

static struct window window_of(const struct few *few, const struct quant_mse_range *range)
{
    const struct quant_params *params = &few->nothing.params;
    struct window window;
    if (few->spec->scheme == QUANT_ABSMAX) { /* both ends are multiples of the scale */
        const double least = fmin((double)params->qmin - params->zero_point, 0);
        const double greatest = (double)params->qmax - params->zero_point;
        window.scale = range->hi / greatest;
        window.low = least * window.scale;
        window.high = range->hi;
    } else { /* the zero point is rounded */
        const double lo = few->spec->include_zero ? fmin(range->lo, 0) : range->lo;
        const double hi = few->spec->include_zero ? fmax(range->hi, 0) : range->hi;
        window.scale = (hi - lo) / ((double)params->qmax - params->qmin);
        window.low = lo - window.scale / 2;
        window.high = hi + window.scale / 2;
    }
    const double slack = slack_of(few) * fmax(fabs(window.low), fabs(window.high));
    window.low -= slack;
    window.high += slack;
    return window;
}

/* Whether the windows are what is said of them, of all ranges from one to another that lies inside:
 * no scale is raised or lowered, and no zero point too far away. */
static bool holds(const struct few *few, const struct window *outer, const struct window *inner)
{
    const double farthest = fmax(fabs(outer->low), fabs(outer->high));
    const enum quant_dtype dtype = few->nothing.params.scale_dtype;
    return inner->scale > 2 * quant_scale_smallest(dtype) &&
           outer->scale < quant_scale_largest(dtype) / 2 &&
           (few->spec->scheme == QUANT_ABSMAX || farthest < inner->scale * FAR);
}

static bool row_holds(const struct few *few, const struct quant_mse_search *round, size_t row)
{
    struct quant_mse_range first;
    struct quant_mse_range last;
    if (round->kind == QUANT_MSE_NEAR || !quant_mse_search_range(round, row, 0, &first) ||
        !quant_mse_search_range(round, row, quant_mse_search_row_length(round, row) - 1, &last))
        return false;
    const struct window outer = window_of(few, &first);
    const struct window inner = window_of(few, &last);
    return holds(few, &outer, &inner);
}

/* Whether elements outside the window lose more than limit. */
static bool loses_more(const struct few *few, const struct window *window, double limit)
{
    double sum = 0;
    for (size_t i = few->nsorted; i > 0 && sum <= limit; i--) {
        const double beyond = (double)quant_key_value(few->sorted[i - 1]) - window->high;
        if (!(beyond > 0))
            break;
        sum += beyond * beyond;
    }
    for (size_t i = 0; i < few->nsorted && sum <= limit; i++) {
        const double beyond = window->low - (double)quant_key_value(few->sorted[i]);
        if (!(beyond > 0))
            break;
        sum += beyond * beyond;
    }
    return sum > limit;
}

/* As a calibrator adds it up; INFINITY once it is more than limit. */
static double measure(const struct few *few, const struct quant_mse_range *range, double limit)
{
    struct quant_choice choice = few->nothing;
    double sum = 0;
    double carry = 0;
    quant_choice_set_range(&choice, few->spec, range->lo, range->hi);
    for (size_t i = 0; i < few->n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = few->n - i < QUANT_MEASURE_BLOCK ? few->n - i : QUANT_MEASURE_BLOCK;
        quant_sum_add(&sum, &carry,
                      quant_mse_measure(&choice.params, few->x + i, size, few->all_finite,
                                        limit * MORE - sum));
        if (isinf(sum))
            break;
    }
    return quant_sum_total(sum, carry);
}

static bool is_hopeless(const struct few *few, const struct quant_mse_range *range)
{
    const struct window window = window_of(few, range);
    return holds(few, &window, &window) && loses_more(few, &window, few->search.best.cost * MORE);
}

/* round is the search as the round began: ranges follow from the best there was. */
static void measure_row(struct few *few, const struct quant_mse_search *round, size_t row)
{
    struct quant_mse_range *best = &few->search.best;
    const bool may_stop = row_holds(few, round, row);
    for (size_t i = 0; i < quant_mse_search_row_length(round, row); i++) {
        struct quant_mse_range range;
        if (!quant_mse_search_range(round, row, i, &range))
            continue;
        const bool hopeless = is_hopeless(few, &range);
        if (hopeless && may_stop)
            break;
        if (hopeless)
            continue;
        range.cost = measure(few, &range, best->cost);
        if (quant_mse_range_compare(&range, best) < 0)
            *best = range;
    }
}

struct quant_mse_range quant_mse_few(const struct quant_spec *spec,
                                     const struct quant_observed *observed, const float *x,
                                     size_t n, struct quant_mse_few_room *room)
{
    struct few few = {
        .spec = spec,
        .x = x,
        .n = n,
        .all_finite = observed->nonfinite == 0,
        .nothing = quant_choice_of_nothing(spec),
    };
    for (size_t i = 0; i < n; i++) {
        room->keys[few.nsorted] = quant_key(x[i]);
        few.nsorted += isfinite(x[i]) != 0;
    }
    few.sorted = quant_keys_sort(room->keys, few.nsorted, room->keys + few.nsorted);
    quant_mse_search_begin(&few.search, observed, spec->scheme, true);
    do {
        const struct quant_mse_search round = few.search;
        for (size_t row = 0; row < quant_mse_search_rows(&round); row++)
            measure_row(&few, &round, row);
    } while (quant_mse_search_advance(&few.search));
    return few.search.best;
}
