/* SPDX-License-Identifier: MIT */
/* Checks a spec by itself, before any element is seen, and fills in what it leaves open. */
#include "methods/plan_make.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/grouping.h"
#include "base/rounding.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "methods/method.h"
#include "methods/profile_check.h"

static enum quant_dtype dtype_of(const struct quant_spec *spec)
{
    return spec->dtype == QUANT_DTYPE_NONE ? QUANT_INT8 : spec->dtype;
}

/* Returns whether there is a profile that knows the type in the scheme. */
static bool follow_profile(struct quant_target *target, const struct quant_spec *spec)
{
    const struct quant_profile *profile = quant_profile_from_name(spec->like);
    const struct quant_profile_type *type =
        profile ? quant_profile_type_of(profile, spec->scheme, target->dtype) : NULL;
    if (!type)
        return false;
    target->profile = profile;
    target->exact = spec->exact;
    target->qmin = type->qmin;
    target->qmax = type->qmax;
    target->include_zero = spec->scheme == QUANT_ZERO_POINT && !profile->has_biases;
    target->rounding = spec->exact ? QUANT_HALF_EVEN : profile->rounding;
    return true;
}

/* The symmetric range leaves out the smallest integer, so both sides have the same length:
 * -127..127 for int8, 1..255 around 128 for uint8. A type that needs a scale has no range that
 * should have two equal sides, and keeps all of its integers. */
struct quant_target quant_spec_target(const struct quant_spec *spec)
{
    struct quant_target target = {
        .scheme = spec->scheme,
        .dtype = dtype_of(spec),
        .scale_dtype = spec->scale_dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : spec->scale_dtype,
        .rounding = spec->rounding,
        .include_zero = spec->include_zero,
    };
    const struct quant_dtype_info *info = quant_dtype_info(target.dtype);
    if (!info || info->block_nelems > 0 || (!info->is_integer && !spec->like))
        return target;
    if (follow_profile(&target, spec) || !info->is_integer)
        return target;
    const bool is_symmetric = spec->scheme == QUANT_ABSMAX && !info->needs_scale;
    const int32_t first = (int32_t)info->min + (is_symmetric ? 1 : 0);
    target.qmin = spec->has_qmin ? spec->qmin : first;
    target.qmax = spec->has_qmax ? spec->qmax : (int32_t)info->max;
    return target;
}

bool quant_spec_needs_range(const struct quant_spec *spec)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype_of(spec));
    return !spec->has_scale && !spec->has_clip && !(info && info->is_unscaled);
}

/* ---- Checks ---- */

static bool is_dtype(enum quant_dtype dtype)
{
    return dtype == QUANT_DTYPE_NONE || quant_dtype_info(dtype);
}

enum quant_status quant_spec_check_values(const struct quant_spec *spec, struct quant_error *error)
{
    if (!spec)
        return quant_error_set(error, QUANT_INVALID, "a struct quant_spec is needed");
    const struct {
        const char *name;
        int value;
        bool is_known;
    } members[] = {
        {"scheme", (int)spec->scheme, (unsigned)spec->scheme <= QUANT_ZERO_POINT},
        {"dtype", (int)spec->dtype, is_dtype(spec->dtype)},
        {"rounding", (int)spec->rounding, (unsigned)spec->rounding <= QUANT_HALF_AWAY},
        {"nonfinite", (int)spec->nonfinite, (unsigned)spec->nonfinite <= QUANT_NONFINITE_SATURATE},
        {"scale_dtype", (int)spec->scale_dtype, is_dtype(spec->scale_dtype)},
        {"input_dtype", (int)spec->input_dtype, is_dtype(spec->input_dtype)},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!members[i].is_known)
            return quant_error_set(error, QUANT_INVALID,
                                   "'%s' is %d, which is not in its enumeration", members[i].name,
                                   members[i].value);
    return QUANT_OK;
}

/* A float type has no zero point, no target range and one way of rounding. */
static enum quant_status check_float(const struct quant_spec *spec,
                                     const struct quant_target *target,
                                     const struct quant_calibration *method,
                                     struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(target->dtype);
    const char *refused = NULL;
    const bool is_block = info->block_nelems > 0;
    if (spec->scheme != QUANT_ABSMAX)
        refused = "the scheme zero-point";
    else if (spec->has_zero_point)
        refused = "a zero point";
    else if (spec->include_zero)
        refused = "include-zero";
    else if (spec->has_qmin || spec->has_qmax)
        refused = "a qmin or qmax";
    else if (spec->rounding != QUANT_HALF_EVEN)
        refused = "the rounding half-away";
    else if (is_block && spec->nonfinite == QUANT_NONFINITE_SATURATE)
        refused = "the policy saturate";
    else if (is_block && spec->exact)
        refused = "exact: its scales are float16, and its formula is the type";
    if (refused)
        return quant_error_set(error, QUANT_INVALID, "%s is a %s type and does not take %s",
                               info->name, is_block ? "block" : "float", refused);
    if (is_block && (spec->has_scale || spec->has_clip || spec->calibration || spec->scale_dtype))
        return quant_error_set(error, QUANT_INVALID,
                               "%s has a scale in each block: it does not take a scale, a type for "
                               "scales, a clipping range or a calibration",
                               info->name);
    if (info->is_unscaled && (spec->has_scale || spec->has_clip || spec->calibration))
        return quant_error_set(error, QUANT_INVALID,
                               "%s is unscaled: it does not take a scale, a clipping range or a "
                               "calibration",
                               info->name);
    if (method && method->for_integers)
        return quant_error_set(error, QUANT_INVALID,
                               "%s is a float type and does not take the calibration '%s', which "
                               "assumes evenly spaced levels",
                               info->name, method->name);
    return QUANT_OK;
}

static enum quant_status check_integer(const struct quant_target *target, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(target->dtype);
    const int32_t qmin = target->qmin;
    const int32_t qmax = target->qmax;
    if (qmin < info->min || qmax > info->max || qmin > info->max || qmax < info->min)
        return quant_error_set(
            error, QUANT_INVALID,
            "the target range qmin..qmax is %d..%d, which is not within %s (%.0f..%.0f)", qmin,
            qmax, info->name, info->min, info->max);
    if (qmin >= qmax)
        return quant_error_set(
            error, QUANT_INVALID,
            "the target range qmin..qmax is %d..%d, which is empty: qmin must be less than qmax",
            qmin, qmax);
    if (target->scheme == QUANT_ABSMAX && info->min < 0 && qmax <= 0)
        return quant_error_set(error, QUANT_INVALID, "absmax needs qmax above 0, found %d", qmax);
    return QUANT_OK;
}

/* Only a calibration of zeros, or without a finite element, has a range of no width. */
static bool is_clip(const struct quant_spec *spec)
{
    const double *clip = spec->clip;
    const bool is_empty = spec->clip_is_calibrated && clip[0] == 0 && clip[1] == 0;
    return is_empty ||
           (clip[0] < clip[1] && clip[0] >= -(double)FLT_MAX && clip[1] <= (double)FLT_MAX);
}

static enum quant_status check_range(const struct quant_spec *spec,
                                     const struct quant_dtype_info *info, struct quant_error *error)
{
    if (spec->has_zero_point && !spec->has_scale)
        return quant_error_set(error, QUANT_INVALID, "a zero point needs a scale");
    if (spec->has_scale && spec->has_clip)
        return quant_error_set(error, QUANT_INVALID,
                               "a scale and a clipping range exclude each other");
    if (spec->has_scale && !(spec->scale > 0 && isfinite(spec->scale)))
        return quant_error_set(error, QUANT_INVALID,
                               "a scale must be above 0 and finite as float32, found %.9g",
                               (double)spec->scale);
    if (!spec->has_scale && info->needs_scale)
        return quant_error_set(
            error, QUANT_INVALID,
            "%s needs a given scale: its range is too wide for one that is found", info->name);
    if (spec->has_clip && !is_clip(spec))
        return quant_error_set(
            error, QUANT_INVALID,
            "a clipping range needs LO < HI, both within float32, found %.9g to %.9g",
            spec->clip[0], spec->clip[1]);
    return QUANT_OK;
}

/* A given scale is never rounded, so it must be a number of the type that it is stored as. */
static enum quant_status check_scale_dtype(const struct quant_spec *spec,
                                           const struct quant_target *target,
                                           struct quant_error *error)
{
    const enum quant_dtype dtype = target->scale_dtype;
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info->is_scale)
        return quant_error_set(error, QUANT_UNSUPPORTED, "this version cannot store scales as %s",
                               info->name);
    const struct quant_dtype_info *elements = quant_dtype_info(target->dtype);
    if (spec->scale_dtype != QUANT_DTYPE_NONE && elements->is_unscaled)
        return quant_error_set(error, QUANT_INVALID,
                               "%s is unscaled: it does not take a type for scales",
                               elements->name);
    if (!spec->has_scale)
        return QUANT_OK;
    const double scale = (double)spec->scale;
    const double nearest = quant_round_to_dtype(dtype, scale);
    if (isinf(nearest) || nearest == 0)
        return quant_error_set(error, QUANT_INVALID, "the scale %.9g cannot be stored: it is %s %s",
                               scale, nearest == 0 ? "below" : "beyond", info->name);
    if (nearest != scale)
        return quant_error_set(error, QUANT_INVALID,
                               "the scale %.9g cannot be stored exactly as %s; the nearest is %.9g",
                               scale, info->name, nearest);
    return QUANT_OK;
}

/* Sets *method, to NULL for auto. */
static enum quant_status find_method(const struct quant_spec *spec,
                                     const struct quant_calibration **method,
                                     struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype_of(spec));
    const bool is_best = spec->like && spec->exact && info && info->is_integer;
    const char *name = is_best && !spec->calibration ? "mse" : spec->calibration;
    const bool is_auto = quant_calibration_is_auto(name);
    *method = is_auto ? NULL : quant_calibration_from_name(name);
    if (!is_auto && !*method)
        return quant_error_set(error, QUANT_UNSUPPORTED, "unknown calibration method '%s'",
                               spec->calibration);
    if (!spec->has_calibration_argument)
        return QUANT_OK;
    if (is_auto || !(*method)->argument)
        return quant_error_set(error, QUANT_INVALID, "calibration '%s' takes no argument",
                               spec->calibration ? spec->calibration : (*method)->name);
    if (!(*method)->accepts(spec->calibration_argument))
        return quant_error_set(error, QUANT_INVALID, "calibration '%s:%s' needs %s, found %.9g",
                               (*method)->name, (*method)->argument, (*method)->expected,
                               spec->calibration_argument);
    return QUANT_OK;
}

/* Everything but the type and the method. */
static enum quant_status check(const struct quant_spec *spec, const struct quant_target *target,
                               const struct quant_calibration *method, struct quant_error *error)
{
    enum quant_status status = quant_dtype_info(target->dtype)->is_integer
                                   ? check_integer(target, error)
                                   : check_float(spec, target, method, error);
    if (status == QUANT_OK)
        status = check_range(spec, quant_dtype_info(target->dtype), error);
    return status == QUANT_OK ? check_scale_dtype(spec, target, error) : status;
}

/* ---- The plan ---- */

static void set_range_from(struct quant_plan *plan, const struct quant_spec *spec,
                           const struct quant_calibration *method)
{
    if (quant_dtype_info(plan->target.dtype)->is_unscaled) {
        plan->from = QUANT_UNSCALED;
    } else if (spec->has_scale) {
        plan->from = QUANT_SCALE_GIVEN;
        plan->scale = spec->scale;
        plan->zero_point =
            spec->has_zero_point ? spec->zero_point : quant_target_middle(&plan->target);
    } else if (spec->has_clip) {
        plan->from = QUANT_RANGE_GIVEN;
        plan->range[0] = spec->clip[0];
        plan->range[1] = spec->clip[1];
        if (spec->clip_is_calibrated)
            plan->method = method ? method : quant_method_at(0);
    } else {
        plan->from = QUANT_RANGE_FOUND;
        plan->method = method;
    }
    if (plan->method && plan->method->argument)
        plan->argument =
            spec->has_calibration_argument ? spec->calibration_argument : plan->method->initial;
}

enum quant_status quant_plan_check_groups(const struct quant_plan *plan, struct quant_error *error)
{
    if (plan->from == QUANT_RANGE_FOUND)
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "scales per channel or block are found from the elements and cannot be "
                           "used with a given scale, a clipping range or an unscaled type");
}

enum quant_status quant_plan_make(const struct quant_spec *spec,
                                  const struct quant_granularity *granularity,
                                  struct quant_plan *plan, struct quant_error *error)
{
    const struct quant_calibration *method = NULL;
    enum quant_status status = quant_spec_check_values(spec, error);
    if (status != QUANT_OK)
        return status;
    *plan = (struct quant_plan){.target = quant_spec_target(spec), .nonfinite = spec->nonfinite};
    const struct quant_dtype_info *info = quant_dtype_info(plan->target.dtype);
    if (!(info->quantizes || info->block_nelems > 0))
        return quant_error_set(error, QUANT_UNSUPPORTED, "this version cannot quantize to %s",
                               info->name);
    status = find_method(spec, &method, error);
    if (status == QUANT_OK)
        status = quant_profile_check(spec, granularity, method, error);
    if (status == QUANT_OK)
        status = check(spec, &plan->target, method, error);
    if (status != QUANT_OK)
        return status;
    set_range_from(plan, spec, method);
    if (granularity)
        plan->granularity = *granularity;
    plan->target.is_given = plan->from == QUANT_SCALE_GIVEN;
    quant_plan_settle(plan, spec->input_dtype);
    return quant_granularity_has_groups(&plan->granularity) ? quant_plan_check_groups(plan, error)
                                                            : QUANT_OK;
}

enum quant_status quant_spec_check(const struct quant_spec *spec, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_plan plan;
    return quant_plan_make(spec, NULL, &plan, error);
}
