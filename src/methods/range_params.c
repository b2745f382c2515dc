/* SPDX-License-Identifier: MIT */
/* From a range to a scale and a zero point: section 1.2 of the design, case by case. */
#include "methods/range_params.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/scale.h"
#include "methods/method.h"
#include "methods/spec.h"

/* No computed zero point is farther from 0: x / s is a float32, and beyond 2^23 it has no bits left
 * for the fraction that rounding looks at. */
static const double ZERO_POINT_LIMIT = 0x1p22;

static bool target_is_unsigned(const struct quant_params *params)
{
    return quant_dtype_info(params->dtype)->least >= 0;
}

/* Integers on either side of an unsigned symmetric range's middle. */
static int32_t half_range(const struct quant_params *params)
{
    return (params->qmax - params->qmin) / 2;
}

int32_t quant_params_middle(const struct quant_params *params)
{
    return params->scheme == QUANT_ABSMAX && target_is_unsigned(params)
               ? params->qmax - half_range(params)
               : 0;
}

/* 0, or the middle, as an integer of the target: so zeros are restored as zeros. */
static int32_t zero_point_of_nothing(const struct quant_params *params)
{
    const int32_t middle = quant_params_middle(params);
    return middle < params->qmin ? params->qmin : middle > params->qmax ? params->qmax : middle;
}

static void set_scale(struct quant_choice *choice, double scale)
{
    const enum quant_dtype dtype = choice->params.scale_dtype;
    if (scale < quant_scale_smallest(dtype))
        choice->notes |= QUANT_NOTE_SCALE_RAISED;
    if (dtype != QUANT_FLOAT32 && scale > quant_scale_largest(dtype))
        choice->notes |= QUANT_NOTE_SCALE_LOWERED;
    choice->params.scale = quant_scale_round(dtype, scale, QUANT_TO_NEAREST);
}

double quant_params_greatest_step(const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info->is_integer)
        return info->greatest;
    return target_is_unsigned(params) ? half_range(params) : params->qmax;
}

static void choose_absmax(struct quant_choice *choice)
{
    const double a = fmax(fabs(choice->range[0]), fabs(choice->range[1]));
    set_scale(choice, a / quant_params_greatest_step(&choice->params));
    choice->params.zero_point = quant_params_middle(&choice->params);
}

static void include_zero(struct quant_choice *choice)
{
    choice->range[0] = fmin(choice->range[0], 0);
    choice->range[1] = fmax(choice->range[1], 0);
}

static double affine_scale(const struct quant_choice *choice)
{
    const double steps = (double)choice->params.qmax - (double)choice->params.qmin;
    return (choice->range[1] - choice->range[0]) / steps;
}

/* A scale of float32 is so close to the unrounded one that either will do, and the unrounded one is
 * the definition; but where it is raised, and with the coarser types, elements are divided by
 * something else, and the zero point has to be computed from that: otherwise the range is mapped to
 * the wrong place. */
static double affine_zero_point(const struct quant_choice *choice, double scale)
{
    const enum quant_dtype dtype = choice->params.scale_dtype;
    const bool is_close = dtype == QUANT_FLOAT32 && scale >= quant_scale_smallest(dtype);
    const double divisor =
        is_close ? scale : (double)quant_scale_round(dtype, scale, QUANT_TO_NEAREST);
    return (double)choice->params.qmin - rint(choice->range[0] / divisor);
}

static bool is_near(const struct quant_choice *choice, double scale)
{
    return fabs(affine_zero_point(choice, scale)) <= ZERO_POINT_LIMIT;
}

/* The next number of the type that a scale is stored in; the same at the end of those. */
static float next_scale(enum quant_dtype dtype, float scale, enum quant_direction direction)
{
    const double beside = nextafter((double)scale, direction == QUANT_UPWARD ? HUGE_VAL : 0);
    return quant_scale_round(dtype, beside, direction);
}

/*
 * The smallest scale that brings the zero point near; the greatest there is if none does. As the
 * scale rises, lo / scale approaches 0 or stays, so does its rounding, and each scale above one
 * that is near is near too: the search may begin anywhere. It begins where |rne(lo / scale)| is the
 * greatest that is allowed, which is a few steps away at most.
 */
static float smallest_near_scale(const struct quant_choice *choice)
{
    const enum quant_dtype dtype = choice->params.scale_dtype;
    const double lo = choice->range[0];
    const double qmin = (double)choice->params.qmin;
    const double most = ZERO_POINT_LIMIT + (lo > 0 ? qmin : -qmin);
    float scale = quant_scale_round(dtype, fabs(lo) / (most + 0.5), QUANT_DOWNWARD);
    while (!is_near(choice, (double)scale)) {
        const float above = next_scale(dtype, scale, QUANT_UPWARD);
        if (above == scale)
            return scale;
        scale = above;
    }
    for (;;) {
        const float below = next_scale(dtype, scale, QUANT_DOWNWARD);
        if (below == scale || !is_near(choice, (double)below))
            return scale;
        scale = below;
    }
}

/* From the same lo on, more is mapped than was asked for. */
static double raise_scale(struct quant_choice *choice, double scale)
{
    const double steps = (double)choice->params.qmax - (double)choice->params.qmin;
    const double raised = (double)smallest_near_scale(choice);
    if (raised <= scale) /* a type of scales that ends here */
        return scale;
    choice->range[1] = fmin(choice->range[0] + steps * raised, (double)FLT_MAX);
    choice->notes |= QUANT_NOTE_SCALE_RAISED_FAR;
    return raised;
}

static void choose_affine(struct quant_choice *choice)
{
    double scale = affine_scale(choice);
    if (!is_near(choice, scale))
        scale = raise_scale(choice, scale);
    const double zero_point = fmin(fmax(affine_zero_point(choice, scale), -ZERO_POINT_LIMIT),
                                   ZERO_POINT_LIMIT); /* as beyond the greatest float16 */
    set_scale(choice, scale);
    choice->params.zero_point = (int32_t)zero_point;

    const struct quant_dtype_info *info = quant_dtype_info(choice->params.dtype);
    if (zero_point < info->least || zero_point > info->greatest)
        choice->notes |= QUANT_NOTE_ZERO_POINT_OUTSIDE;
}

/* Magnitudes grow towards the ends of the target, or of the float type: the greater of the two, in
 * steps. At most 2^32, it is rounded as kernels round it. */
static float farthest_step(const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info->is_integer)
        return (float)info->greatest;
    const int64_t below = llabs((int64_t)params->qmin - params->zero_point);
    const int64_t above = llabs((int64_t)params->qmax - params->zero_point);
    return (float)(below > above ? below : above);
}

static bool restores_infinite(const struct quant_params *params)
{
    return isinf(farthest_step(params) * params->scale);
}

float quant_params_greatest_scale(const struct quant_params *params)
{
    const float step = farthest_step(params);
    float scale =
        quant_scale_round(params->scale_dtype, (double)FLT_MAX / (double)step, QUANT_DOWNWARD);
    for (float above;; scale = above) { /* products that are rounded down to FLT_MAX */
        above = next_scale(params->scale_dtype, scale, QUANT_UPWARD);
        if (above == scale || isinf(step * above))
            return scale;
    }
}

static void choose_from_range(const struct quant_spec *spec, struct quant_choice *choice)
{
    const double *range = choice->range;
    if (spec->include_zero || range[0] == range[1])
        include_zero(choice);
    if (range[0] == 0 && range[1] == 0) {
        choice->params.scale = 1;
        choice->params.zero_point = zero_point_of_nothing(&choice->params);
    } else if (spec->scheme == QUANT_ABSMAX) {
        choose_absmax(choice);
    } else {
        choose_affine(choice);
    }
    if (restores_infinite(&choice->params)) /* as a range that ends near FLT_MAX may */
        choice->params.scale = quant_params_greatest_scale(&choice->params);
}

/* Of nothing finite all methods make the same, and auto takes the first. */
static void set_method(const struct quant_spec *spec, struct quant_choice *choice)
{
    if (!quant_spec_needs_range(spec) && !(spec->has_clip && spec->clip_is_calibrated))
        return;
    choice->calibration = quant_calibration_is_auto(spec)
                              ? quant_calibration_name(0)
                              : quant_calibration_from_name(spec->calibration)->name;
    choice->has_calibration_argument =
        quant_calibration_from_name(choice->calibration)->argument != NULL;
    if (choice->has_calibration_argument)
        choice->calibration_argument = quant_calibration_argument_of(spec);
}

struct quant_choice quant_choice_of_nothing(const struct quant_spec *spec)
{
    struct quant_choice choice = {.params = {.scheme = spec->scheme,
                                             .dtype = quant_spec_dtype(spec),
                                             .rounding = spec->rounding,
                                             .scale = 1,
                                             .scale_dtype = quant_spec_scale_dtype(spec)}};
    quant_spec_target(spec, &choice.params.qmin, &choice.params.qmax);
    choice.params.zero_point = zero_point_of_nothing(&choice.params);
    set_method(spec, &choice);
    return choice;
}

void quant_choice_set_range(struct quant_choice *choice, const struct quant_spec *spec, double low,
                            double high)
{
    choice->has_range = true;
    choice->range[0] = low + 0.0; /* -0 becomes 0, whichever came first */
    choice->range[1] = high + 0.0;
    choose_from_range(spec, choice);
}

/* *choice has no range where nothing finite was seen. */
static enum quant_status find_range(const struct quant_spec *spec,
                                    const struct quant_observed *observed, const double range[2],
                                    struct quant_choice *choice, struct quant_error *error)
{
    if (spec->has_clip)
        range = spec->clip;
    else if (!range && (!observed || observed->count == observed->nonfinite))
        return QUANT_OK;
    choice->has_range = true;
    if (range) {
        memcpy(choice->range, range, sizeof choice->range);
        return QUANT_OK;
    }
    if (quant_calibration_from_name(spec->calibration) != &quant_calibration_minmax)
        return quant_error_set(
            error, QUANT_INVALID,
            "the calibration method '%s' needs the elements: call quant_calibrate",
            spec->calibration);
    choice->range[0] = (double)observed->least + 0.0; /* -0 becomes 0, whichever came first */
    choice->range[1] = (double)observed->greatest + 0.0;
    return QUANT_OK;
}

enum quant_status quant_choose(const struct quant_spec *spec, const struct quant_observed *observed,
                               struct quant_choice *choice, struct quant_error *error)
{
    return quant_choose_range(spec, observed, NULL, choice, error);
}

enum quant_status quant_choose_range(const struct quant_spec *spec,
                                     const struct quant_observed *observed, const double range[2],
                                     struct quant_choice *choice, struct quant_error *error)
{
    enum quant_status status = quant_spec_check(spec, error);
    if (status != QUANT_OK)
        return status;
    if (observed && observed->nonfinite > 0 && spec->nonfinite == QUANT_NONFINITE_ERROR)
        return quant_error_set(error, QUANT_NONFINITE,
                               "%llu of %llu elements are not finite, the first is element %llu",
                               (unsigned long long)observed->nonfinite,
                               (unsigned long long)observed->count,
                               (unsigned long long)observed->first_nonfinite);
    *choice = quant_choice_of_nothing(spec);
    if (quant_dtype_info(choice->params.dtype)->is_unscaled)
        return QUANT_OK;
    if (spec->has_scale) {
        choice->params.scale = spec->scale;
        choice->params.zero_point =
            spec->has_zero_point ? spec->zero_point : quant_params_middle(&choice->params);
        if (restores_infinite(&choice->params))
            choice->notes |= QUANT_NOTE_RESTORES_INFINITE;
        return QUANT_OK;
    }
    status = find_range(spec, observed, range, choice, error);
    if (status == QUANT_OK && choice->has_range)
        choose_from_range(spec, choice);
    return status;
}
