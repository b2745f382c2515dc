/* SPDX-License-Identifier: MIT */
/*
 * One range for many files, or one round on the way to it: observe -> passes of the method -> the
 * calibration file. With a moving average, each file goes the way by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/grouping.h"
#include "core/observed.h"
#include "engine/calibration/calibrate_file_groups.h"
#include "engine/calibration/calibration_rounds.h"
#include "engine/calibration/known_inputs.h"
#include "engine/tensor/scan_method.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "methods/auto.h"
#include "methods/plan_make.h"

/* ---- The passes ---- */

static enum quant_status observe_one(void *context, const struct quant_scan *scan, size_t i,
                                     struct quant_error *error)
{
    struct quant_calibrating *run = context;
    struct quant_observed own = QUANT_OBSERVED_INIT;
    struct quant_scan digesting = *scan;
    digesting.digest = run->digests ? &run->digests[i] : NULL;
    enum quant_status status = quant_scan_observe(&digesting, &own, error);
    if (status == QUANT_OK)
        status = quant_check_finite(scan->tensor, &own, run->plan.nonfinite, "calibrate",
                                    "leaves them out", error);
    run->counts[i] = own.count;
    quant_observed_join(&run->observed, &own);
    return status;
}

static enum quant_status take_one(void *context, const struct quant_scan *scan, size_t i,
                                  struct quant_error *error)
{
    struct quant_calibrating *run = context;
    const uint64_t before = scan->progress->done;
    struct quant_scan digesting = *scan;
    digesting.digest = run->job->resume ? &run->digests[i] : NULL;
    const enum quant_status status =
        quant_scan_take(&digesting, run->calibrator, run->totals, error);
    const uint64_t count = scan->progress->done - before;
    if (run->job->resume)
        run->counts[i] = count;
    if (status == QUANT_OK && count != run->counts[i])
        return quant_source_error(scan->tensor->source, error, QUANT_IO,
                                  "it had %llu elements in the previous round, and now has %llu",
                                  (unsigned long long)run->counts[i], (unsigned long long)count);
    return status;
}

static enum quant_status visit(struct quant_calibrating *run, quant_input_fn *one, size_t first,
                               size_t last)
{
    return quant_inputs_visit(&run->inputs, first, last, one, run, run->error);
}

/* Over the inputs from first up to below last, which were observed. */
static enum quant_status find_range(struct quant_calibrating *run, size_t first, size_t last,
                                    const struct quant_observed *observed, double range[2])
{
    enum quant_status status = QUANT_OK;
    struct quant_progress *progress = &run->inputs.progress;
    const uint64_t weight = quant_inputs_weight(&run->inputs, first, last);
    run->calibrator = quant_calibrator_new(&run->plan, observed, run->inputs.workers, run->error);
    if (!run->calibrator)
        return QUANT_NO_MEMORY;
    while (status == QUANT_OK && !run->calibrator->done) {
        quant_progress_begin_pass(progress, weight,
                                  progress->ahead +
                                      weight * quant_calibrator_passes_left(run->calibrator));
        status = visit(run, take_one, first, last);
        if (status == QUANT_OK)
            quant_calibrator_end_pass(run->calibrator);
    }
    memcpy(range, run->calibrator->range, sizeof run->calibrator->range);
    quant_calibrator_free(run->calibrator);
    run->calibrator = NULL;
    return status;
}

static bool is_any_finite(const struct quant_observed *observed)
{
    return observed->count > observed->nonfinite;
}

static enum quant_status calibrate_all(struct quant_calibrating *run)
{
    const size_t n = run->inputs.n;
    const unsigned passes = run->job->partial ? 0 : quant_plan_passes(&run->plan);
    const uint64_t weight = quant_inputs_weight(&run->inputs, 0, n);
    quant_progress_begin_pass(&run->inputs.progress, weight, weight * passes);
    enum quant_status status = visit(run, observe_one, 0, n);
    memcpy(run->inputs.weights, run->counts, n * sizeof *run->counts); /* pipes have one now too */
    if (status != QUANT_OK || !is_any_finite(&run->observed) || run->job->partial)
        return status;
    run->file.has_range = true;
    return find_range(run, 0, n, &run->observed, run->file.range);
}

static enum quant_status calibrate_one_by_one(struct quant_calibrating *run)
{
    struct quant_calibration_file *file = &run->file;
    struct quant_observed all = QUANT_OBSERVED_INIT;
    enum quant_status status = QUANT_OK;
    file->has_ema = true;
    file->ema = run->job->ema;
    file->ranges = calloc(run->inputs.n, sizeof *file->ranges);
    if (!file->ranges)
        return quant_error_no_memory(run->error, run->inputs.n * sizeof *file->ranges, "inputs");
    const unsigned passes = quant_plan_passes(&run->plan);
    uint64_t left = quant_inputs_weight(&run->inputs, 0, run->inputs.n);
    for (size_t i = 0; status == QUANT_OK && i < run->inputs.n; i++) {
        struct quant_input_range *range = &file->ranges[file->nranges++];
        const uint64_t weight = run->inputs.weights[i];
        left -= weight;
        run->inputs.progress.ahead = left * (passes + 1);
        quant_progress_begin_pass(&run->inputs.progress, weight,
                                  weight * passes + run->inputs.progress.ahead);
        run->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
        status = visit(run, observe_one, i, i + 1);
        quant_observed_join(&all, &run->observed);
        range->present = is_any_finite(&run->observed);
        if (status == QUANT_OK && range->present)
            status = find_range(run, i, i + 1, &run->observed, range->ends);
    }
    run->observed = all;
    if (!run->job->partial)
        quant_rounds_average(file);
    return status;
}

/* Each input must be one of those that the rounds before were made from. */
static enum quant_status check_known(const struct quant_calibrating *run)
{
    const struct quant_calibrate_job *job = run->job;
    struct quant_known_inputs known;
    char name[QUANT_INPUT_NAME];
    char other[QUANT_INPUT_NAME];
    size_t taker = 0;
    enum quant_status status =
        quant_known_inputs_init(&known, run->file.digests, run->file.ninputs, run->error);
    for (size_t i = 0; status == QUANT_OK && i < run->inputs.n; i++) {
        const enum quant_known found = quant_known_inputs_take(&known, run->digests[i], i, &taker);
        if (found == QUANT_KNOWN_FOREIGN)
            status = quant_error_set(
                run->error, QUANT_INVALID,
                "cannot calibrate '%s': its elements differ from those of all inputs of '%s'",
                quant_inputs_name(&run->inputs, i, name), job->resume);
        else if (found == QUANT_KNOWN_REPEATED)
            status = quant_error_set(run->error, QUANT_INVALID,
                                     "cannot calibrate '%s': it has the same elements as '%s', "
                                     "which '%s' counted only once",
                                     quant_inputs_name(&run->inputs, i, name),
                                     quant_inputs_name(&run->inputs, taker, other), job->resume);
    }
    quant_known_inputs_release(&known);
    return status;
}

/* The next pass of the calibration that is resumed, over the inputs that are here. */
static enum quant_status count_round(struct quant_calibrating *run)
{
    struct quant_calibration_part *part = &run->file.part;
    enum quant_status status;
    run->calibrator =
        quant_rounds_replay(&run->file, run->job->resume, run->inputs.workers, &status, run->error);
    if (!run->calibrator)
        return status;
    if (run->calibrator->done)
        return quant_error_set(run->error, QUANT_CORRUPT,
                               "cannot continue from '%s': it needs no further round",
                               run->job->resume);
    const size_t n = run->inputs.n;
    const size_t nsums = run->calibrator->nsums;
    part->findings.sums = calloc(n * nsums + 1, sizeof *part->findings.sums);
    if (!part->findings.sums)
        return quant_error_no_memory(run->error, n * nsums * sizeof(double), "calibration");
    part->findings.nsums = n * nsums;
    quant_progress_begin_pass(&run->inputs.progress, quant_inputs_weight(&run->inputs, 0, n), 0);
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        run->totals = part->findings.sums + i * nsums;
        status = visit(run, take_one, i, i + 1);
        part->count += run->counts[i];
    }
    if (status == QUANT_OK)
        status = check_known(run);
    if (status != QUANT_OK)
        return status;
    run->file.stage = QUANT_STAGE_PARTIAL;
    run->file.has_part = true;
    part->ninputs = n;
    part->digests = run->digests;
    run->digests = NULL;
    quant_calibrator_gather(run->calibrator);
    return quant_rounds_record(run->calibrator, false, &part->findings, run->error);
}

/* ---- The end ---- */

static void set_observed(struct quant_calibrating *run)
{
    struct quant_calibration_file *file = &run->file;
    file->stage = run->job->partial ? QUANT_STAGE_PARTIAL : QUANT_STAGE_COMPLETE;
    file->has_observed = is_any_finite(&run->observed);
    file->observed[0] = (double)run->observed.min + 0.0; /* -0 becomes 0 */
    file->observed[1] = (double)run->observed.max + 0.0;
    file->count = run->observed.count;
    file->nonfinite = run->observed.nonfinite;
    file->ninputs = run->inputs.n;
    file->has_position = run->job->has_position;
    file->position = run->job->position;
    file->digests = run->digests;
    run->digests = NULL;
}

static enum quant_status calibrate(struct quant_calibrating *run)
{
    if (run->job->resume)
        return count_round(run);
    quant_rounds_begin(&run->file, &run->job->spec, &run->plan);
    const enum quant_status status = quant_granularity_has_groups(&run->job->granularity)
                                         ? quant_calibrating_groups(run)
                                     : run->job->has_ema ? calibrate_one_by_one(run)
                                                         : calibrate_all(run);
    set_observed(run);
    return status;
}

enum quant_status quant_calibrate_wanted(const struct quant_calibrate_job *job,
                                         const struct quant_wanted *wanted,
                                         struct quant_calibrate_result *result,
                                         struct quant_error *error)
{
    struct quant_calibrating run = {
        .job = job, .wanted = wanted, .error = error, QUANT_CALIBRATING_INIT};
    *result = (struct quant_calibrate_result){.is_complete = false};
    enum quant_status status = quant_calibrating_open(&run);
    if (status == QUANT_OK)
        status = calibrate(&run);
    if (status == QUANT_OK)
        status = quant_calibrating_commit(&run);
    if (status == QUANT_OK)
        quant_rounds_tell(&run.file, result);
    if (status == QUANT_OK && run.file.has_groups)
        quant_calibrating_groups_report(&run.file.groups, result);
    quant_calibrating_close(&run);
    return status;
}

enum quant_status quant_calibrate_look(const struct quant_calibrate_job *job,
                                       const struct quant_wanted *wanted, struct quant_error *error)
{
    struct quant_inputs inputs = {.paths = job->paths,
                                  .npaths = job->npaths,
                                  .common = job->input,
                                  .wanted = wanted,
                                  .cancel = job->control.cancel};
    const enum quant_status status = quant_inputs_look(&inputs, error);
    quant_inputs_release(&inputs);
    return status;
}

static enum quant_status check_job(const struct quant_calibrate_job *job, struct quant_error *error)
{
    enum quant_status status = quant_names_check(job->paths, job->npaths, "paths", error);
    if (status == QUANT_OK)
        status = quant_input_check(&job->input, "input", error);
    if (status == QUANT_OK)
        status = quant_selection_check(&job->selection, error);
    return status == QUANT_OK ? quant_spec_check_values(&job->spec, error) : status;
}

enum quant_status quant_file_calibrate(const struct quant_calibrate_job *job,
                                       struct quant_calibrate_result *result,
                                       struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_calibrate_job own;
    struct quant_calibrate_result unseen;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_calibrate_job", error);
    if (status == QUANT_OK)
        status = quant_ways_check(own.ways, QUANT_SYNC, error);
    if (status == QUANT_OK)
        status = check_job(&own, error);
    return status == QUANT_OK ? quant_calibrate_wanted(&own, NULL, result ? result : &unseen, error)
                              : status;
}
