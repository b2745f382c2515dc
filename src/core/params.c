/* SPDX-License-Identifier: MIT */
/* From a range to a scale and a zero point: section 1.2 of the design, case by case. */
#include "core/params.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "core/calibration.h"
#include "core/scale.h"
#include "core/spec.h"

/* Beyond this x / s, a float32, has no bits left for the fraction that rounding looks at. */
static const double ZERO_POINT_LIMIT = 4194304.0; /* 2^22 */

static bool target_is_unsigned(const struct quant_params *params)
{
    return quant_dtype_info(params->dtype)->least >= 0;
}

/* Integers on either side of an unsigned symmetric range's middle. */
static int32_t half_range(const struct quant_params *params)
{
    return (params->qmax - params->qmin) / 2;
}

/* The zero point where the range does not decide it. */
static int32_t middle(const struct quant_params *params)
{
    return params->scheme == QUANT_ABSMAX && target_is_unsigned(params)
               ? params->qmax - half_range(params)
               : 0;
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
    choice->params.zero_point = middle(&choice->params);
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

static void choose_affine(struct quant_choice *choice)
{
    double scale = affine_scale(choice);
    double zero_point = affine_zero_point(choice, scale);
    if (fabs(zero_point) > ZERO_POINT_LIMIT) {
        include_zero(choice);
        choice->notes |= QUANT_NOTE_ZERO_INCLUDED;
        scale = affine_scale(choice);
        zero_point = affine_zero_point(choice, scale);
    }
    set_scale(choice, scale);
    choice->params.zero_point = (int32_t)zero_point;

    const struct quant_dtype_info *info = quant_dtype_info(choice->params.dtype);
    if (zero_point < info->least || zero_point > info->greatest)
        choice->notes |= QUANT_NOTE_ZERO_POINT_OUTSIDE;
}

static void choose_from_range(const struct quant_spec *spec, struct quant_choice *choice)
{
    const double *range = choice->range;
    if (spec->include_zero || range[0] == range[1])
        include_zero(choice);
    if (range[0] == 0 && range[1] == 0) {
        choice->params.scale = 1;
        choice->params.zero_point = middle(&choice->params);
    } else if (spec->scheme == QUANT_ABSMAX) {
        choose_absmax(choice);
    } else {
        choose_affine(choice);
    }
}

/* As kernels restore it. */
static bool is_restored_infinite(const struct quant_params *params, int32_t q)
{
    return isinf((float)((int64_t)q - params->zero_point) * params->scale);
}

/* Magnitudes grow towards the ends of the target, or of the float type. */
static void note_infinities(struct quant_choice *choice)
{
    const struct quant_params *params = &choice->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const bool is_beyond = info->is_integer ? is_restored_infinite(params, params->qmin) ||
                                                  is_restored_infinite(params, params->qmax)
                                            : isinf((float)info->greatest * params->scale);
    if (is_beyond)
        choice->notes |= QUANT_NOTE_RESTORES_INFINITE;
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
    choice.params.zero_point = middle(&choice.params);
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
    note_infinities(choice);
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
        return quant_error_set(error, QUANT_INVALID,
                               "the calibration method '%s' needs the elements themselves: "
                               "quant_calibrate takes them",
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
        return quant_error_set(
            error, QUANT_NONFINITE, "%llu of %llu elements are not finite, the first of them %llu",
            (unsigned long long)observed->nonfinite, (unsigned long long)observed->count,
            (unsigned long long)observed->first_nonfinite);
    *choice = quant_choice_of_nothing(spec);
    if (quant_dtype_info(choice->params.dtype)->is_unscaled)
        return QUANT_OK;
    if (spec->has_scale) {
        choice->params.scale = spec->scale;
        if (spec->has_zero_point)
            choice->params.zero_point = spec->zero_point;
        note_infinities(choice);
        return QUANT_OK;
    }
    status = find_range(spec, observed, range, choice, error);
    if (status == QUANT_OK && choice->has_range)
        choose_from_range(spec, choice);
    note_infinities(choice);
    return status;
}
