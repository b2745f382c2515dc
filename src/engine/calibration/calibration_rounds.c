/* SPDX-License-Identifier: MIT */
/* Findings to calibrators and back. */
#include "engine/calibration/calibration_rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/source.h"
#include "io/io.h"
#include "methods/plan_make.h"

_Static_assert((int)QUANT_FINDINGS_MAXIMA == (int)QUANT_TALLY_MAXIMA, "all maxima have a place");

void quant_rounds_begin(struct quant_calibration_file *file, const struct quant_spec *spec,
                        const struct quant_plan *plan)
{
    file->scheme = plan->target.scheme;
    file->dtype = plan->target.dtype;
    file->has_qmin = spec->has_qmin;
    file->has_qmax = spec->has_qmax;
    file->qmin = spec->has_qmin ? spec->qmin : 0;
    file->qmax = spec->has_qmax ? spec->qmax : 0;
    file->include_zero = plan->target.include_zero;
    file->rounding = plan->target.rounding;
    file->scale_dtype = spec->scale_dtype == QUANT_FLOAT32 ? QUANT_DTYPE_NONE : spec->scale_dtype;
    snprintf(file->method, sizeof file->method, "%s", plan->method->name);
    file->has_argument = plan->method->argument != NULL;
    file->argument = plan->argument;
}

static struct quant_spec spec_of(const struct quant_calibration_file *file)
{
    return (struct quant_spec){
        .scheme = file->scheme,
        .dtype = file->dtype,
        .has_qmin = file->has_qmin,
        .has_qmax = file->has_qmax,
        .qmin = file->qmin,
        .qmax = file->qmax,
        .include_zero = file->include_zero,
        .rounding = file->rounding,
        .scale_dtype = file->scale_dtype,
        .nonfinite = QUANT_NONFINITE_SATURATE, /* the first round was the time to refuse them */
        .calibration = file->method,
        .has_calibration_argument = file->has_argument,
        .calibration_argument = file->argument,
    };
}

/* quant_rounds_load has checked it. */
struct quant_plan quant_rounds_plan(const struct quant_calibration_file *file)
{
    const struct quant_spec spec = spec_of(file);
    struct quant_plan plan;
    quant_plan_make(&spec, NULL, &plan, NULL);
    return plan;
}

static enum quant_status check_method(const struct quant_calibration_file *file,
                                      const struct quant_source *source, struct quant_error *error)
{
    if (!quant_calibration_from_name(file->method))
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "unknown calibration method '%s'", file->method);
    const struct quant_spec spec = spec_of(file);
    struct quant_plan plan;
    struct quant_error own;
    const enum quant_status status = quant_plan_make(&spec, NULL, &plan, &own);
    if (status != QUANT_OK)
        return quant_source_error(source, error, status, "%.256s", own.text);
    if (plan.from != QUANT_RANGE_FOUND || (plan.method->argument != NULL) != file->has_argument)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "not a valid calibration: 'method', 'argument' and 'dtype' do "
                                  "not agree");
    return QUANT_OK;
}

enum quant_status quant_rounds_load(const char *path, const struct quant_cancel *cancel,
                                    struct quant_calibration_file *file, struct quant_error *error)
{
    struct quant_source *source = NULL;
    memset(file, 0, sizeof *file);
    enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_calibration_file_read(source, file, error);
    if (status == QUANT_OK)
        status = check_method(file, source, error);
    quant_source_close(source);
    return status;
}

struct quant_observed quant_rounds_observed(const struct quant_calibration_file *file)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    observed.count = file->count;
    observed.nonfinite = file->nonfinite;
    if (file->has_observed) {
        observed.min = (float)file->observed[0];
        observed.max = (float)file->observed[1];
    }
    return observed;
}

bool quant_rounds_enter(struct quant_calibrator *calibrator, const struct quant_findings *findings)
{
    for (size_t i = 0; i < findings->ncounted; i++) {
        if (findings->counted[i].index >= calibrator->ncounts)
            return false;
        calibrator->counts[findings->counted[i].index] += findings->counted[i].count;
    }
    for (size_t i = 0; i < QUANT_TALLY_MAXIMA; i++)
        if (findings->maxima[i] > calibrator->maxima[i])
            calibrator->maxima[i] = findings->maxima[i];
    return true;
}

static bool replay_pass(struct quant_calibrator *calibrator, const struct quant_findings *findings)
{
    if (calibrator->done || findings->nsums != calibrator->nsums)
        return false;
    memset(calibrator->counts, 0, calibrator->ncounts * sizeof *calibrator->counts);
    memset(calibrator->maxima, 0, sizeof calibrator->maxima);
    if (!quant_rounds_enter(calibrator, findings))
        return false;
    memcpy(calibrator->sums, findings->sums, findings->nsums * sizeof *findings->sums);
    if (!quant_calibrator_adds_up(calibrator))
        return false;
    quant_calibrator_advance(calibrator);
    return true;
}

struct quant_calibrator *quant_rounds_replay(const struct quant_calibration_file *file,
                                             const char *name, size_t nworkers,
                                             enum quant_status *status, struct quant_error *error)
{
    const struct quant_plan plan = quant_rounds_plan(file);
    const struct quant_observed observed = quant_rounds_observed(file);
    struct quant_calibrator *calibrator = quant_calibrator_new(&plan, &observed, nworkers, error);
    *status = calibrator ? QUANT_OK : QUANT_NO_MEMORY;
    for (size_t i = 0; *status == QUANT_OK && i < file->npasses; i++)
        if (!replay_pass(calibrator, &file->passes[i]))
            *status = quant_error_set(error, QUANT_CORRUPT,
                                      "cannot read '%s': not a valid calibration: pass %zu of "
                                      "'passes' does not match its method",
                                      name, i + 1);
    if (*status == QUANT_OK)
        return calibrator;
    quant_calibrator_free(calibrator);
    return NULL;
}

/* In double, where PyTorch's MovingAverageMinMaxObserver has float32; its formula. */
void quant_rounds_average_one(double ema, bool has_average, const double own[2], double average[2])
{
    for (int end = 0; end < 2; end++)
        average[end] = has_average ? average[end] + ema * (own[end] - average[end]) : own[end];
}

void quant_rounds_average(struct quant_calibration_file *file)
{
    file->has_range = false;
    for (size_t i = 0; i < file->nranges; i++) {
        const struct quant_input_range *own = &file->ranges[i];
        if (!own->present)
            continue;
        quant_rounds_average_one(file->ema, file->has_range, own->ends, file->range);
        file->has_range = true;
    }
}

enum quant_status quant_rounds_record(const struct quant_calibrator *calibrator, bool has_sums,
                                      struct quant_findings *findings, struct quant_error *error)
{
    size_t n = 0;
    for (size_t i = 0; i < calibrator->ncounts; i++) {
        n += calibrator->counts[i] > 0;
        if (calibrator->counts[i] > QUANT_COUNT_MOST)
            return quant_error_set(error, QUANT_OUT_OF_RANGE,
                                   "a counter of '%s' is above 2^53, too large for the file",
                                   calibrator->method->name);
    }
    const size_t nsums = has_sums ? calibrator->nsums : 0;
    findings->counted = calloc(n + 1, sizeof *findings->counted);
    if (findings->counted && has_sums)
        findings->sums = calloc(nsums + 1, sizeof *findings->sums);
    if (!findings->counted || (has_sums && !findings->sums))
        return quant_error_no_memory(error, n * sizeof *findings->counted, "calibration");
    for (size_t i = 0; i < calibrator->ncounts; i++)
        if (calibrator->counts[i] > 0)
            findings->counted[findings->ncounted++] =
                (struct quant_counted){i, calibrator->counts[i]};
    memcpy(findings->maxima, calibrator->maxima, sizeof findings->maxima);
    if (has_sums) {
        memcpy(findings->sums, calibrator->sums, nsums * sizeof *findings->sums);
        findings->nsums = nsums;
    }
    return QUANT_OK;
}

void quant_rounds_tell(const struct quant_calibration_file *file,
                       struct quant_calibrate_result *result)
{
    *result = (struct quant_calibrate_result){
        .is_complete = file->stage == QUANT_STAGE_COMPLETE,
        .has_range = file->has_range,
        .range = {file->range[0], file->range[1]},
        .has_observed = file->has_observed,
        .observed = {file->observed[0], file->observed[1]},
        .count = file->count,
        .nonfinite = file->nonfinite,
        .ninputs = file->ninputs,
    };
    if (!result->is_complete)
        result->round = quant_calibration_file_round(file);
}
