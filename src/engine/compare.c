/* SPDX-License-Identifier: MIT */
/* Every scheme with every method on one tensor, the best first. */
#include <string.h>

#include "base/error.h"
#include "core/calibration.h"
#include "engine/trials.h"

struct comparing {
    const struct quant_compare_job *job;
    struct quant_compare_result *result;
    struct quant_error *error;
    struct quant_tensor tensor;
    bool by_position;
    struct quant_workbench *benches; /* owned */
    unsigned workers;
    struct quant_progress progress;
};

static const enum quant_scheme schemes[] = {QUANT_ABSMAX, QUANT_ZERO_POINT};

enum { NSCHEMES = sizeof schemes / sizeof schemes[0] };

/* What the schemes' rows can be made of; the error is that of the first scheme. */
static enum quant_status check_job(const struct comparing *run)
{
    struct quant_spec spec = run->job->spec;
    enum quant_status status = QUANT_OK;
    for (size_t i = NSCHEMES; i-- > 0;) {
        spec.scheme = schemes[i];
        status = quant_spec_check(&spec, run->error);
        if (status == QUANT_OK)
            break;
    }
    if (status == QUANT_OK && !quant_spec_needs_range(&spec))
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

/* What the methods of a scheme make, as a rule. */
static unsigned scheme_passes(const struct comparing *run, enum quant_scheme scheme)
{
    struct quant_spec spec = run->job->spec;
    struct quant_spec candidates[QUANT_CALIBRATION_MOST];
    unsigned passes = 0;
    spec.scheme = scheme;
    const size_t n = quant_calibration_candidates(&spec, candidates);
    for (size_t i = 0; i < n; i++)
        passes += quant_calibration_passes(&candidates[i]);
    return passes;
}

static unsigned expected_passes(const struct comparing *run)
{
    unsigned passes = 0;
    for (size_t i = 0; i < NSCHEMES; i++)
        passes += scheme_passes(run, schemes[i]);
    return passes;
}

static enum quant_status choose_all(struct comparing *run, const struct quant_scan *scan)
{
    _Static_assert((int)NSCHEMES * (int)QUANT_CALIBRATION_MOST <= (int)QUANT_COMPARE_MOST,
                   "room for every row");
    struct quant_compare_result *result = run->result;
    struct quant_spec spec = run->job->spec;
    enum quant_status status = QUANT_OK;
    const uint64_t count = result->observed.count;
    unsigned passes = expected_passes(run) + 1; /* the last one measures */
    for (size_t i = 0; status == QUANT_OK && i < NSCHEMES; i++) {
        spec.scheme = schemes[i];
        passes -= scheme_passes(run, schemes[i]);
        run->progress.ahead = count * passes;
        status = quant_trials_choose(scan, &spec, &result->observed, result->rows, &result->n,
                                     run->error);
    }
    run->progress.ahead = 0;
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
        quant_progress_begin_pass(&run->progress, run->tensor.reader->nelems,
                                  run->tensor.reader->nelems * (expected_passes(run) + 1));
    enum quant_status status = quant_scan_observe(&scan, &result->observed, run->error);
    if (status == QUANT_OK)
        status = quant_check_finite(&run->tensor, &result->observed, run->job->spec.nonfinite,
                                    "quantize", "maps them", run->error);
    if (status == QUANT_OK)
        status = choose_all(run, &scan);
    if (status == QUANT_OK)
        status = quant_trials_measure(&scan, result->rows, result->n, run->error);
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
        .progress = {.call = job->progress, .context = job->progress_context},
    };
    enum quant_status status = check_job(&run);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run.tensor, &job->input, NULL, &job->cancel, error);
    if (status == QUANT_OK)
        status = make_benches(&run);
    if (status == QUANT_OK)
        status = compare(&run);
    quant_workbenches_free(run.benches, run.workers);
    quant_tensor_close(&run.tensor);
    return status;
}
