/* SPDX-License-Identifier: MIT */
/* Partial calibrations put together: of one round, to what the next begins with or the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "core/observed.h"
#include "core/sums.h"
#include "engine/calibration/calibration_rounds.h"
#include "engine/calibration/known_inputs.h"
#include "engine/calibration/part_inputs.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "io/distinct_paths.h"
#include "io/io.h"
#include "io/leftovers.h"

struct merging {
    const struct quant_merge_job *job;
    struct quant_error *error;
    struct quant_calibration_file merged; /* begins as the first of the files */
    struct quant_observed observed;       /* of those of the first round */
    uint64_t ninputs;                     /* of all files so far */
    uint64_t count;
    struct quant_known_inputs known;     /* of the first round, in a later one */
    struct quant_part_inputs inputs;     /* of all files of the first round */
    bool has_position;                   /* one of the files so far has one */
    uint64_t position;                   /* of the last such file */
    struct quant_calibrator *calibrator; /* owned; after the first round */
    double *carries;                     /* owned: of its sums */
    struct quant_file_output output;
};

static enum quant_status refuse(const struct merging *run, const char *path, const char *why)
{
    return quant_error_set(run->error, QUANT_INVALID, "cannot merge '%s': %s", path, why);
}

/* ---- File by file ---- */

static enum quant_status refuse_sums(const struct merging *run)
{
    return quant_error_set(run->error, QUANT_CORRUPT,
                           "cannot merge: the counters of the partial results do not add up to the "
                           "elements of their inputs");
}

static enum quant_status add_ranges(struct merging *run, const struct quant_calibration_file *file)
{
    struct quant_calibration_file *merged = &run->merged;
    const size_t n = merged->nranges + file->nranges;
    struct quant_input_range *ranges = realloc(merged->ranges, n * sizeof *ranges);
    if (!ranges)
        return quant_error_no_memory(run->error, n * sizeof *ranges, "inputs");
    memcpy(ranges + merged->nranges, file->ranges, file->nranges * sizeof *ranges);
    merged->ranges = ranges;
    merged->nranges = n;
    return QUANT_OK;
}

/* Parts with a position come in that order. */
static enum quant_status check_position(struct merging *run, const char *path,
                                        const struct quant_calibration_file *file)
{
    if (!file->has_position)
        return QUANT_OK;
    if (run->has_position && file->position == run->position)
        return refuse(run, path, "the part before it has the same number");
    if (run->has_position && file->position < run->position)
        return quant_error_set(run->error, QUANT_INVALID,
                               "cannot merge '%s': it is part %llu, but part %llu came before it",
                               path, (unsigned long long)file->position,
                               (unsigned long long)run->position);
    run->has_position = true;
    run->position = file->position;
    return QUANT_OK;
}

static enum quant_status add_observed(struct merging *run, const char *path,
                                      const struct quant_calibration_file *file)
{
    const struct quant_observed own = quant_rounds_observed(file);
    quant_observed_join(&run->observed, &own);
    run->ninputs += file->ninputs;
    if (run->observed.count > QUANT_COUNT_MOST)
        return quant_error_set(run->error, QUANT_OUT_OF_RANGE,
                               "cannot merge: the parts have more elements than 2^53");
    enum quant_status status = check_position(run, path, file);
    if (status == QUANT_OK)
        status = quant_part_inputs_add(&run->inputs, file->digests, file->ninputs,
                                       file->has_position, run->error);
    if (status == QUANT_OK && file->has_ema && file != &run->merged)
        status = add_ranges(run, file);
    return status;
}

static enum quant_status check_twins(struct merging *run)
{
    const char *const *paths = run->job->paths;
    size_t part = 0;
    size_t twin = 0;
    if (!quant_part_inputs_find_twin(&run->inputs, &part, &twin))
        return QUANT_OK;
    return quant_error_set(
        run->error, QUANT_INVALID,
        "cannot merge '%s': its inputs have the same elements as those of '%s', and each part must "
        "be counted once; if they are different parts, number them with '--partial=N'",
        paths[part], paths[twin]);
}

/* The next round is checked by the inputs of all parts of the first. */
static void take_digests(struct merging *run)
{
    free(run->merged.digests);
    run->merged.digests = run->inputs.digests;
    run->inputs.digests = NULL;
    run->merged.has_position = false;
}

static enum quant_status take_inputs(struct merging *run, size_t i,
                                     const struct quant_calibration_part *part)
{
    size_t taker = 0;
    for (size_t input = 0; input < part->ninputs; input++) {
        const enum quant_known found =
            quant_known_inputs_take(&run->known, part->digests[input], i, &taker);
        if (found == QUANT_KNOWN_FOREIGN)
            return quant_error_set(
                run->error, QUANT_INVALID,
                "cannot merge '%s': its input %zu was not an input of the first round",
                run->job->paths[i], input + 1);
        if (found == QUANT_KNOWN_REPEATED)
            return quant_error_set(run->error, QUANT_INVALID,
                                   "cannot merge '%s': its input %zu was already counted in '%s'; "
                                   "each must be counted once",
                                   run->job->paths[i], input + 1, run->job->paths[taker]);
    }
    return QUANT_OK;
}

static enum quant_status refuse_totals(const struct merging *run)
{
    return quant_error_set(run->error, QUANT_INVALID,
                           "cannot merge: the parts have %llu elements of %llu inputs, but all "
                           "inputs together had %llu of %llu; each must be counted once",
                           (unsigned long long)run->count, (unsigned long long)run->ninputs,
                           (unsigned long long)run->merged.count,
                           (unsigned long long)run->merged.ninputs);
}

/* The sums of the file's inputs, one after the other, as if they had come by here. */
static enum quant_status add_part(struct merging *run, size_t number,
                                  const struct quant_calibration_part *part)
{
    const char *path = run->job->paths[number];
    const enum quant_status status = take_inputs(run, number, part);
    if (status != QUANT_OK)
        return status;
    struct quant_calibrator *calibrator = run->calibrator;
    const size_t nsums = calibrator->nsums;
    const bool fits = nsums == 0 ? part->findings.nsums == 0
                                 : part->findings.nsums / nsums == part->ninputs &&
                                       part->findings.nsums % nsums == 0;
    if (!fits || !quant_rounds_enter(calibrator, &part->findings))
        return refuse(run, path, "its results do not match this method");
    for (size_t i = 0; i < part->findings.nsums; i++)
        quant_sum_add(&calibrator->sums[i % nsums], &run->carries[i % nsums],
                      part->findings.sums[i]);
    run->ninputs += part->ninputs;
    run->count += part->count;
    return run->count > run->merged.count ? refuse_totals(run) : QUANT_OK;
}

static enum quant_status begin_pass(struct merging *run, const char *path)
{
    enum quant_status status;
    run->calibrator = quant_rounds_replay(&run->merged, path, 0, &status, run->error);
    if (!run->calibrator)
        return status;
    if (run->calibrator->done)
        return refuse(run, path, "its calibration needs no further round");
    memset(run->calibrator->counts, 0, run->calibrator->ncounts * sizeof *run->calibrator->counts);
    memset(run->calibrator->maxima, 0, sizeof run->calibrator->maxima);
    run->carries = calloc(run->calibrator->nsums + 1, sizeof *run->carries);
    if (!run->carries)
        return quant_error_no_memory(run->error, sizeof *run->carries, "calibration");
    return quant_known_inputs_init(&run->known, run->merged.digests, run->merged.ninputs,
                                   run->error);
}

static enum quant_status check_file(const struct merging *run, const char *path,
                                    const struct quant_calibration_file *file)
{
    if (file->stage != QUANT_STAGE_PARTIAL)
        return refuse(run, path,
                      file->stage == QUANT_STAGE_COMPLETE
                          ? "it is complete, not a partial result"
                          : "it is already merged; continue from it in the next round");
    if (!quant_calibration_file_is_kin(&run->merged, file))
        return refuse(run, path, "it was made with different options than the first one");
    if (!quant_calibration_file_joins(&run->merged, file))
        return refuse(run, path, "it is from a different round or calibration than the first one");
    return QUANT_OK;
}

static enum quant_status add_file(struct merging *run, size_t i,
                                  const struct quant_calibration_file *file)
{
    const char *path = run->job->paths[i];
    enum quant_status status = check_file(run, path, file);
    if (status != QUANT_OK)
        return status;
    if (!file->has_part)
        return add_observed(run, path, file);
    if (!run->calibrator)
        status = begin_pass(run, path);
    return status == QUANT_OK ? add_part(run, i, &file->part) : status;
}

static enum quant_status add_all(struct merging *run)
{
    const struct quant_merge_job *job = run->job;
    if (job->npaths == 0)
        return quant_error_set(run->error, QUANT_INVALID, "nothing to merge");
    enum quant_status status =
        quant_rounds_load(job->paths[0], &job->control.cancel, &run->merged, run->error);
    if (status == QUANT_OK)
        status = add_file(run, 0, &run->merged);
    for (size_t i = 1; status == QUANT_OK && i < job->npaths; i++) {
        struct quant_calibration_file file;
        status = quant_rounds_load(job->paths[i], &job->control.cancel, &file, run->error);
        if (status == QUANT_OK)
            status = add_file(run, i, &file);
        quant_calibration_file_release(&file);
    }
    return status;
}

/* ---- The result ---- */

/* No range reaches further, but by rounding. */
static double reach_of(const struct quant_calibrator *calibrator)
{
    return quant_calibrator_absmax(calibrator) * (1 + 1e-9);
}

static enum quant_status complete(struct merging *run)
{
    struct quant_calibration_file *merged = &run->merged;
    merged->stage = QUANT_STAGE_COMPLETE;
    if (merged->has_ema)
        quant_rounds_average(merged);
    if (!run->calibrator)
        return QUANT_OK;
    const double *range = run->calibrator->range;
    merged->has_range = true;
    memcpy(merged->range, range, sizeof merged->range);
    return fmax(fabs(range[0]), fabs(range[1])) <= reach_of(run->calibrator) ? QUANT_OK
                                                                             : refuse_sums(run);
}

/* The first round says what was observed, and a method may have its range by that. */
static enum quant_status end_first_round(struct merging *run)
{
    struct quant_calibration_file *merged = &run->merged;
    enum quant_status status = check_twins(run);
    if (status != QUANT_OK)
        return status;
    take_digests(run);
    merged->has_observed = run->observed.count > run->observed.nonfinite;
    merged->observed[0] = (double)run->observed.min;
    merged->observed[1] = (double)run->observed.max;
    merged->count = run->observed.count;
    merged->nonfinite = run->observed.nonfinite;
    merged->ninputs = run->ninputs;
    merged->stage = QUANT_STAGE_NEXT;
    if (merged->has_observed && !merged->has_ema) {
        run->calibrator = quant_rounds_replay(merged, run->job->paths[0], 0, &status, run->error);
        if (!run->calibrator)
            return status;
    }
    return !run->calibrator || run->calibrator->done ? complete(run) : QUANT_OK;
}

static enum quant_status append_pass(struct merging *run)
{
    struct quant_calibration_file *merged = &run->merged;
    struct quant_findings *passes = realloc(merged->passes, (merged->npasses + 1) * sizeof *passes);
    if (!passes)
        return quant_error_no_memory(run->error, sizeof *passes, "calibration");
    merged->passes = passes;
    memset(&passes[merged->npasses], 0, sizeof *passes);
    return quant_rounds_record(run->calibrator, true, &passes[merged->npasses++], run->error);
}

static enum quant_status end_round(struct merging *run)
{
    struct quant_calibration_file *merged = &run->merged;
    struct quant_calibrator *calibrator = run->calibrator;
    if (run->count != merged->count || run->ninputs != merged->ninputs)
        return refuse_totals(run);
    for (size_t i = 0; i < calibrator->nsums; i++)
        calibrator->sums[i] = quant_sum_total(calibrator->sums[i], run->carries[i]);
    if (!quant_calibrator_adds_up(calibrator))
        return refuse_sums(run);
    merged->stage = QUANT_STAGE_NEXT;
    merged->has_part = false;
    free(merged->part.digests);
    merged->part.digests = NULL;
    const enum quant_status status = append_pass(run);
    if (status != QUANT_OK)
        return status;
    quant_calibrator_advance(calibrator);
    return calibrator->done ? complete(run) : QUANT_OK;
}

static enum quant_status write_merged(struct merging *run)
{
    const struct quant_merge_job *job = run->job;
    if (!job->output)
        return QUANT_OK;
    enum quant_status status =
        quant_paths_distinct(job->paths, job->npaths, &job->output, 1, run->error);
    if (status == QUANT_OK && job->force)
        quant_leftovers_remove(&job->output, 1);
    if (status == QUANT_OK)
        status = quant_output_open(&run->output, job->output, job->force, &job->control.cancel,
                                   run->error);
    if (status == QUANT_OK)
        status = quant_calibration_file_write(&run->merged, &run->output.sink, run->error);
    struct quant_file_output *const output = &run->output;
    output->syncs = job->ways & QUANT_SYNC;
    return status == QUANT_OK ? quant_output_commit_n(&output, 1, NULL, NULL, run->error) : status;
}

enum quant_status quant_file_merge(const struct quant_merge_job *job,
                                   struct quant_calibrate_result *result, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_merge_job own;
    struct quant_calibrate_result unseen;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_merge_job", error);
    if (status == QUANT_OK)
        status = quant_ways_check(own.ways, QUANT_SYNC, error);
    if (status == QUANT_OK)
        status = quant_names_check(own.paths, own.npaths, "paths", error);
    if (status != QUANT_OK)
        return status;
    struct merging run = {
        .job = &own, .error = error, .observed = QUANT_OBSERVED_INIT, .output = {.fd = -1}};
    if (!result)
        result = &unseen;
    *result = (struct quant_calibrate_result){.is_complete = false};
    status = add_all(&run);
    if (status == QUANT_OK)
        status = run.merged.has_part ? end_round(&run) : end_first_round(&run);
    if (status == QUANT_OK)
        status = write_merged(&run);
    if (status == QUANT_OK)
        quant_rounds_tell(&run.merged, result);
    quant_output_discard(&run.output);
    quant_calibrator_free(run.calibrator);
    free(run.carries);
    quant_part_inputs_release(&run.inputs);
    quant_known_inputs_release(&run.known);
    quant_calibration_file_release(&run.merged);
    return status;
}
