/* SPDX-License-Identifier: MIT */
/* Every type and scheme with every method on one tensor, the best first. */
#include "engine/tensor/compare_tensor.h"

#include "base/error.h"
#include "base/grouping.h"
#include "engine/tensor/group_trials.h"
#include "engine/tensor/outliers.h"
#include "engine/tensor/trials.h"
#include "methods/auto.h"
#include "methods/plan_choose.h"
#include "methods/plan_make.h"

struct comparing {
    const struct quant_compare_job *job;
    struct quant_compare_result *result;
    struct quant_error *error;
    const enum quant_dtype *dtypes;
    size_t ndtypes;
    bool has_groups;
    struct quant_tensor *tensor;
    bool by_position;
    struct quant_pool *pool;
    unsigned workers;
    unsigned ahead; /* passes that are expected after the one at work */
    struct quant_progress *progress;
};

static const enum quant_scheme schemes[] = {QUANT_ABSMAX, QUANT_ZERO_POINT};

enum { NSCHEMES = sizeof schemes / sizeof schemes[0] };

_Static_assert(QUANT_COMPARE_TYPES *(int)NSCHEMES *((int)QUANT_CALIBRATION_MAX + 1) <=
                   (int)QUANT_COMPARE_MOST,
               "room for every row");

/* ---- What to compare ---- */

static bool is_wanted(const struct comparing *run, enum quant_scheme scheme)
{
    return !run->job->has_scheme || run->job->spec.scheme == scheme;
}

/* The plan of a type's and scheme's rows, but for the method; with_clip: of the row of the given
 * range. Not all types take both schemes. */
static enum quant_status make_plan(const struct comparing *run, enum quant_dtype dtype,
                                   enum quant_scheme scheme, bool with_clip,
                                   struct quant_plan *plan, struct quant_error *error)
{
    struct quant_spec spec = run->job->spec;
    spec.dtype = dtype;
    spec.scheme = scheme;
    spec.has_clip = with_clip && spec.has_clip;
    spec.calibration = NULL;
    spec.has_calibration_argument = false;
    return quant_plan_make(&spec, NULL, plan, error);
}

/* One of the schemes must take the type. */
static enum quant_status check_type(const struct comparing *run, enum quant_dtype dtype)
{
    struct quant_plan plan = {.from = QUANT_RANGE_FOUND};
    enum quant_status status = QUANT_OK;
    for (size_t i = NSCHEMES; i-- > 0;) {
        if (!is_wanted(run, schemes[i]))
            continue;
        status = make_plan(run, dtype, schemes[i], true, &plan, run->error);
        if (status == QUANT_OK)
            break;
    }
    if (status == QUANT_OK && (plan.from == QUANT_SCALE_GIVEN || plan.from == QUANT_UNSCALED))
        return quant_error_set(run->error, QUANT_INVALID,
                               "no ranges to compare: a scale is given, or the type is unscaled");
    return status;
}

static enum quant_status begin(struct comparing *run)
{
    const struct quant_compare_job *job = run->job;
    run->dtypes = job->ndtypes > 0 ? job->dtypes : &job->spec.dtype;
    run->ndtypes = job->ndtypes > 0 ? job->ndtypes : 1;
    run->has_groups = quant_granularity_has_groups(&job->granularity);
    if (run->ndtypes > QUANT_COMPARE_TYPES)
        return quant_error_set(run->error, QUANT_INVALID,
                               "at most %d types are compared in one call, found %zu",
                               (int)QUANT_COMPARE_TYPES, run->ndtypes);
    if (run->has_groups && job->spec.has_clip)
        return quant_error_set(run->error, QUANT_INVALID,
                               "scales per channel or block are found from the elements and cannot "
                               "be used with a clipping range");
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < run->ndtypes; i++)
        status = check_type(run, run->dtypes[i]);
    return status;
}

/* ---- Passes ---- */

/* What all methods of a type and scheme make, as a rule. */
static unsigned scheme_passes(const struct comparing *run, enum quant_dtype dtype,
                              enum quant_scheme scheme)
{
    struct quant_plan plan;
    struct quant_plan candidates[QUANT_CALIBRATION_MAX];
    if (!is_wanted(run, scheme) || make_plan(run, dtype, scheme, false, &plan, NULL) != QUANT_OK)
        return 0;
    const size_t n = quant_plan_candidates(&plan, candidates);
    unsigned passes = 0;
    for (size_t i = 0; i < n; i++)
        passes += run->has_groups ? 1 : quant_plan_passes(&candidates[i]);
    return passes;
}

/* After the first: one that finds outliers, those of the methods, and one for each type that
 * measures; a group's row is one pass. */
static unsigned expected_passes(const struct comparing *run)
{
    unsigned passes = 1;
    for (size_t i = 0; i < run->ndtypes; i++) {
        for (size_t k = 0; k < NSCHEMES; k++)
            passes += scheme_passes(run, run->dtypes[i], schemes[k]);
        passes += run->has_groups ? 0 : 1;
    }
    return passes;
}

/* So many of the passes ahead are at work now. */
static void expect_passes(struct comparing *run, unsigned begun)
{
    run->ahead -= begun < run->ahead ? begun : run->ahead;
    run->progress->ahead = run->result->observed.count * run->ahead;
}

static enum quant_status make_buffers(struct comparing *run)
{
    const struct quant_reader *reader = run->tensor->reader;
    const struct quant_buffers_needs needs = {.x = true};
    run->by_position = quant_reader_is_positional(reader);
    const bool is_short = run->by_position && reader->nelems < QUANT_CHUNK;
    run->workers =
        run->by_position ? quant_chunk_workers(quant_pool_threads(run->pool), reader->nelems) : 1;
    return quant_buffers_reserve(quant_pool_buffers(run->pool, 0), run->workers,
                                 is_short ? (size_t)reader->nelems : QUANT_CHUNK, &needs,
                                 run->error);
}

static enum quant_status observe(struct comparing *run, const struct quant_scan *scan)
{
    const struct quant_reader *reader = run->tensor->reader;
    struct quant_compare_result *result = run->result;
    run->ahead = expected_passes(run);
    if (reader->knowledge == QUANT_SHAPE_KNOWN)
        quant_progress_begin_pass(run->progress, reader->nelems, reader->nelems * run->ahead);
    enum quant_status status = quant_scan_observe(scan, &result->observed, run->error);
    if (status == QUANT_OK)
        status = quant_check_finite(run->tensor, &result->observed, run->job->spec.nonfinite,
                                    "quantize", "maps them", run->error);
    expect_passes(run, 1);
    if (status == QUANT_OK)
        status = quant_outliers_find(scan, &result->observed, &result->outliers, run->error);
    return status;
}

/* ---- Rows ---- */

/* Rows are few, and equal ones must stay in their order. Without a mse, of nothing, none moves. */
static void sort_rows(struct quant_comparison *rows, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct quant_comparison row = rows[i];
        size_t k = i;
        for (; k > 0 && row.report.mse < rows[k - 1].report.mse; k--)
            rows[k] = rows[k - 1];
        rows[k] = row;
    }
}

/* The row of the given range, if there is one and the scheme takes it. */
static enum quant_status choose_clip(const struct comparing *run, enum quant_dtype dtype,
                                     enum quant_scheme scheme, struct quant_comparison *rows,
                                     size_t *n)
{
    struct quant_plan plan;
    if (!run->job->spec.has_clip || make_plan(run, dtype, scheme, true, &plan, NULL) != QUANT_OK)
        return QUANT_OK;
    struct quant_comparison *row = &rows[(*n)++];
    *row = (struct quant_comparison){.scheme = scheme};
    return quant_plan_choose(&plan, &run->result->observed, NULL, &row->choice, run->error);
}

/* One scale for all elements: each method finds its range, then one pass measures all of them. */
static enum quant_status compare_type(struct comparing *run, const struct quant_scan *scan,
                                      enum quant_dtype dtype)
{
    struct quant_compare_result *result = run->result;
    struct quant_comparison *rows = result->rows + result->n;
    size_t n = 0;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < NSCHEMES; i++) {
        if (!is_wanted(run, schemes[i]))
            continue;
        struct quant_plan plan;
        expect_passes(run, scheme_passes(run, dtype, schemes[i]));
        if (make_plan(run, dtype, schemes[i], false, &plan, NULL) == QUANT_OK)
            status = quant_trials_choose(scan, &plan, &result->observed, rows, &n, run->error);
        if (status == QUANT_OK)
            status = choose_clip(run, dtype, schemes[i], rows, &n);
    }
    expect_passes(run, 1);
    if (status == QUANT_OK)
        status = quant_trials_measure(scan, rows, n, run->error);
    sort_rows(rows, n);
    result->n += n;
    return status;
}

static enum quant_status compare_scheme_in_groups(struct comparing *run,
                                                  const struct quant_scan *scan,
                                                  const struct quant_plan *plan,
                                                  struct quant_comparison *rows, size_t *n)
{
    struct quant_plan candidates[QUANT_CALIBRATION_MAX];
    const size_t ncandidates = quant_plan_candidates(plan, candidates);
    const uint64_t nelems = scan->tensor->reader->nelems;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < ncandidates; i++) {
        const struct quant_group_trial trial = {.plan = &candidates[i],
                                                .cancel = &run->job->control.cancel};
        struct quant_comparison *row = &rows[(*n)++];
        *row = (struct quant_comparison){.scheme = plan->target.scheme,
                                         .calibration = candidates[i].method->name};
        expect_passes(run, 1);
        quant_progress_begin_pass(run->progress, nelems, run->progress->ahead);
        status = quant_group_trial_measure(&trial, scan, row, run->error);
    }
    return status;
}

/* A scale for each group: each row is a quantization of its own. */
static enum quant_status
compare_type_in_groups(struct comparing *run, const struct quant_scan *scan, enum quant_dtype dtype)
{
    struct quant_compare_result *result = run->result;
    struct quant_comparison *rows = result->rows + result->n;
    size_t n = 0;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < NSCHEMES; i++) {
        if (!is_wanted(run, schemes[i]))
            continue;
        struct quant_plan plan;
        if (make_plan(run, dtype, schemes[i], false, &plan, NULL) != QUANT_OK)
            continue;
        plan.granularity = run->job->granularity;
        status = compare_scheme_in_groups(run, scan, &plan, rows, &n);
    }
    sort_rows(rows, n);
    result->n += n;
    return status;
}

/* ---- All of it ---- */

/* Groups take elements by position, and the shape says which. */
static enum quant_status settle_grouping(struct comparing *run)
{
    struct quant_error own;
    enum quant_status status = QUANT_OK;
    if (!run->has_groups)
        return QUANT_OK;
    if (!quant_reader_is_positional(run->tensor->reader))
        status = quant_tensor_spool(run->tensor, &run->job->control.cancel, run->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_reader *reader = run->tensor->reader;
    status = quant_grouping_make(&run->job->granularity, &reader->shape, reader->order,
                                 &run->result->grouping, &own);
    return status == QUANT_OK
               ? QUANT_OK
               : quant_source_error(reader->source, run->error, status, "%s", own.text);
}

static enum quant_status compare(struct comparing *run)
{
    struct quant_compare_result *result = run->result;
    const struct quant_scan scan = {
        .tensor = run->tensor,
        .by_position = run->by_position,
        .pool = run->pool,
        .buffers = quant_pool_buffers(run->pool, 0),
        .workers = run->workers,
        .progress = run->progress,
    };
    enum quant_status status = observe(run, &scan);
    for (size_t i = 0; status == QUANT_OK && i < run->ndtypes; i++)
        status = run->has_groups ? compare_type_in_groups(run, &scan, run->dtypes[i])
                                 : compare_type(run, &scan, run->dtypes[i]);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(run->tensor), run->error);
    const struct quant_reader *reader = quant_tensor_origin(run->tensor);
    result->shape = reader->shape;
    result->order = reader->order;
    result->source_dtype = reader->stored;
    result->source_format = reader->format->name;
    if (status == QUANT_OK)
        status = quant_grouping_make(&run->job->granularity, &result->shape, result->order,
                                     &result->grouping, run->error);
    return status;
}

enum quant_status quant_compare_check(const struct quant_compare_job *job,
                                      struct quant_error *error)
{
    struct comparing run = {.job = job, .error = error};
    return begin(&run);
}

enum quant_status quant_compare_tensor(const struct quant_compare_job *job,
                                       struct quant_tensor *tensor, struct quant_pool *pool,
                                       struct quant_progress *progress,
                                       struct quant_compare_result *result,
                                       struct quant_error *error)
{
    struct comparing run = {
        .job = job,
        .result = result,
        .error = error,
        .tensor = tensor,
        .pool = pool,
        .progress = progress,
    };
    result->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    enum quant_status status = begin(&run);
    if (status == QUANT_OK)
        status = settle_grouping(&run);
    if (status == QUANT_OK)
        status = make_buffers(&run);
    return status == QUANT_OK ? compare(&run) : status;
}
