/* SPDX-License-Identifier: MIT */
/*
 * Every scheme and method on one tensor: the passes that each needs to find its parameters, one
 * after the other, and then one pass that measures all of them side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/measure.h"
#include "engine/calibrate.h"

struct comparing {
    const struct quant_compare_job *job;
    struct quant_compare_result *result;
    struct quant_error *error;
    struct quant_tensor tensor;
    bool by_position;
    struct quant_workbench *benches; /* owned */
    unsigned workers;
    struct quant_progress progress;
    struct quant_measure *measures;   /* owned: one a row */
    struct quant_measure_part *parts; /* owned: one a row for each worker */
};

static enum quant_status check_job(const struct comparing *run)
{
    const struct quant_spec *spec = &run->job->spec;
    const enum quant_status status = quant_spec_check(spec, run->error);
    if (status == QUANT_OK && !quant_spec_needs_range(spec))
        return quant_error_set(run->error, QUANT_INVALID,
                               "there are no ranges to compare where a scale or a range is given, "
                               "or for a type that is unscaled");
    return status;
}

static enum quant_status make_benches(struct comparing *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const struct quant_workbench_needs needs = {.x = true};
    run->by_position = quant_reader_is_positional(reader);
    const bool is_short = run->by_position && reader->nelems < QUANT_CHUNK;
    run->workers = run->by_position ? quant_chunk_workers(run->job->threads, reader->nelems) : 1;
    run->benches = quant_workbenches_new(
        run->workers, is_short ? (size_t)reader->nelems : QUANT_CHUNK, &needs, run->error);
    return run->benches ? QUANT_OK : QUANT_NO_MEMORY;
}

/* ---- Choosing ---- */

/* Not every type goes with every scheme and method. */
static enum quant_status choose_row(struct comparing *run, const struct quant_scan *scan,
                                    enum quant_scheme scheme, const char *calibration)
{
    struct quant_compare_result *result = run->result;
    struct quant_spec spec = run->job->spec;
    spec.scheme = scheme;
    spec.calibration = calibration;
    spec.has_calibration_argument = false;
    if (quant_spec_check(&spec, NULL) != QUANT_OK)
        return QUANT_OK;
    struct quant_comparison *row = &result->rows[result->n++];
    row->scheme = scheme;
    row->calibration = calibration;
    return quant_scan_choose(scan, &spec, &result->observed, &row->choice, run->error);
}

static enum quant_status choose_all(struct comparing *run, const struct quant_scan *scan)
{
    static const enum quant_scheme schemes[] = {QUANT_ABSMAX, QUANT_ZERO_POINT};
    enum quant_status status = QUANT_OK;
    for (size_t k = 0; k < sizeof schemes / sizeof schemes[0]; k++)
        for (size_t i = 0; status == QUANT_OK && quant_calibration_name(i); i++)
            if (run->result->n < QUANT_COMPARE_MOST)
                status = choose_row(run, scan, schemes[k], quant_calibration_name(i));
    return status;
}

/* ---- Measuring ---- */

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct comparing *run = context;
    const size_t n = run->result->n;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    (void)error;
    for (size_t i = 0; i < n; i++) {
        quant_quantize(&run->result->rows[i].choice.params, bench->x, chunk->count, bench->q);
        quant_measure_part_take(&run->parts[n * chunk->worker + i], &run->measures[i], bench->x,
                                bench->q, chunk->count);
    }
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct comparing *run = context;
    const size_t n = run->result->n;
    (void)error;
    for (size_t i = 0; i < n; i++)
        quant_measure_join(&run->measures[i], &run->parts[n * chunk->worker + i]);
    return QUANT_OK;
}

static enum quant_status measure_all(struct comparing *run, const struct quant_scan *scan)
{
    struct quant_compare_result *result = run->result;
    run->measures = calloc(result->n, sizeof *run->measures);
    run->parts = calloc(result->n * run->workers, sizeof *run->parts);
    if (!run->measures || !run->parts)
        return quant_error_no_memory(run->error, result->n * sizeof *run->parts, "buffers");
    for (size_t i = 0; i < result->n; i++)
        quant_measure_init(&run->measures[i], &result->rows[i].choice.params);
    if (run->progress.total > 0)
        run->progress.total += result->observed.count;
    const enum quant_status status = quant_scan_pass(scan, take, join, run, run->error);
    for (size_t i = 0; i < result->n; i++)
        quant_measure_report(&run->measures[i], run->tensor.reader->stored,
                             &result->rows[i].report);
    return status;
}

/* Rows are few, and equal ones must stay in their order. Without a mse, of nothing, none moves. */
static void sort_rows(struct quant_compare_result *result)
{
    for (size_t i = 1; i < result->n; i++) {
        const struct quant_comparison row = result->rows[i];
        size_t k = i;
        for (; k > 0 && row.report.mse < result->rows[k - 1].report.mse; k--)
            result->rows[k] = result->rows[k - 1];
        result->rows[k] = row;
    }
}

/* ---- All of it ---- */

static enum quant_status compare(struct comparing *run)
{
    struct quant_compare_result *result = run->result;
    const struct quant_scan scan = {
        .tensor = &run->tensor,
        .by_position = run->by_position,
        .benches = run->benches,
        .workers = run->workers,
        .progress = &run->progress,
    };
    if (run->tensor.reader->knowledge == QUANT_SHAPE_KNOWN)
        run->progress.total = run->tensor.reader->nelems;
    enum quant_status status = quant_scan_observe(&scan, &result->observed, run->error);
    if (status == QUANT_OK)
        status = quant_check_finite(&run->tensor, &result->observed, run->job->spec.nonfinite,
                                    run->error);
    if (status == QUANT_OK)
        status = choose_all(run, &scan);
    if (status == QUANT_OK)
        status = measure_all(run, &scan);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(run->tensor.source, run->error);
    result->shape = run->tensor.reader->shape;
    result->order = run->tensor.reader->order;
    result->source_dtype = run->tensor.reader->stored;
    sort_rows(result);
    return status;
}

enum quant_status quant_file_compare(const struct quant_compare_job *job,
                                     struct quant_compare_result *result, struct quant_error *error)
{
    memset(result, 0, sizeof *result);
    result->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    struct comparing run = {
        .job = job,
        .result = result,
        .error = error,
        .progress = {job->progress, job->progress_context, 0, 0},
    };
    enum quant_status status = check_job(&run);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run.tensor, &job->input, NULL, &job->cancel, error);
    if (status == QUANT_OK)
        status = make_benches(&run);
    if (status == QUANT_OK)
        status = compare(&run);
    free(run.parts);
    free(run.measures);
    quant_workbenches_free(run.benches, run.workers);
    quant_tensor_close(&run.tensor);
    return status;
}
