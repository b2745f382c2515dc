/* SPDX-License-Identifier: MIT */
/* Every step is computed in double and rounded to the type that the engine computes in. For
 * float32 that is what float32 arithmetic gives: double has more than twice its digits. float16 and
 * bfloat16 are rounded from float32, as the engines do it. */
#include "core/profile_params.h"

#include <float.h>
#include <math.h>

#include "base/rounding.h"

/* ---- Types ---- */

void quant_plan_settle(struct quant_plan *plan, enum quant_dtype input)
{
    struct quant_target *target = &plan->target;
    const struct quant_profile *profile = target->profile;
    if (!profile)
        return;
    const bool is_16_bit = input == QUANT_FLOAT16 || input == QUANT_BFLOAT16;
    target->input = is_16_bit ? input : QUANT_FLOAT32;
    target->in_blocks = plan->granularity.block_size > 0;
    if (profile->input_scale && !target->is_given) /* a given one is never rounded */
        target->scale_dtype = target->input;
    if (profile->blocks_float16 && target->in_blocks)
        target->scale_dtype = QUANT_FLOAT16;
}

bool quant_plan_has_factors(const struct quant_plan *plan)
{
    const struct quant_profile *profile = plan->target.profile;
    return profile && !plan->target.exact && profile->mapping >= QUANT_MAP_FACTOR &&
           profile->mapping != QUANT_MAP_FLOAT16;
}

bool quant_plan_has_biases(const struct quant_plan *plan)
{
    return plan->target.profile && plan->target.profile->has_biases;
}

static enum quant_dtype input_of(const struct quant_target *target)
{
    return target->input == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : target->input;
}

static double round_step(const struct quant_target *target, double value)
{
    switch (target->profile->steps) {
    case QUANT_STEPS_OWN_RULES:
    case QUANT_STEPS_DOUBLE:
        return value;
    case QUANT_STEPS_FLOAT32:
        return (double)(float)value;
    case QUANT_STEPS_INPUT:
        break;
    }
    return quant_round_to_dtype(input_of(target), (double)(float)value);
}

static double epsilon_of(const struct quant_target *target)
{
    return quant_dtype_info(target->profile->steps == QUANT_STEPS_INPUT ? input_of(target)
                                                                        : QUANT_FLOAT32)
        ->epsilon;
}

/* ---- Scales ---- */

static double raise_to_floor(const struct quant_target *target, double scale)
{
    const struct quant_profile *profile = target->profile;
    if (profile->floor == QUANT_FLOOR_SCALE && fabs(scale) < profile->least)
        return profile->least;
    if (profile->floor == QUANT_FLOOR_EPSILON && scale == 0)
        return epsilon_of(target);
    return scale;
}

static bool is_replaced_by_one(const struct quant_profile *profile, double scale)
{
    return profile->floor == QUANT_FLOOR_ONE && scale < profile->least;
}

/* In blocks absmax keeps its zero point. */
static void set_one(struct quant_params *params, const struct quant_target *target)
{
    params->scale = 1;
    if (target->scheme == QUANT_ZERO_POINT || !target->in_blocks)
        params->zero_point = 0;
}

/* What the engine divides, for absmax. */
static double magnitude(const struct quant_profile *profile, double low, double high)
{
    const double largest = fmax(fabs(low), fabs(high));
    if (profile->floor == QUANT_FLOOR_MAGNITUDE)
        return fmax(largest, profile->least);
    if (profile->is_signed)
        return fabs(low) >= high ? fabs(low) : -high;
    return largest;
}

static double length(const struct quant_target *target, double low, double high)
{
    double difference = round_step(target, high - low);
    if (target->profile->floor == QUANT_FLOOR_MAGNITUDE)
        difference = fmax(difference, target->profile->least);
    return target->in_blocks && target->profile->blocks_by_stored ? (double)(float)difference
                                                                  : difference;
}

/* The sidecar holds finite scales only. An engine's own would be infinite where the range is longer
 * than float32 reaches. */
static float stored_scale(const struct quant_target *target, double scale, unsigned *notes)
{
    double stored = (double)(float)scale;
    if (target->scale_dtype == QUANT_FLOAT16 && target->profile->blocks_float16)
        stored = quant_round_to_dtype(QUANT_FLOAT16, quant_round_to_dtype(QUANT_BFLOAT16, stored));
    const double most = quant_dtype_info(target->scale_dtype)->max;
    if (fabs(stored) <= most)
        return (float)stored;
    *notes |= QUANT_NOTE_SCALE_LOWERED;
    return (float)copysign(most, stored);
}

/* ---- Engines that store something else than the scale ---- */

/* ncnn, by the factor that elements are mapped by. */
static void set_inverse(struct quant_params *params, double largest, double divisor)
{
    params->factor = largest > 0 ? (float)(divisor / largest) : 1;
    params->scale = (float)(1 / (double)params->factor);
}

/* bitsandbytes, by the largest magnitude as a float16. Weights beyond that type are infinite there,
 * and give what zeros do. */
static void set_float16(struct quant_params *params, double largest, double divisor)
{
    const double rounded = quant_round_to_dtype(QUANT_FLOAT16, largest);
    const bool is_mapped = rounded > 0 && isfinite(rounded);
    params->scale = is_mapped ? (float)rounded * (float)(1 / divisor) : 0; /* as it restores */
}

/* ---- Schemes ---- */

static unsigned set_absmax(struct quant_params *params, const struct quant_target *target,
                           const struct quant_profile_type *type, double low, double high)
{
    unsigned notes = 0;
    const double largest = magnitude(target->profile, low, high);
    const double scale = round_step(target, largest / type->divisor);
    params->zero_point = type->zero_point;
    if (params->mapping == QUANT_MAP_FACTOR)
        set_inverse(params, largest, type->divisor);
    else if (params->mapping == QUANT_MAP_FLOAT16)
        set_float16(params, largest, type->divisor);
    else if (is_replaced_by_one(target->profile, scale))
        set_one(params, target);
    else
        params->scale = stored_scale(target, raise_to_floor(target, scale), &notes);
    return notes;
}

static double clip(const struct quant_profile_type *type, double value)
{
    return fmin(fmax(value, (double)type->qmin), (double)type->qmax);
}

/* lo / 0 is 0 / 0, which engines store as 0, or -infinity. */
static double zero_point_of(const struct quant_target *target,
                            const struct quant_profile_type *type, double low, double scale)
{
    const double steps = round_step(target, low / scale);
    const double qmin = (double)type->qmin;
    if (isnan(steps))
        return 0;
    return target->profile->rounds_sum ? rint(clip(type, round_step(target, qmin - steps)))
                                       : clip(type, qmin - rint(steps));
}

static unsigned set_affine(struct quant_params *params, const struct quant_target *target,
                           const struct quant_profile_type *type, double low, double high)
{
    unsigned notes = 0;
    const struct quant_profile *profile = target->profile;
    const double quotient = round_step(target, length(target, low, high) / type->divisor);
    if (is_replaced_by_one(profile, quotient)) {
        set_one(params, target);
        return notes;
    }
    const double scale = raise_to_floor(target, quotient);
    params->scale = stored_scale(target, scale, &notes);
    const double by = profile->zero_point_first                        ? quotient
                      : target->in_blocks && profile->blocks_by_stored ? (double)params->scale
                                                                       : scale;
    params->zero_point = (int32_t)zero_point_of(target, type, low, by);
    return notes;
}

/* MLX. The scale is that by which the end of greater magnitude is a whole number of steps from 0.
 * The integers are made by it, and it is rounded to be stored. lo and hi are the elements' own,
 * without zero. */
static unsigned set_biased(struct quant_params *params, const struct quant_target *target,
                           const struct quant_profile_type *type, double low, double high)
{
    unsigned notes = 0;
    const bool is_low = fabs(low) > fabs(high);
    const double edge = is_low ? low : high;
    const double most = quant_dtype_info(QUANT_FLOAT32)->max;
    double length = round_step(target, high - low);
    if (length > most) { /* the engine would make it infinite */
        length = most;
        notes = QUANT_NOTE_SCALE_LOWERED;
    }
    const double step = raise_to_floor(target, round_step(target, length / type->divisor));
    const double divisor = is_low ? step : -step;
    const double steps = rint(round_step(target, edge / divisor));
    const double scale = steps == 0 ? divisor : round_step(target, edge / steps);
    params->factor = (float)scale;
    params->scale = (float)quant_round_to_dtype(target->scale_dtype, scale);
    params->bias = steps == 0 ? 0 : (float)edge;
    params->zero_point = 0;
    return notes;
}

unsigned quant_profile_set_params(struct quant_params *params, const struct quant_target *target,
                                  double low, double high)
{
    const struct quant_profile_type *type =
        quant_profile_type_of(target->profile, target->scheme, target->dtype);
    if (target->profile->has_biases)
        return set_biased(params, target, type, low, high);
    return target->scheme == QUANT_ABSMAX
               ? set_absmax(params, target, type, low, high)
               : set_affine(params, target, type, fmin(low, 0), fmax(high, 0));
}
