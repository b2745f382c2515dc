/* SPDX-License-Identifier: MIT */
/* What a calibration begins and ends with. */
#include "engine/calibration/calibrating.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "engine/calibration/calibration_rounds.h"
#include "io/distinct_paths.h"
#include "io/leftovers.h"
#include "methods/plan_make.h"

/* ---- Opening ---- */

/* Options that exclude each other. */
static enum quant_status check_job(const struct quant_calibrate_job *job, struct quant_error *error)
{
    if (job->npaths == 0)
        return quant_error_set(error, QUANT_INVALID, "no input to calibrate");
    if (job->has_ema && job->resume)
        return quant_error_set(error, QUANT_INVALID,
                               "a moving average has only one round: nothing to continue");
    if (quant_granularity_has_groups(&job->granularity) && (job->partial || job->resume))
        return quant_error_set(error, QUANT_INVALID,
                               "ranges per channel or block are found in one call, not in parts");
    if (job->has_position && (!job->partial || job->resume))
        return quant_error_set(error, QUANT_INVALID,
                               "only a part of the first round can have a position");
    if (job->has_ema && !(job->ema > 0 && job->ema <= 1))
        return quant_error_set(error, QUANT_INVALID,
                               "a moving average needs a constant above 0 and at most 1, found "
                               "%.9g",
                               job->ema);
    return QUANT_OK;
}

static enum quant_status make_plan(struct quant_calibrating *run)
{
    const struct quant_calibrate_job *job = run->job;
    const struct quant_spec spec = {
        /* a given range or scale does not matter */
        .scheme = job->spec.scheme,
        .dtype = job->spec.dtype,
        .has_qmin = job->spec.has_qmin,
        .has_qmax = job->spec.has_qmax,
        .qmin = job->spec.qmin,
        .qmax = job->spec.qmax,
        .include_zero = job->spec.include_zero,
        .rounding = job->spec.rounding,
        .scale_dtype = job->spec.scale_dtype,
        .nonfinite = job->spec.nonfinite,
        .calibration = job->spec.calibration,
        .has_calibration_argument = job->spec.has_calibration_argument,
        .calibration_argument = job->spec.calibration_argument,
    };
    const enum quant_status status = quant_plan_make(&spec, NULL, &run->plan, run->error);
    if (status != QUANT_OK)
        return status;
    if (run->plan.from != QUANT_RANGE_FOUND)
        return quant_error_set(run->error, QUANT_INVALID,
                               "%s is unscaled: there is no range to calibrate for it",
                               quant_dtype_info(run->plan.target.dtype)->name);
    if (!run->plan.method)
        return quant_error_set(
            run->error, QUANT_INVALID,
            "'auto' compares methods on one tensor; for a set of files, give another method");
    return QUANT_OK;
}

static enum quant_status load_basis(struct quant_calibrating *run)
{
    const char *path = run->job->resume;
    enum quant_status status =
        quant_rounds_load(path, &run->job->control.cancel, &run->file, run->error);
    if (status == QUANT_OK && run->file.stage != QUANT_STAGE_NEXT)
        status = quant_error_set(
            run->error, QUANT_INVALID, "cannot continue from '%s': %s", path,
            run->file.stage == QUANT_STAGE_COMPLETE
                ? "it is complete"
                : "it is a partial result; merge all partial results of its round first");
    if (status == QUANT_OK)
        run->plan = quant_rounds_plan(&run->file);
    return status;
}

static enum quant_status open_inputs(struct quant_calibrating *run)
{
    const struct quant_calibrate_job *job = run->job;
    run->inputs = (struct quant_inputs){
        .paths = job->paths,
        .npaths = job->npaths,
        .common = job->input,
        .selection = &job->selection,
        .wanted = run->wanted,
        .cancel = job->control.cancel,
        .threads = job->control.threads,
        .progress = {.call = job->control.progress, .context = job->control.context},
        .begin_file = job->control.begin_file,
    };
    const enum quant_status status = quant_inputs_init(&run->inputs, run->error);
    if (status != QUANT_OK)
        return status;
    const size_t n = run->inputs.n;
    const bool is_part = job->partial || job->resume;
    run->counts = calloc(n, sizeof *run->counts);
    if (is_part)
        run->digests = calloc(n, sizeof *run->digests);
    return run->counts && (!is_part || run->digests)
               ? QUANT_OK
               : quant_error_no_memory(run->error, n * sizeof *run->counts, "inputs");
}

static enum quant_status open_output(struct quant_calibrating *run)
{
    const struct quant_calibrate_job *job = run->job;
    if (!job->output)
        return QUANT_OK;
    enum quant_status status =
        quant_paths_distinct(job->paths, job->npaths, &job->output, 1, run->error);
    if (status == QUANT_OK && job->resume)
        status = quant_paths_distinct(&job->resume, 1, &job->output, 1, run->error);
    if (status == QUANT_OK && job->force)
        quant_leftovers_remove(&job->output, 1);
    return status == QUANT_OK ? quant_output_open(&run->output, job->output, job->force,
                                                  &job->control.cancel, run->error)
                              : status;
}

enum quant_status quant_calibrating_open(struct quant_calibrating *run)
{
    enum quant_status status = check_job(run->job, run->error);
    if (status == QUANT_OK)
        status = make_plan(run);
    if (status == QUANT_OK && run->job->resume)
        status = load_basis(run);
    if (status == QUANT_OK)
        status = open_output(run);
    if (status == QUANT_OK)
        status = open_inputs(run);
    return status;
}

/* ---- Closing ---- */

enum quant_status quant_calibrating_commit(struct quant_calibrating *run)
{
    if (!run->job->output)
        return QUANT_OK;
    const enum quant_status status =
        quant_calibration_file_write(&run->file, &run->output.sink, run->error);
    struct quant_file_output *const output = &run->output;
    output->syncs = run->job->ways & QUANT_SYNC;
    return status == QUANT_OK ? quant_output_commit_n(&output, 1, NULL, NULL, run->error) : status;
}

void quant_calibrating_close(struct quant_calibrating *run)
{
    quant_output_discard(&run->output);
    quant_calibrator_free(run->calibrator);
    quant_calibration_file_release(&run->file);
    quant_inputs_release(&run->inputs);
    free(run->counts);
    free(run->digests);
}
