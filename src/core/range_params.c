/* SPDX-License-Identifier: MIT */
/* The rules of quant_choose, case by case. */
#include "core/range_params.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rounding.h"
#include "core/profile_params.h"
#include "core/scale.h"

/* A zero point that is computed is no farther from 0: x / s is a float32, and beyond 2^23 it has no
 * bits left for the fraction that rounding needs. */
static const double ZERO_POINT_LIMIT = 0x1p22;

static bool is_unsigned(const struct quant_target *target)
{
    return quant_dtype_info(target->dtype)->min >= 0;
}

/* Integers on either side of the middle of an unsigned symmetric range. */
static int32_t half_range(const struct quant_target *target)
{
    return (target->qmax - target->qmin) / 2;
}

int32_t quant_target_middle(const struct quant_target *target)
{
    const bool has_middle = target->scheme == QUANT_ABSMAX && is_unsigned(target);
    return has_middle ? target->qmax - half_range(target) : 0;
}

/* The middle, clamped to the target range: zeros are restored as zeros. */
static int32_t zero_point_of_nothing(const struct quant_target *target)
{
    const int32_t middle = quant_target_middle(target);
    return middle < target->qmin ? target->qmin : middle > target->qmax ? target->qmax : middle;
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

double quant_target_max_step(const struct quant_target *target)
{
    const struct quant_dtype_info *info = quant_dtype_info(target->dtype);
    if (!info->is_integer)
        return info->max;
    return is_unsigned(target) ? half_range(target) : target->qmax;
}

static void choose_absmax(struct quant_choice *choice, const struct quant_target *target)
{
    const double a = fmax(fabs(choice->range[0]), fabs(choice->range[1]));
    set_scale(choice, a / quant_target_max_step(target));
    choice->params.zero_point = quant_target_middle(target);
}

/* The smaller scale that covers the range. If both do as well, the positive one. */
static void choose_signed(struct quant_choice *choice, const struct quant_target *target)
{
    const double above = (double)target->qmax;
    const double below = -(double)target->qmin;
    const double positive = fmax(choice->range[1] / above, -choice->range[0] / below);
    const double negative = fmax(choice->range[1] / below, -choice->range[0] / above);
    set_scale(choice, fmin(positive, negative));
    if (negative < positive)
        choice->params.scale = -choice->params.scale;
    choice->params.zero_point = 0;
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
 * the definition. But if the scale is raised, or of a coarser type, elements are divided by
 * something else. Then the zero point must be computed from that: otherwise the range is mapped to
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

/* The next number of the type that scales are stored in, or the same at the last one. */
static float next_scale(enum quant_dtype dtype, float scale, enum quant_direction direction)
{
    const double beside = nextafter((double)scale, direction == QUANT_UPWARD ? HUGE_VAL : 0);
    return quant_scale_round(dtype, beside, direction);
}

/*
 * The smallest scale that brings the zero point near, or the largest scale if none does. As the
 * scale rises, lo / scale approaches 0 or stays, so does its rounding, and each scale above one
 * that is near is near too. So the search may begin anywhere. It begins where |rne(lo / scale)| is
 * the largest that is allowed, which is a few steps away at most.
 */
static float smallest_near_scale(const struct quant_choice *choice)
{
    const enum quant_dtype dtype = choice->params.scale_dtype;
    const double lo = choice->range[0];
    const double qmin = (double)choice->params.qmin;
    const double max = ZERO_POINT_LIMIT + (lo > 0 ? qmin : -qmin);
    float scale = quant_scale_round(dtype, fabs(lo) / (max + 0.5), QUANT_DOWNWARD);
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

/* More is mapped than was asked for, from the same lo on. */
static double raise_scale(struct quant_choice *choice, double scale)
{
    const double steps = (double)choice->params.qmax - (double)choice->params.qmin;
    const double raised = (double)smallest_near_scale(choice);
    if (raised <= scale) /* the largest scale of the type */
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
    const double zero_point =
        fmin(fmax(affine_zero_point(choice, scale), -ZERO_POINT_LIMIT),
             ZERO_POINT_LIMIT); /* float16 may have no scale that is large enough */
    set_scale(choice, scale);
    choice->params.zero_point = (int32_t)zero_point;

    const struct quant_dtype_info *info = quant_dtype_info(choice->params.dtype);
    if (zero_point < info->min || zero_point > info->max)
        choice->notes |= QUANT_NOTE_ZERO_POINT_OUTSIDE;
}

/* By the scale and the bias as they are stored, so only rounding to integers loses anything. */
static void choose_biased(struct quant_choice *choice)
{
    const bool is_constant = choice->range[0] == choice->range[1];
    set_scale(choice, is_constant ? 1 : affine_scale(choice));
    choice->params.bias = (float)quant_round_to_dtype(choice->params.scale_dtype, choice->range[0]);
    choice->params.zero_point = 0;
}

/* Magnitudes grow towards the ends of the target range, or of the float type. Returns the larger of
 * the two, in steps. It is at most 2^32, and is rounded as kernels round it. */
static float farthest_step(enum quant_dtype dtype, int32_t qmin, int32_t qmax, int32_t zero_point)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info->is_integer)
        return (float)info->max;
    const int64_t below = llabs((int64_t)qmin - zero_point);
    const int64_t above = llabs((int64_t)qmax - zero_point);
    return (float)(below > above ? below : above);
}

static bool restores_infinite(const struct quant_params *params)
{
    return isinf(farthest_step(params->dtype, params->qmin, params->qmax, params->zero_point) *
                 params->scale);
}

float quant_target_max_scale(const struct quant_target *target, int32_t zero_point)
{
    const enum quant_dtype dtype = target->scale_dtype;
    const float step = farthest_step(target->dtype, target->qmin, target->qmax, zero_point);
    float scale = quant_scale_round(dtype, (double)FLT_MAX / (double)step, QUANT_DOWNWARD);
    for (float above;; scale = above) { /* their products may be rounded down to FLT_MAX */
        above = next_scale(dtype, scale, QUANT_UPWARD);
        if (above == scale || isinf(step * above))
            return scale;
    }
}

/* An engine makes of no elements what it makes of zeros. */
static void follow(struct quant_params *params, const struct quant_target *target)
{
    params->profile = target->profile;
    params->exact = target->exact;
    quant_params_follow(params, target->input, target->is_given);
    if (quant_target_follows(target))
        (void)quant_profile_set_params(params, target, 0, 0);
}

struct quant_choice quant_choice_of_nothing(const struct quant_target *target)
{
    struct quant_choice choice = {.params = {.scheme = target->scheme,
                                             .dtype = target->dtype,
                                             .rounding = target->rounding,
                                             .qmin = target->qmin,
                                             .qmax = target->qmax,
                                             .scale = 1,
                                             .zero_point = zero_point_of_nothing(target),
                                             .scale_dtype = target->scale_dtype}};
    if (target->profile)
        follow(&choice.params, target);
    return choice;
}

void quant_choice_set_range(struct quant_choice *choice, const struct quant_target *target,
                            double low, double high)
{
    choice->has_range = true;
    choice->range[0] = low;
    choice->range[1] = high;
    if (quant_target_follows(target)) {
        if (target->scheme == QUANT_ZERO_POINT && !target->profile->has_biases)
            include_zero(choice);
        choice->notes |= quant_profile_set_params(&choice->params, target, low, high);
        return;
    }
    const bool has_biases = target->profile && target->profile->has_biases;
    if (target->include_zero || (low == high && !has_biases))
        include_zero(choice);
    if (has_biases) {
        choose_biased(choice);
    } else if (choice->range[0] == 0 && choice->range[1] == 0) {
        choice->params.scale = 1;
        choice->params.zero_point = zero_point_of_nothing(target);
    } else if (quant_target_is_signed(target)) {
        choose_signed(choice, target);
    } else if (target->scheme == QUANT_ABSMAX) {
        choose_absmax(choice, target);
    } else {
        choose_affine(choice);
    }
    if (restores_infinite(&choice->params)) /* if the range ends near FLT_MAX */
        choice->params.scale = copysignf(quant_target_max_scale(target, choice->params.zero_point),
                                         choice->params.scale);
}

void quant_choice_set_scale(struct quant_choice *choice, float scale, int32_t zero_point)
{
    choice->params.scale = scale;
    choice->params.zero_point = zero_point;
    if (restores_infinite(&choice->params))
        choice->notes |= QUANT_NOTE_RESTORES_INFINITE;
}
