/* SPDX-License-Identifier: MIT */
/*
 * The divergence of a width is a sum over its groups. With n elements in P, n' in Q, and e elements
 * and f filled bins in a group:
 *
 *     n KL = sum of p ln(p) over bins - sum of p ln(e / f) over groups + n ln(n' / n)
 *
 * The share of a group that is not outermost, p ln(p) over its bins minus e ln(e / f), is never
 * negative: it is e times the divergence from an even distribution. So the outermost groups and the
 * first few others show that nearly every width cannot be the best. The divergence of the others is
 * computed in one order, whatever was skipped.
 */
#include "methods/entropy_search.h"

#include <math.h>

#include "core/logarithm.h"

enum {
    BINS = QUANT_ENTROPY_BINS,
    ALL_BINS = QUANT_ENTROPY_ALL,
    BEYOND = QUANT_ENTROPY_BEYOND,
    LOOK = 16 /* groups that are added before the sum is checked again */
};

/* Divergences that differ by less are the same but for rounding: for data on a coarse grid many are
 * 0. */
static const double SAME = 1e-12;

/* The rounding error of a divergence: at most ALL_BINS terms for each of two sums that are at most
 * ln(2^64) an element, and fewer groups, each rounded to 2^-53: 2 * 5000 * 45 * 1.2e-16. */
static const double ROUNDING = 1e-10;

/* For at most VERY_SMALL elements it is at most NEXT_TO_NOTHING, by the same count: at most n / 2
 * bins have more than one element, so terms that are not 0, and there are at most n groups, of
 * ln(256). */
enum { VERY_SMALL = 256 };
static const double NEXT_TO_NOTHING = 5e-13;

/* count is an integer above 0. */
static double log_of(const struct quant_entropy_search *search, double count)
{
    return count <= ALL_BINS ? search->logarithms[(size_t)count] : quant_logarithm(count);
}

static double information_of(const struct quant_entropy_search *search, double count)
{
    return count > 0 ? count * log_of(search, count) : 0;
}

/* ---- One width ---- */

/* The bins first to last - 1, in groups; the elements outside are in the outermost two. */
struct span {
    size_t first;
    size_t last;
    size_t levels;
    double below;
    double above;
};

struct group {
    double elements;
    double filled;
    double clipped;
};

static struct group group_of(const struct quant_entropy_search *search, const struct span *span,
                             size_t from, size_t to)
{
    struct group group = {
        .elements = search->before[to].elements - search->before[from].elements,
        .filled = search->before[to].filled - search->before[from].filled,
    };
    if (from == span->first && span->below > 0) {
        group.filled += search->before[from + 1].elements == search->before[from].elements;
        group.clipped += span->below;
    }
    if (to == span->last && span->above > 0) {
        group.filled += search->before[to].elements == search->before[to - 1].elements;
        group.clipped += span->above;
    }
    return group;
}

/* The term of the sum over groups. INFINITY if elements are clipped to a group that has no others.
 */
static double term_of(const struct quant_entropy_search *search, const struct group *group)
{
    if (group->elements + group->clipped == 0)
        return 0;
    if (group->elements == 0)
        return (double)INFINITY;
    return (group->elements + group->clipped) *
           (log_of(search, group->elements) - log_of(search, group->filled));
}

/* Where the groups end, one after another: the i-th at first + floor((i + 1) * bins / levels). */
struct cursor {
    size_t to;
    size_t step;
    size_t rest;
    size_t each_rest;
    size_t levels;
};

static struct cursor cursor_at(const struct span *span)
{
    const size_t bins = span->last - span->first;
    return (struct cursor){
        .to = span->first,
        .step = bins / span->levels,
        .each_rest = bins % span->levels,
        .levels = span->levels,
    };
}

static inline size_t advance(struct cursor *cursor)
{
    cursor->rest += cursor->each_rest;
    cursor->to += cursor->step + (cursor->rest >= cursor->levels);
    cursor->rest -= cursor->rest >= cursor->levels ? cursor->levels : 0;
    return cursor->to;
}

/* Subtracts the terms of n groups that are not outermost from sum. */
static inline double subtract_terms(const struct quant_entropy_search *search,
                                    struct cursor *cursor, size_t n, double sum)
{
    double elements = search->before[cursor->to].elements;
    double filled = search->before[cursor->to].filled;
    for (size_t i = 0; i < n; i++) {
        const size_t to = advance(cursor);
        const double more = search->before[to].elements - elements;
        const double filled_more = search->before[to].filled - filled;
        if (more == 0)
            continue;
        sum -= more * (log_of(search, more) - log_of(search, filled_more));
        elements += more;
        filled += filled_more;
    }
    return sum;
}

/* False if others were clipped to all elements that it has: one bin is the same as itself, however
 * many elements are in it. */
static bool can_be_compared(const struct quant_entropy_search *search, const struct span *span)
{
    double kept = search->before[span->last].elements - search->before[span->first].elements;
    if (span->below > 0)
        kept -= search->before[span->first + 1].elements - search->before[span->first].elements;
    if (span->above > 0)
        kept -= search->before[span->last].elements - search->before[span->last - 1].elements;
    return kept > 0 || span->below + span->above == 0;
}

/* The sum over bins, with clipped elements. */
static double sum_of_bins(const struct quant_entropy_search *search, const struct span *span)
{
    const size_t first = span->first;
    const size_t last = span->last;
    const double in_first = search->before[first + 1].elements - search->before[first].elements;
    const double in_last = search->before[last].elements - search->before[last - 1].elements;
    double sum = search->information[last] - search->information[first];
    sum += information_of(search, in_first + span->below) - information_of(search, in_first);
    sum += information_of(search, in_last + span->above) - information_of(search, in_last);
    return sum;
}

/* INFINITY once it is certain to be more than limit. */
static double divergence(const struct quant_entropy_search *search, const struct span *span,
                         double limit)
{
    if (!can_be_compared(search, span))
        return (double)INFINITY;
    struct cursor cursor = cursor_at(span);
    const struct group group = group_of(search, span, span->first, advance(&cursor));
    const double term = term_of(search, &group);
    const size_t outer = span->last - cursor.step - (cursor.each_rest > 0);
    const struct group outer_group = group_of(search, span, outer, span->last);
    const double outer_term = span->levels > 1 ? term_of(search, &outer_group) : 0;
    if (isinf(term) || isinf(outer_term))
        return (double)INFINITY;
    const double inside =
        search->before[span->last].elements - search->before[span->first].elements;
    const double n = inside + span->below + span->above;
    double sum = sum_of_bins(search, span) - term;
    /* The groups from a bin on add up to no less than 0, minus the information of their bins. */
    const double max = n * (limit + ROUNDING) + outer_term -
                       n * (log_of(search, inside) - search->log_n) + search->information[outer];
    size_t left = span->levels > 1 ? span->levels - 2 : 0;
    while (left > 0) {
        if (sum + search->information[cursor.to] > max)
            return (double)INFINITY;
        const size_t some = left < LOOK ? left : LOOK;
        sum = subtract_terms(search, &cursor, some, sum);
        left -= some;
    }
    sum -= outer_term;
    return (sum + n * quant_logarithm(inside / n)) / n;
}

/* ---- All of them ---- */

static void find_logarithms(struct quant_entropy_search *search)
{
    const size_t max = search->n < ALL_BINS ? (size_t)search->n : ALL_BINS;
    for (size_t i = search->nlogarithms > 0 ? search->nlogarithms : 1; i <= max; i++) {
        search->logarithms[i] = quant_logarithm((double)i);
        search->nlogarithms = i + 1;
    }
    search->log_n = log_of(search, search->n);
}

/* Sums up the bins from first on; below it all are empty. */
static void sum_up(struct quant_entropy_search *search, const uint64_t *counts, size_t first)
{
    uint64_t n = 0;
    for (size_t i = first; i < QUANT_ENTROPY_COUNTS; i++)
        n += counts[i];
    search->n = (double)n;
    find_logarithms(search);
    double elements = 0;
    double filled = 0;
    double information = 0;
    for (size_t i = first; i < ALL_BINS; i++) {
        search->before[i].elements = elements;
        search->before[i].filled = filled;
        search->information[i] = information;
        if (counts[i] == 0)
            continue;
        elements += (double)counts[i];
        filled += 1;
        information += information_of(search, (double)counts[i]);
    }
    search->before[ALL_BINS].elements = elements;
    search->before[ALL_BINS].filled = filled;
    search->information[ALL_BINS] = information;
}

/* Squared errors this close are equal but for rounding: with two levels, those of all widths that
 * clip nothing are. */
static const double NO_GREATER = 1 + 1e-9;

/* Kept while the width goes down from all bins, one by one. */
struct limit {
    double max; /* the squared error that a width may have; negative: unknown yet */
    double clipped;
};

static void narrow(struct quant_entropy_search *search, const uint64_t *counts, bool symmetric,
                   const struct quant_entropy_mapping *mapping, struct limit *limit)
{
    if (limit->max < 0) {
        quant_entropy_error_init(&search->error, counts + BINS, symmetric ? NULL : counts);
        limit->max = quant_entropy_error_total(&search->error, mapping) * NO_GREATER;
    }
    limit->clipped = quant_entropy_error_narrow(&search->error);
}

size_t quant_entropy_search(struct quant_entropy_search *search,
                            const uint64_t counts[QUANT_ENTROPY_COUNTS], size_t integers,
                            bool symmetric, const struct quant_entropy_mapping *mapping)
{
    const size_t half = (integers + 1) / 2;
    size_t best = half > BINS ? 0 : BINS;
    double min = (double)INFINITY;
    struct limit limit = {.max = -1, .clipped = 0};
    sum_up(search, counts, symmetric ? BINS : 0);
    if (search->n == 0)
        return best;
    for (size_t i = BINS; i >= half && i > 0; i--) {
        struct span span = {.first = symmetric ? BINS : BINS - i, .last = BINS + i};
        span.levels = symmetric ? half : integers;
        span.below = (double)counts[BEYOND] + search->before[span.first].elements;
        span.above = (double)counts[BEYOND + 1] + search->before[ALL_BINS].elements -
                     search->before[span.last].elements;
        if (i < BINS)
            narrow(search, counts, symmetric, mapping, &limit);
        if (i < BINS && limit.clipped > limit.max)
            break;
        const double found = divergence(search, &span, min);
        if (found < min - SAME &&
            (i == BINS || quant_entropy_error_total(&search->error, mapping) <= limit.max)) {
            min = found;
            best = i;
        }
        if (search->n <= VERY_SMALL && min <= SAME - NEXT_TO_NOTHING)
            break;
    }
    return best;
}
