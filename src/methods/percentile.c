/* SPDX-License-Identifier: MIT */
/*
 * Percentiles as exact order statistics, in two passes. One counts the elements by the upper half
 * of their keys, which shows in which bin the wanted element is, and how many are before it there.
 * The other counts the elements of that bin by the lower half.
 *
 * The wanted elements are those of rank floor(v), counted from 0, and the next, among the n sorted
 * ones, with v = (n - 1) * P / 100. The result is interpolated between them with the very
 * operations of numpy.percentile's method "linear".
 *
 * For a small tensor, keys are sorted.
 */
#include <math.h>

#include "methods/calibrator.h"
#include "methods/filled_bins.h"
#include "methods/float_keys.h"
#include "methods/quantile.h"

enum { RUN = 32 };

/* An order statistic and its successor. If they are in two bins, the first is the largest of its
 * bin and the second the smallest of its own, and nothing has to be counted. */
struct quantile {
    struct quant_quantile place;
    uint32_t bin[2];
    uint64_t before[2]; /* elements of the bin before the one of that rank */
    uint64_t inside;    /* elements of the first bin */
};

struct state {
    struct quantile quantiles[2];
    size_t nquantiles;
    uint32_t keys[2 * QUANT_CALIBRATION_SMALL]; /* of a small tensor, and room to sort them */
};

static bool accepts(double percent)
{
    return percent > 0 && percent <= 100;
}

static struct quantile place_quantile(uint64_t n, double percent)
{
    return (struct quantile){.place = quant_quantile_place(n, percent)};
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const uint64_t n = calibrator->nfinite;
    state->nquantiles = 0;
    if (calibrator->target.scheme == QUANT_ABSMAX) {
        state->quantiles[state->nquantiles++] = place_quantile(n, calibrator->argument);
    } else {
        const double tail = (100 - calibrator->argument) / 2;
        state->quantiles[state->nquantiles++] = place_quantile(n, tail);
        state->quantiles[state->nquantiles++] = place_quantile(n, 100 - tail);
    }
    calibrator->ncounts = state->nquantiles * QUANT_KEY_BINS;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Few elements are in the bins that matter: most runs of RUN keys are skipped after one check,
 * which compilers make a few vector comparisons. */
static bool any_in(const uint32_t *keys, uint32_t first, uint32_t second)
{
    uint32_t any = 0;
    for (size_t k = 0; k < RUN; k++)
        any |= (keys[k] >> 16 == first) | (keys[k] >> 16 == second);
    return any != 0;
}

/* The smallest key is the one with the largest complement. */
static void refine(const struct quantile *quantile, const uint32_t *keys, size_t n,
                   uint64_t *counts, uint32_t *maxima)
{
    const uint32_t first = quantile->bin[0];
    const uint32_t second = quantile->bin[1];
    for (size_t k = 0; k < n; k++) {
        const uint32_t bin = keys[k] >> 16;
        if (bin == first && first == second)
            counts[keys[k] & 0xFFFF]++;
        else if (bin == first)
            maxima[0] = greater(maxima[0], keys[k]);
        else if (bin == second)
            maxima[1] = greater(maxima[1], ~keys[k]);
    }
}

static void refine_all(const struct quant_calibrator *calibrator, const float *x, size_t n,
                       struct quant_tally *tally)
{
    const struct state *state = calibrator->state;
    uint32_t keys[RUN];
    for (size_t i = 0; i < n; i += RUN) {
        const size_t run = n - i < RUN ? n - i : RUN;
        if (calibrator->target.scheme == QUANT_ABSMAX)
            for (size_t k = 0; k < run; k++)
                keys[k] = quant_key(fabsf(x[i + k]));
        else
            for (size_t k = 0; k < run; k++)
                keys[k] = quant_key(x[i + k]);
        for (size_t t = 0; t < state->nquantiles; t++) {
            const struct quantile *quantile = &state->quantiles[t];
            if (run < RUN || any_in(keys, quantile->bin[0], quantile->bin[1]))
                refine(quantile, keys, run, tally->counts + t * QUANT_KEY_BINS,
                       tally->maxima + 2 * t);
        }
    }
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums) /* NOLINT: other methods write there */
{
    (void)sums;
    if (calibrator->passes > 0)
        refine_all(calibrator, x, n, tally);
    else if (calibrator->target.scheme == QUANT_ABSMAX)
        quant_keys_count_magnitudes(x, n, tally->counts);
    else
        quant_keys_count(x, n, tally->counts);
}

/* For each end the second pass counts all elements of its bin, or finds the keys on either side of
 * it. */
static bool quantile_adds_up(const struct quantile *quantile, const uint64_t *counts,
                             const uint32_t *maxima)
{
    if (quantile->bin[0] == quantile->bin[1])
        return quant_calibrator_total(counts, QUANT_KEY_BINS) == quantile->inside;
    return maxima[0] >> 16 == quantile->bin[0] && ~maxima[1] >> 16 == quantile->bin[1];
}

static bool adds_up(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    bool right = calibrator->passes > 0 || quant_calibrator_has_all(calibrator);
    for (size_t i = 0; calibrator->passes > 0 && i < state->nquantiles; i++)
        right =
            right && quantile_adds_up(&state->quantiles[i], calibrator->counts + i * QUANT_KEY_BINS,
                                      calibrator->maxima + 2 * i);
    return right;
}

static void find_bins(struct quantile *quantile, const struct quant_filled_bins *bins)
{
    for (size_t i = 0; i < 2; i++) {
        quantile->before[i] = quantile->place.rank[i];
        quantile->bin[i] = quant_bins_at_rank(bins, &quantile->before[i]);
    }
}

static double value_between(const struct quantile *quantile, const uint32_t keys[2])
{
    return quant_quantile_value(&quantile->place, (double)quant_key_value(keys[0]),
                                (double)quant_key_value(keys[1]));
}

static double find_value(const struct quant_calibrator *calibrator, size_t i)
{
    const struct state *state = calibrator->state;
    const struct quantile *quantile = &state->quantiles[i];
    const struct quant_filled_bins lower_halves =
        quant_bins_of_counts(calibrator->counts + i * QUANT_KEY_BINS, NULL, 0, QUANT_KEY_BINS);
    uint32_t keys[2] = {calibrator->maxima[2 * i], ~calibrator->maxima[2 * i + 1]};
    if (quantile->bin[0] == quantile->bin[1])
        for (size_t k = 0; k < 2; k++) {
            uint64_t rank = quantile->before[k];
            keys[k] = quantile->bin[k] << 16 | quant_bins_at_rank(&lower_halves, &rank);
        }
    return value_between(quantile, keys);
}

static void settle(struct quant_calibrator *calibrator, const double values[2])
{
    if (calibrator->target.scheme == QUANT_ABSMAX)
        quant_calibrator_settle_around_zero(calibrator, values[0]);
    else
        quant_calibrator_settle(calibrator, values[0], values[1]);
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const uint64_t *counts = calibrator->counts;
    const struct quant_filled_bins bins =
        quant_bins_of_counts(counts, NULL, QUANT_KEY_FIRST, QUANT_KEY_LAST + 1);
    double values[2] = {0};
    for (size_t i = 0; i < state->nquantiles; i++)
        if (calibrator->passes == 1) {
            find_bins(&state->quantiles[i], &bins);
            state->quantiles[i].inside = counts[state->quantiles[i].bin[0]];
        } else {
            values[i] = find_value(calibrator, i);
        }
    if (calibrator->passes > 1)
        settle(calibrator, values);
}

/* No second pass is needed: each sorted key is a bin of its own. */
static void small(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    const bool symmetric = calibrator->target.scheme == QUANT_ABSMAX;
    double values[2] = {0};
    size_t nkeys = 0;
    begin(calibrator);
    for (size_t i = 0; i < n; i++) {
        state->keys[nkeys] = quant_key(symmetric ? fabsf(x[i]) : x[i]);
        nkeys += isfinite(x[i]) != 0;
    }
    const uint32_t *sorted = quant_keys_sort(state->keys, nkeys, state->keys + nkeys);
    const struct quant_filled_bins bins = quant_bins_of_keys(sorted, nkeys, 0);
    for (size_t i = 0; i < state->nquantiles; i++) {
        find_bins(&state->quantiles[i], &bins);
        values[i] = value_between(&state->quantiles[i], state->quantiles[i].bin);
    }
    settle(calibrator, values);
}

const struct quant_calibration quant_calibration_percentile = {
    .name = "percentile",
    .summary = "the middle P percent of the elements; with absmax, the P-th percentile of |x|",
    .argument = "P",
    .expected = "a P above 0 and at most 100",
    .accepts = accepts,
    .initial = 99.9,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .small = small,
};
