/* SPDX-License-Identifier: MIT */
/*
 * The passes:
 *
 *     look      the range, what is not finite, the range of each channel
 *     count     everything that needs the range: moments, histogram, outliers, bins of keys
 *     digits    two, for the percentiles; a small tensor sorts its keys instead
 *     trials    of floats: the range by the spec, what is lost with it, and with a scale for each
 *               channel
 */
#include "engine/tensor/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "core/histogram.h"
#include "core/moments.h"
#include "core/observed.h"
#include "engine/tensor/channel_spread.h"
#include "engine/tensor/number_reader.h"
#include "engine/tensor/outliers.h"
#include "engine/tensor/statistics_trials.h"
#include "kernels/kernels.h"
#include "methods/method.h"
#include "methods/order_statistics.h"

enum { LEVEL_WORDS = 1024 };

/* What a worker counts. But for moments and outliers, which are of one chunk, it is over all its
 * chunks. */
struct part {
    struct quant_moments_part moments;
    struct quant_outliers outliers;
    uint64_t *keys;  /* owned: QUANT_KEY_BINS counts; NULL for a small tensor, */
    uint32_t *small; /* owned: whose keys are sorted here */
    uint64_t digits[QUANT_ORDER_COUNTS];
    uint64_t histogram[QUANT_HISTOGRAM_BINS];
    uint64_t levels[LEVEL_WORDS];
    uint64_t nans;
    uint64_t plus_infinities;
    uint64_t at_ends[2];
};

struct finding {
    const struct quant_statistics_request *request;
    struct quant_statistics *found;
    struct quant_scan scan;
    unsigned passes;    /* expected after the one at work */
    struct part *parts; /* owned: of each worker */
    struct quant_channels channels;
    struct quant_moments moments;
    struct quant_bins bins;
    double half;                 /* of the largest magnitude */
    struct quant_params numbers; /* of integers */
    struct quant_order_statistics order;
    struct quant_error *error;
};

double quant_percentile_at(size_t i)
{
    static const double percents[QUANT_PERCENTILES] = {0.1, 1, 50, 99, 99.9};
    return i < QUANT_PERCENTILES ? percents[i] : (double)NAN;
}

static void begin_pass(struct finding *finding)
{
    const uint64_t nelems = finding->scan.tensor->reader->nelems;
    finding->passes -= finding->passes > 0;
    finding->scan.progress->ahead = nelems * finding->passes;
    quant_progress_begin_pass(finding->scan.progress, nelems, finding->scan.progress->ahead);
}

static uint64_t count_finite(const struct finding *finding)
{
    return finding->found->observed.count - finding->found->observed.nonfinite;
}

/* ---- Look ---- */

static enum quant_status look(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct finding *finding = context;
    struct quant_buffers *buffers = &finding->scan.buffers[chunk->worker];
    (void)error;
    buffers->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    quant_observe(&buffers->observed, buffers->x, chunk->count);
    quant_channels_take(&finding->channels, chunk, buffers->x);
    return QUANT_OK;
}

static enum quant_status join_look(void *context, struct quant_chunk *chunk,
                                   struct quant_error *error)
{
    struct finding *finding = context;
    (void)error;
    quant_observed_join(&finding->found->observed, &finding->scan.buffers[chunk->worker].observed);
    quant_channels_join(&finding->channels, chunk);
    return QUANT_OK;
}

/* ---- Count ---- */

static void count_nonfinite(struct part *part, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        part->nans += isnan(x[i]) != 0;
        part->plus_infinities += x[i] > 0 && isinf(x[i]);
    }
}

/* Restoring an integer with scale 1 is exact, and so is the way back. */
static void count_integers(const struct finding *finding, struct part *part, void *q,
                           const float *x, size_t n)
{
    const float low = (float)finding->request->quantized->qmin;
    const float high = (float)finding->request->quantized->qmax;
    uint64_t ends[2] = {0};
    if (finding->found->levels == 0)
        return;
    quant_quantize(&finding->numbers, x, n, q);
    quant_kernels()->mark_levels[finding->numbers.dtype](q, n, part->levels);
    for (size_t i = 0; i < n; i++) {
        ends[0] += x[i] == low;
        ends[1] += x[i] == high;
    }
    part->at_ends[0] += ends[0];
    part->at_ends[1] += ends[1];
}

/* A small tensor is one chunk. */
static void sort_small(struct finding *finding, uint32_t *keys, const float *x, size_t n)
{
    size_t nkeys = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            keys[nkeys++] = quant_key(x[i]);
    quant_order_settle_sorted(&finding->order, quant_keys_sort(keys, nkeys, keys + nkeys));
}

static enum quant_status count(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct finding *finding = context;
    const struct quant_buffers *buffers = &finding->scan.buffers[chunk->worker];
    struct part *part = &finding->parts[chunk->worker];
    const float *x = buffers->x;
    (void)error;
    quant_moments_take(&part->moments, x, chunk->count);
    quant_outliers_clear(&part->outliers);
    quant_outliers_add(&part->outliers, finding->half, x, chunk->count);
    quant_bins_count(&finding->bins, x, chunk->count, finding->found->observed.nonfinite == 0,
                     part->histogram);
    if (part->keys)
        quant_keys_count(x, chunk->count, part->keys);
    else
        sort_small(finding, part->small, x, chunk->count);
    if (finding->found->observed.nonfinite > 0)
        count_nonfinite(part, x, chunk->count);
    if (finding->request->quantized)
        count_integers(finding, part, buffers->q, x, chunk->count);
    return QUANT_OK;
}

static enum quant_status join_count(void *context, struct quant_chunk *chunk,
                                    struct quant_error *error)
{
    struct finding *finding = context;
    struct part *part = &finding->parts[chunk->worker];
    (void)error;
    quant_moments_join(&finding->moments, &part->moments);
    quant_outliers_join(&finding->found->outliers, &part->outliers);
    return QUANT_OK;
}

/* Counts are added up in any order. */
static void gather(struct finding *finding)
{
    struct quant_statistics *found = finding->found;
    struct part *first = &finding->parts[0];
    for (unsigned i = 0; i < finding->scan.workers; i++) {
        const struct part *part = &finding->parts[i];
        found->nans += part->nans;
        found->plus_infinities += part->plus_infinities;
        for (size_t k = 0; k < 2; k++)
            found->at_ends[k] += part->at_ends[k];
        for (size_t k = 0; k < QUANT_HISTOGRAM_BINS; k++)
            found->histogram.counts[k] += part->histogram[k];
        for (size_t k = 0; i > 0 && k < LEVEL_WORDS; k++)
            first->levels[k] |= part->levels[k];
        for (size_t k = 0; i > 0 && part->keys && k < QUANT_KEY_BINS; k++)
            first->keys[k] += part->keys[k];
    }
    for (size_t k = 0; k < LEVEL_WORDS; k++)
        found->levels_used += (uint64_t)__builtin_popcountll(first->levels[k]);
    found->minus_infinities = found->observed.nonfinite - found->nans - found->plus_infinities;
    found->mean = quant_moments_mean(&finding->moments);
    found->deviation = quant_moments_deviation(&finding->moments);
    found->zeros = finding->moments.n - finding->moments.nonzero;
}

/* ---- Percentiles ---- */

static enum quant_status count_digits(void *context, struct quant_chunk *chunk,
                                      struct quant_error *error)
{
    const struct finding *finding = context;
    (void)error;
    quant_order_count_digits(&finding->order, finding->scan.buffers[chunk->worker].x, chunk->count,
                             finding->parts[chunk->worker].digits);
    return QUANT_OK;
}

static enum quant_status join_digits(void *context, struct quant_chunk *chunk,
                                     struct quant_error *error)
{
    (void)context;
    (void)chunk;
    (void)error;
    return QUANT_OK;
}

static void settle_digits(struct finding *finding)
{
    uint64_t *sums = finding->parts[0].digits;
    for (unsigned i = 1; i < finding->scan.workers; i++)
        for (size_t k = 0; k < QUANT_ORDER_COUNTS; k++)
            sums[k] += finding->parts[i].digits[k];
    quant_order_settle_digits(&finding->order, sums);
    for (unsigned i = 0; i < finding->scan.workers; i++)
        for (size_t k = 0; k < QUANT_ORDER_COUNTS; k++)
            finding->parts[i].digits[k] = 0;
}

static enum quant_status find_percentiles(struct finding *finding)
{
    enum quant_status status = QUANT_OK;
    if (finding->parts[0].keys)
        quant_order_settle_bins(&finding->order, finding->parts[0].keys);
    while (status == QUANT_OK && finding->order.unknown > 0) {
        begin_pass(finding);
        status =
            quant_scan_pass(&finding->scan, count_digits, join_digits, finding, finding->error);
        settle_digits(finding);
    }
    for (size_t i = 0; status == QUANT_OK && i < QUANT_PERCENTILES; i++)
        finding->found->percentiles[i] = quant_order_value(&finding->order, i) + 0.0; /* not -0 */
    return status;
}

/* ---- All of it ---- */

static enum quant_status make_parts(struct finding *finding, struct quant_pool *pool)
{
    const struct quant_reader *reader = finding->scan.tensor->reader;
    const struct quant_buffers_needs needs = {.x = true};
    const bool is_short = reader->nelems < QUANT_CHUNK;
    const bool is_small = reader->nelems <= QUANT_CALIBRATION_SMALL;
    const unsigned workers = quant_chunk_workers(quant_pool_threads(pool), reader->nelems);
    bool ok = true;
    finding->scan.pool = pool;
    finding->scan.buffers = quant_pool_buffers(pool, 0);
    finding->scan.workers = workers;
    finding->parts = calloc(workers, sizeof *finding->parts);
    for (unsigned i = 0; finding->parts && i < workers; i++) {
        struct part *part = &finding->parts[i];
        if (is_small)
            part->small = malloc(sizeof *part->small * 2 * QUANT_CALIBRATION_SMALL);
        else
            part->keys = calloc(QUANT_KEY_BINS, sizeof *part->keys);
        ok = ok && (part->small || part->keys);
    }
    if (!finding->parts || !ok)
        return quant_error_no_memory(finding->error, workers * sizeof *finding->parts, "buffers");
    const enum quant_status status = quant_buffers_reserve(
        finding->scan.buffers, workers, is_short ? (size_t)reader->nelems : QUANT_CHUNK, &needs,
        finding->error);
    return status == QUANT_OK
               ? quant_channels_begin(&finding->channels, reader, workers, finding->error)
               : status;
}

static enum quant_status count_all(struct finding *finding)
{
    struct quant_statistics *found = finding->found;
    const struct quant_observed *observed = &found->observed;
    double percents[QUANT_PERCENTILES];
    quant_moments_init(&finding->moments, observed->min, observed->max);
    for (unsigned i = 0; i < finding->scan.workers; i++)
        quant_moments_part_init(&finding->parts[i].moments, &finding->moments);
    quant_bins_make(&finding->bins, (double)observed->min, (double)observed->max,
                    finding->request->quantized);
    finding->half = quant_outliers_half(observed);
    for (size_t i = 0; i < QUANT_PERCENTILES; i++)
        percents[i] = quant_percentile_at(i);
    quant_order_place(&finding->order, count_finite(finding), percents, QUANT_PERCENTILES);
    begin_pass(finding);
    const enum quant_status status =
        quant_scan_pass(&finding->scan, count, join_count, finding, finding->error);
    if (status != QUANT_OK)
        return status;
    found->histogram.nbins = finding->bins.n;
    found->histogram.low = finding->bins.edges[0];
    found->histogram.high = finding->bins.edges[finding->bins.n];
    gather(finding);
    return find_percentiles(finding);
}

/* Nothing is finite: only the kinds of the others are counted. */
static enum quant_status count_nothing(struct finding *finding)
{
    struct quant_statistics *found = finding->found;
    for (size_t i = 0; i < QUANT_PERCENTILES; i++)
        found->percentiles[i] = (double)NAN;
    finding->bins = (struct quant_bins){.n = 1, .edges = {1, -1}};
    finding->order.n = 0;
    begin_pass(finding);
    const enum quant_status status =
        quant_scan_pass(&finding->scan, count, join_count, finding, finding->error);
    if (status == QUANT_OK)
        gather(finding);
    found->mean = found->deviation = (double)NAN;
    return status;
}

static enum quant_status find_all(struct finding *finding)
{
    struct quant_statistics *found = finding->found;
    begin_pass(finding);
    enum quant_status status =
        quant_scan_pass(&finding->scan, look, join_look, finding, finding->error);
    if (status != QUANT_OK)
        return status;
    status = quant_channels_spread(&finding->channels, &found->channels, finding->error);
    if (status == QUANT_OK)
        status = count_finite(finding) > 0 ? count_all(finding) : count_nothing(finding);
    if (status == QUANT_OK && finding->request->spec) {
        const struct quant_statistics_trials trials = {.spec = finding->request->spec,
                                                       .cancel = finding->request->cancel};
        status = quant_statistics_try(&trials, &finding->scan, found, finding->error);
    }
    return status;
}

static void release(struct finding *finding)
{
    for (unsigned i = 0; finding->parts && i < finding->scan.workers; i++) {
        free(finding->parts[i].keys);
        free(finding->parts[i].small);
    }
    free(finding->parts);
    quant_channels_release(&finding->channels);
}

static enum quant_status begin(struct finding *finding, struct quant_pool *pool)
{
    const struct quant_statistics_request *request = finding->request;
    struct quant_tensor *tensor = finding->scan.tensor;
    enum quant_status status = QUANT_OK;
    *finding->found = (struct quant_statistics){.observed = QUANT_OBSERVED_INIT};
    quant_outliers_clear(&finding->found->outliers);
    if (!quant_reader_is_positional(tensor->reader))
        status = quant_tensor_spool(tensor, request->cancel, finding->error);
    if (request->quantized) {
        const struct quant_dtype_info *info = quant_dtype_info(request->quantized->dtype);
        finding->found->are_integers = true;
        /* Elements come as floats, which do not hold all integers of 32 bits. */
        finding->found->levels = info->bits <= 16 ? UINT64_C(1) << info->bits : 0;
        finding->numbers = quant_number_params(request->quantized->dtype);
    }
    return status == QUANT_OK ? make_parts(finding, pool) : status;
}

enum quant_status quant_statistics_find(const struct quant_statistics_request *request,
                                        struct quant_tensor *tensor, struct quant_pool *pool,
                                        struct quant_progress *progress,
                                        struct quant_statistics *statistics,
                                        struct quant_error *error)
{
    enum { PASSES = 8 }; /* as a rule */
    struct finding *finding = calloc(1, sizeof *finding);
    if (!finding)
        return quant_error_no_memory(error, sizeof *finding, "statistics");
    finding->request = request;
    finding->found = statistics;
    finding->passes = PASSES;
    finding->error = error;
    finding->scan =
        (struct quant_scan){.tensor = tensor, .by_position = true, .progress = progress};
    enum quant_status status = begin(finding, pool);
    if (status == QUANT_OK)
        status = find_all(finding);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(tensor), error);
    release(finding);
    free(finding);
    return status;
}
