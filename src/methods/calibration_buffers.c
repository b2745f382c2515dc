/* SPDX-License-Identifier: MIT */
/* Small tensors are calibrated directly if the method can, others in passes like those over a file.
 */
#include "methods/calibration_buffers.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "core/elements.h"
#include "core/measure.h"
#include "methods/auto.h"
#include "methods/calibrator.h"
#include "methods/plan_choose.h"
#include "methods/plan_make.h"

/* For auto. */
struct quant_trial {
    struct quant_measure measure;
    uint16_t q[QUANT_MEASURE_BLOCK]; /* room for the widest integers */
};

void quant_calibration_buffers_release(struct quant_calibration_buffers *buffers)
{
    for (size_t i = 0; i < QUANT_CALIBRATION_MAX; i++)
        quant_calibrator_free(buffers->calibrators[i]);
    free(buffers->trial);
    *buffers = (struct quant_calibration_buffers){.trial = NULL};
}

/* ---- By one method ---- */

static struct quant_calibrator *find_calibrator(struct quant_calibration_buffers *buffers,
                                                const struct quant_calibration *method,
                                                struct quant_error *error)
{
    struct quant_calibrator **calibrator = &buffers->calibrators[quant_calibration_index(method)];
    if (!*calibrator)
        *calibrator = quant_calibrator_make(method, error);
    return *calibrator;
}

static void take_input(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += QUANT_PART_MAX) {
        quant_calibrator_take(calibrator, 0, x + i,
                              n - i < QUANT_PART_MAX ? n - i : QUANT_PART_MAX);
        quant_calibrator_join(calibrator, 0);
    }
    quant_calibrator_end_input(calibrator, NULL);
}

static enum quant_status run_passes(struct quant_calibrator *calibrator, const float *x,
                                    const size_t *lengths, size_t ninputs,
                                    struct quant_error *error)
{
    const enum quant_status status = quant_calibrator_begin(calibrator, 1, error);
    while (status == QUANT_OK && !calibrator->done) {
        const float *input = x;
        for (size_t i = 0; i < ninputs; input += lengths[i++])
            take_input(calibrator, input, lengths[i]);
        quant_calibrator_end_pass(calibrator);
    }
    return status;
}

/* Whether the elements can be looked at directly, as those of one input. */
static bool is_small(const struct quant_calibrator *calibrator, size_t ninputs)
{
    const struct quant_calibration *method = calibrator->method;
    return method->small && calibrator->observed.count <= QUANT_CALIBRATION_SMALL &&
           (ninputs == 1 || !method->by_inputs);
}

static enum quant_status find_range(struct quant_calibrator *calibrator, const float *x,
                                    const size_t *lengths, size_t ninputs,
                                    struct quant_error *error)
{
    if (calibrator->done)
        return QUANT_OK;
    if (!is_small(calibrator, ninputs))
        return run_passes(calibrator, x, lengths, ninputs, error);
    calibrator->method->small(calibrator, x, (size_t)calibrator->observed.count);
    return QUANT_OK;
}

enum quant_status quant_plan_find_range(const struct quant_plan *plan,
                                        struct quant_calibration_buffers *buffers, const float *x,
                                        const size_t *lengths, size_t ninputs, bool *has_range,
                                        double range[2], struct quant_error *error)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    size_t n = 0;
    for (size_t i = 0; i < ninputs; i++)
        n += lengths[i];
    quant_elements_observe(&observed, x, n);
    *has_range = observed.count > observed.nonfinite;
    if (!*has_range)
        return QUANT_OK;
    struct quant_calibrator *calibrator = find_calibrator(buffers, plan->method, error);
    if (!calibrator)
        return QUANT_NO_MEMORY;
    quant_calibrator_observe(calibrator, plan, &observed);
    const enum quant_status status = find_range(calibrator, x, lengths, ninputs, error);
    range[0] = calibrator->range[0];
    range[1] = calibrator->range[1];
    return status;
}

static enum quant_status calibrate_by_method(const struct quant_plan *plan,
                                             struct quant_calibration_buffers *buffers,
                                             const float *x, size_t n,
                                             const struct quant_observed *observed,
                                             struct quant_choice *choice, struct quant_error *error)
{
    struct quant_calibrator *calibrator = find_calibrator(buffers, plan->method, error);
    if (!calibrator)
        return QUANT_NO_MEMORY;
    quant_calibrator_observe(calibrator, plan, observed);
    const enum quant_status status = find_range(calibrator, x, &n, 1, error);
    return status == QUANT_OK ? quant_plan_choose(plan, observed, calibrator->range, choice, error)
                              : status;
}

/* ---- By auto ---- */

static double measure_mse(struct quant_trial *trial, const struct quant_params *params,
                          const float *x, size_t n)
{
    quant_measure_init(&trial->measure, params);
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK;
        quant_elements_quantize(params, x + i, size, trial->q);
        quant_measure_add(&trial->measure, x + i, trial->q, size);
    }
    struct quant_report report;
    quant_measure_report(&trial->measure, QUANT_FLOAT32, 1, &report);
    return report.mse;
}

static enum quant_status calibrate_by_auto(const struct quant_plan *plan,
                                           struct quant_calibration_buffers *buffers,
                                           const float *x, size_t n,
                                           const struct quant_observed *observed,
                                           struct quant_choice *choice, struct quant_error *error)
{
    struct quant_plan candidates[QUANT_CALIBRATION_MAX];
    const size_t ncandidates = quant_plan_candidates(plan, candidates);
    if (!buffers->trial)
        buffers->trial = malloc(sizeof *buffers->trial);
    if (!buffers->trial)
        return quant_error_no_memory(error, sizeof *buffers->trial, "calibration");
    double min = 0;
    for (size_t i = 0; i < ncandidates; i++) {
        struct quant_choice found;
        const enum quant_status status =
            calibrate_by_method(&candidates[i], buffers, x, n, observed, &found, error);
        if (status != QUANT_OK)
            return status;
        const double mse = measure_mse(buffers->trial, &found.params, x, n);
        if (i > 0 && !(mse < min))
            continue;
        min = mse;
        *choice = found;
    }
    return QUANT_OK;
}

enum quant_status quant_plan_calibrate(const struct quant_plan *plan,
                                       struct quant_calibration_buffers *buffers, const float *x,
                                       size_t n, struct quant_choice *choice,
                                       struct quant_error *error)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_elements_observe(&observed, x, n);
    const bool is_refused = observed.nonfinite > 0 && plan->nonfinite == QUANT_NONFINITE_ERROR;
    const bool has_finite = observed.count > observed.nonfinite;
    if (is_refused || !has_finite || plan->from != QUANT_RANGE_FOUND)
        return quant_plan_choose(plan, &observed, NULL, choice, error);
    return plan->method ? calibrate_by_method(plan, buffers, x, n, &observed, choice, error)
                        : calibrate_by_auto(plan, buffers, x, n, &observed, choice, error);
}

enum quant_status quant_calibrate(const struct quant_spec *spec, const float *x, size_t n,
                                  struct quant_choice *choice, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_calibration_buffers buffers = {.trial = NULL};
    struct quant_plan plan;
    enum quant_status status = quant_plan_make(spec, NULL, &plan, error);
    if (status == QUANT_OK && (!choice || (!x && n > 0)))
        status = quant_error_set(error, QUANT_INVALID, "%s needed",
                                 choice ? "elements are" : "room for the choice is");
    if (status == QUANT_OK)
        status = quant_plan_calibrate(&plan, &buffers, x, n, choice, error);
    quant_calibration_buffers_release(&buffers);
    return status;
}
