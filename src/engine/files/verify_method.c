/* SPDX-License-Identifier: MIT */
/*
 * The run of quantizing, with an output that forgets the integers. The record does not say whether
 * zero was included in the range, so both are tried; a range of one tensor may be that of other
 * files (calibrated), so the recorded range will do as well.
 */
#include "engine/files/verify_method.h"

#include <quant/profiles.h>

#include <math.h>
#include <string.h>

#include "base/grouping.h"
#include "engine/tensor/group_walk.h"
#include "engine/tensor/tensor_run.h"
#include "methods/method.h"
#include "methods/plan_make.h"

/* ---- An output of no bytes ---- */

static enum quant_status forget(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                struct quant_error *error)
{
    (void)sink, (void)bytes, (void)nbytes, (void)error;
    return QUANT_OK;
}

static enum quant_status forget_at(struct quant_sink *sink, uint64_t offset, const void *bytes,
                                   size_t nbytes, struct quant_error *error)
{
    (void)sink, (void)offset, (void)bytes, (void)nbytes, (void)error;
    return QUANT_OK;
}

static const struct quant_sink_ops forgetful = {.write = forget, .write_at = forget_at};

/* ---- Comparing scales ---- */

struct comparing {
    const float *scales; /* of the method */
    const int32_t *zero_points;
    const float *biases; /* NULL: none */
    bool differs;
    struct quant_method_found *found;
};

static bool compare(void *context, const struct quant_group_params *groups, size_t n)
{
    struct comparing *comparing = context;
    struct quant_method_found *found = comparing->found;
    for (size_t i = 0; i < n; i++) {
        const uint64_t group = groups->first + i;
        const float expected = comparing->scales[group];
        const int32_t expected_zero = comparing->zero_points[group];
        const bool has_bias = !comparing->biases || comparing->biases[group] == groups->biases[i];
        if (groups->scales[i] == expected && groups->zero_points[i] == expected_zero && has_bias)
            continue;
        const double a = (double)groups->scales[i];
        const double b = (double)expected;
        found->difference = fmax(found->difference, fabs(a - b) / fmax(fabs(a), fabs(b)));
        if (comparing->differs)
            continue;
        comparing->differs = true;
        found->group = group;
        found->expected = expected;
        found->expected_zero_point = expected_zero;
        found->scale = groups->scales[i];
        found->zero_point = groups->zero_points[i];
    }
    return true;
}

static enum quant_status compare_all(const struct quant_method_check *check,
                                     const struct quant_tensor_run *run,
                                     const struct quant_scale_store *store, bool *follows,
                                     struct quant_method_found *found, struct quant_error *error)
{
    struct comparing comparing = {store->scales, store->zero_points, store->biases, false, found};
    enum quant_status status = QUANT_OK;
    found->difference = 0;
    if (check->groups) {
        status = quant_group_source_walk(check->groups, compare, &comparing, error);
    } else {
        float scale = check->params->scale;
        int32_t zero_point = check->params->zero_point;
        const struct quant_group_params one = {.scales = &scale, .zero_points = &zero_point};
        comparing.scales = &run->choice.params.scale;
        comparing.zero_points = &run->choice.params.zero_point;
        compare(&comparing, &one, 1);
    }
    *follows = !comparing.differs;
    return status;
}

/* ---- Quantizing again ---- */

static struct quant_spec spec_of(const struct quant_method_check *check, bool include_zero)
{
    const struct quant_params *params = check->params;
    const struct quant_recorded_method *recorded = check->recorded;
    const bool is_integer = quant_dtype_info(params->dtype)->is_integer;
    const struct quant_profile *profile = params->profile;
    return (struct quant_spec){
        .scheme = params->scheme,
        .dtype = params->dtype,
        .rounding = params->rounding,
        .nonfinite = QUANT_NONFINITE_SATURATE,
        .include_zero = include_zero,
        .has_qmin = is_integer,
        .has_qmax = is_integer,
        .qmin = params->qmin,
        .qmax = params->qmax,
        .calibration = recorded->method,
        .has_calibration_argument = recorded->has_argument,
        .calibration_argument = recorded->argument,
        .scale_dtype = profile ? QUANT_DTYPE_NONE : params->scale_dtype,
        .like = profile ? profile->name : NULL,
        .exact = params->exact,
        .input_dtype = params->arithmetic,
    };
}

static enum quant_status run_again(const struct quant_method_check *check,
                                   struct quant_tensor_run *run, struct quant_scale_store *store,
                                   bool *follows, struct quant_method_found *found,
                                   struct quant_error *error)
{
    struct quant_sink sink = {&forgetful, check->original->source->name};
    struct quant_tensor_output output = {.sink = &sink, .scales = check->groups ? store : NULL};
    enum quant_status status = QUANT_OK;
    if (check->groups) {
        status = quant_scale_store_open_memory(store, check->groups->grouping.count,
                                               quant_params_have_biases(check->params), error);
        run->output = &output;
    }
    if (status == QUANT_OK)
        status = quant_tensor_run_begin(run, error);
    if (status == QUANT_OK)
        status = quant_tensor_output_open(&output, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(run, error);
    if (status == QUANT_OK)
        status = compare_all(check, run, store, follows, found, error);
    quant_tensor_output_release(&output);
    run->output = NULL;
    return status;
}

static enum quant_status try_method(const struct quant_method_check *check, bool include_zero,
                                    bool *follows, struct quant_method_found *found,
                                    struct quant_error *error)
{
    const struct quant_recorded_method *recorded = check->recorded;
    const struct quant_granularity granularity =
        quant_granularity_again(recorded->axis, recorded->block_size, recorded->block_rows);
    const struct quant_spec spec = spec_of(check, include_zero);
    struct quant_progress unseen = {.call = NULL};
    struct quant_scale_store store = {.ops = NULL};
    struct quant_plan plan;
    enum quant_status status =
        quant_plan_make(&spec, recorded->axis >= 0 ? &granularity : NULL, &plan, error);
    if (status != QUANT_OK)
        return status;
    struct quant_tensor_run run = {
        .plan = &plan,
        .cancel = check->cancel,
        .tensor = check->original,
        .progress = &unseen,
        .pool = check->pool,
        .buffers = check->pool ? quant_pool_buffers(check->pool, 0) : check->buffers,
        .threads = quant_pool_threads(check->pool),
    };
    status = run_again(check, &run, &store, follows, found, error);
    quant_tensor_run_release(&run);
    quant_scale_store_release(&store);
    return status;
}

enum quant_status quant_method_check_run(const struct quant_method_check *check,
                                         struct quant_method_found *found,
                                         struct quant_error *error)
{
    const struct quant_recorded_method *recorded = check->recorded;
    const struct quant_calibration *method = quant_calibration_from_name(recorded->method);
    const bool is_integer = quant_dtype_info(check->params->dtype)->is_integer;
    bool follows = false;
    *found = (struct quant_method_found){.scales = NULL};
    if (strcmp(recorded->method, "given") == 0 || strcmp(recorded->method, "none") == 0)
        found->scales = strcmp(recorded->method, "given") == 0 ? "given" : "none";
    else if (strcmp(recorded->method, "clip") == 0)
        found->scales = "range";
    const bool is_auto = quant_calibration_is_auto(recorded->method); /* a method for each group */
    if (!method && !is_auto)
        return QUANT_OK;
    enum quant_status status = try_method(check, false, &follows, found, error);
    const bool tries_zero = !follows && is_integer && check->params->scheme == QUANT_ZERO_POINT;
    if (status == QUANT_OK && tries_zero) {
        struct quant_method_found with_zero = {.scales = NULL};
        status = try_method(check, true, &follows, &with_zero, error);
    }
    found->scales = follows                                     ? (is_auto ? "auto" : method->name)
                    : recorded->has_range && recorded->axis < 0 ? "range"
                                                                : "other";
    return status;
}
