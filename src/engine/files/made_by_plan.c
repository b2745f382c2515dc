/* SPDX-License-Identifier: MIT */
/* A choice is made again from what the sidecar says of the elements, and compared. */
#include "engine/files/made_by_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grouping.h"
#include "core/range_params.h"
#include "methods/method.h"
#include "methods/plan_choose.h"

static bool has_target(const struct quant_sidecar *sidecar, const struct quant_plan *plan)
{
    const struct quant_params made = quant_choice_of_nothing(&plan->target).params;
    const struct quant_params *said = &sidecar->params;
    return said->scheme == made.scheme && said->dtype == made.dtype &&
           said->rounding == made.rounding && said->qmin == made.qmin && said->qmax == made.qmax &&
           said->scale_dtype == made.scale_dtype && said->profile == made.profile &&
           said->exact == made.exact;
}

static bool has_groups(const struct quant_sidecar *sidecar, const struct quant_plan *plan)
{
    const struct quant_granularity *granularity = &plan->granularity;
    struct quant_grouping grouping;
    if (!quant_granularity_has_groups(granularity))
        return !sidecar->has_groups;
    return sidecar->has_groups &&
           quant_grouping_make(granularity, &sidecar->shape, sidecar->order, &grouping, NULL) ==
               QUANT_OK &&
           grouping.axis == sidecar->groups.axis &&
           grouping.block_size == sidecar->groups.block_size &&
           grouping.block_rows == sidecar->groups.block_rows;
}

static bool has_method(const struct quant_sidecar *sidecar, const struct quant_plan *plan)
{
    const char *name = plan->method                      ? plan->method->name
                       : plan->from == QUANT_UNSCALED    ? "none"
                       : plan->from == QUANT_RANGE_GIVEN ? "clip"
                       : plan->from == QUANT_SCALE_GIVEN ? "given"
                                                         : ""; /* auto leaves no trace */
    const bool has_argument = plan->method && plan->method->argument;
    return strcmp(sidecar->method, name) == 0 && sidecar->has_argument == has_argument &&
           (!has_argument || sidecar->argument == plan->argument);
}

/* --include-zero has no effect on a range with 0 inside. If it ends in 0, it may have been extended
 * to that or not. */
static bool ends_in_zero(const double range[2])
{
    return (range[0] == 0) != (range[1] == 0);
}

/* An end that is a float32 has nine digits in the sidecar, which are read as another double. */
static double exact_end(double end)
{
    char text[32];
    const double nearest = (double)(float)end;
    snprintf(text, sizeof text, "%.9g", nearest);
    return strtod(text, NULL) == end ? nearest : end;
}

static bool choose_again(const struct quant_sidecar *sidecar, const struct quant_plan *plan,
                         struct quant_choice *choice)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    const bool is_found = plan->from == QUANT_RANGE_FOUND;
    const bool is_observed = plan->method == &quant_calibration_minmax;
    if (is_found && !is_observed && sidecar->has_range && ends_in_zero(sidecar->range))
        return false;
    if (sidecar->has_observed) {
        observed.count = 1;
        observed.min = (float)sidecar->observed[0];
        observed.max = (float)sidecar->observed[1];
    }
    const bool takes_range = is_found && !is_observed && sidecar->has_range;
    const double range[2] = {exact_end(sidecar->range[0]), exact_end(sidecar->range[1])};
    return quant_plan_choose(plan, &observed, takes_range ? range : NULL, choice, NULL) == QUANT_OK;
}

static bool has_choice(const struct quant_sidecar *sidecar, const struct quant_plan *plan)
{
    struct quant_choice choice;
    if (!choose_again(sidecar, plan, &choice))
        return false;
    return choice.params.scale == sidecar->params.scale &&
           choice.params.zero_point == sidecar->params.zero_point &&
           choice.has_range == sidecar->has_range &&
           (!choice.has_range || (choice.range[0] == exact_end(sidecar->range[0]) &&
                                  choice.range[1] == exact_end(sidecar->range[1])));
}

/* Engines always have zero in the range. Otherwise a zero point inside the target range comes from
 * a range with 0 inside, one outside from a range that was not extended; at the ends it may be
 * either. */
static bool has_zero_points(const struct quant_sidecar *sidecar, const struct quant_plan *plan,
                            const int32_t *zero_points)
{
    const struct quant_target *target = &plan->target;
    if (target->profile || target->scheme != QUANT_ZERO_POINT || !zero_points ||
        plan->from != QUANT_RANGE_FOUND)
        return true;
    for (uint64_t i = 0; i < sidecar->groups.count; i++) {
        const int32_t z = zero_points[i];
        if (z == target->qmin || z == target->qmax)
            return false;
        if ((z < target->qmin || z > target->qmax) && target->include_zero)
            return false;
    }
    return true;
}

bool quant_made_by_plan(const struct quant_sidecar *sidecar, const struct quant_plan *plan,
                        const int32_t *zero_points)
{
    return has_target(sidecar, plan) && has_groups(sidecar, plan) && has_method(sidecar, plan) &&
           (sidecar->has_groups ? has_zero_points(sidecar, plan, zero_points)
                                : has_choice(sidecar, plan));
}
