/* SPDX-License-Identifier: MIT */
/* Each chunk is quantized and measured once for each row, while it is in the cache. */
#include "engine/tensor/trials.h"

#include <stdlib.h>

#include "base/error.h"
#include "core/measure.h"
#include "engine/tensor/scan_method.h"
#include "methods/auto.h"

enum quant_status quant_trials_choose(const struct quant_scan *scan, const struct quant_plan *plan,
                                      const struct quant_observed *observed,
                                      struct quant_comparison *rows, size_t *n,
                                      struct quant_error *error)
{
    struct quant_plan candidates[QUANT_CALIBRATION_MAX];
    const size_t ncandidates = quant_plan_candidates(plan, candidates);
    enum quant_status status = QUANT_OK;
    const uint64_t after = scan->progress->ahead;
    unsigned passes = 0;
    for (size_t i = 0; i < ncandidates; i++)
        passes += quant_plan_passes(&candidates[i]);
    for (size_t i = 0; status == QUANT_OK && i < ncandidates; i++) {
        passes -= quant_plan_passes(&candidates[i]);
        scan->progress->ahead = after + observed->count * passes;
        struct quant_comparison *row = &rows[(*n)++];
        *row = (struct quant_comparison){.scheme = plan->target.scheme,
                                         .calibration = candidates[i].method->name};
        status = quant_scan_choose_by_method(scan, &candidates[i], observed, &row->choice, error);
    }
    scan->progress->ahead = after;
    return status;
}

/* ---- Measuring ---- */

struct trials {
    const struct quant_buffers *buffers;
    const struct quant_comparison *rows;
    size_t n;
    struct quant_measure *measures;   /* owned: one for each row */
    struct quant_measure_part *parts; /* owned: for each worker one for each row */
};

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct trials *trials = context;
    const struct quant_buffers *buffers = &trials->buffers[chunk->worker];
    (void)error;
    for (size_t i = 0; i < trials->n; i++) {
        quant_quantize(&trials->rows[i].choice.params, buffers->x, chunk->count, buffers->q);
        quant_measure_part_take(&trials->parts[trials->n * chunk->worker + i], &trials->measures[i],
                                buffers->x, buffers->q, chunk->count);
    }
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct trials *trials = context;
    (void)error;
    for (size_t i = 0; i < trials->n; i++)
        quant_measure_join(&trials->measures[i], &trials->parts[trials->n * chunk->worker + i]);
    return QUANT_OK;
}

static enum quant_status measure(const struct quant_scan *scan, struct trials *trials,
                                 struct quant_comparison *rows, struct quant_error *error)
{
    const struct quant_reader *reader = scan->tensor->reader;
    for (size_t i = 0; i < trials->n; i++)
        quant_measure_init(&trials->measures[i], &rows[i].choice.params);
    quant_progress_begin_pass(scan->progress, reader->nelems, scan->progress->ahead);
    const enum quant_status status = quant_scan_pass(scan, take, join, trials, error);
    for (size_t i = 0; i < trials->n; i++)
        quant_measure_report(&trials->measures[i], reader->stored, 1, &rows[i].report);
    return status;
}

enum quant_status quant_trials_measure(const struct quant_scan *scan, struct quant_comparison *rows,
                                       size_t n, struct quant_error *error)
{
    /* One more than needed: a length of 0 could give NULL. */
    struct trials trials = {
        .buffers = scan->buffers,
        .rows = rows,
        .n = n,
        .measures = calloc(n + 1, sizeof *trials.measures),
        .parts = calloc(n * scan->workers + 1, sizeof *trials.parts),
    };
    const enum quant_status status =
        trials.measures && trials.parts
            ? measure(scan, &trials, rows, error)
            : quant_error_no_memory(error, n * sizeof *trials.parts, "buffers");
    free(trials.parts);
    free(trials.measures);
    return status;
}

/* ---- The best of them ---- */

enum quant_status quant_trials_best(const struct quant_scan *scan, const struct quant_plan *plan,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error)
{
    struct quant_comparison rows[QUANT_CALIBRATION_MAX];
    size_t n = 0;
    const uint64_t after = scan->progress->ahead;
    scan->progress->ahead += observed->count; /* the pass that measures */
    enum quant_status status = quant_trials_choose(scan, plan, observed, rows, &n, error);
    scan->progress->ahead = after;
    if (status == QUANT_OK)
        status = quant_trials_measure(scan, rows, n, error);
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (rows[i].report.mse < rows[best].report.mse)
            best = i;
    if (status == QUANT_OK)
        *choice = rows[best].choice;
    return status;
}
