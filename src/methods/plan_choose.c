/* SPDX-License-Identifier: MIT */
#include "methods/plan_choose.h"

#include "base/error.h"
#include "base/float_environment.h"
#include "core/range_params.h"
#include "methods/method.h"
#include "methods/plan_make.h"

struct quant_choice quant_plan_choose_nothing(const struct quant_plan *plan)
{
    struct quant_choice choice = quant_choice_of_nothing(&plan->target);
    const struct quant_calibration *method = plan->method;
    if (plan->from == QUANT_RANGE_FOUND && !method)
        method = quant_method_at(0);
    if (!method)
        return choice;
    choice.calibration = method->name;
    choice.has_calibration_argument = method->argument != NULL;
    choice.calibration_argument = plan->argument;
    return choice;
}

/* Adding 0 turns -0 into 0: the range must not depend on which of the two came first. */
static enum quant_status choose_observed(const struct quant_plan *plan,
                                         const struct quant_observed *observed,
                                         struct quant_choice *choice, struct quant_error *error)
{
    if (!observed || observed->count == observed->nonfinite)
        return QUANT_OK;
    if (plan->method != &quant_calibration_minmax)
        return quant_error_set(
            error, QUANT_INVALID,
            "the calibration method '%s' needs the elements: call quant_calibrate",
            quant_plan_method_name(plan));
    quant_choice_set_range(choice, &plan->target, (double)observed->min + 0.0,
                           (double)observed->max + 0.0);
    return QUANT_OK;
}

enum quant_status quant_plan_choose(const struct quant_plan *plan,
                                    const struct quant_observed *observed, const double range[2],
                                    struct quant_choice *choice, struct quant_error *error)
{
    if (observed && observed->nonfinite > 0 && plan->nonfinite == QUANT_NONFINITE_ERROR)
        return quant_error_set(error, QUANT_NONFINITE,
                               "%llu of %llu elements are not finite, the first is element %llu",
                               (unsigned long long)observed->nonfinite,
                               (unsigned long long)observed->count,
                               (unsigned long long)observed->first_nonfinite);
    *choice = quant_plan_choose_nothing(plan);
    switch (plan->from) {
    case QUANT_UNSCALED:
        break;
    case QUANT_SCALE_GIVEN:
        quant_choice_set_scale(choice, plan->scale, plan->zero_point);
        break;
    case QUANT_RANGE_GIVEN:
        quant_choice_set_range(choice, &plan->target, plan->range[0], plan->range[1]);
        break;
    case QUANT_RANGE_FOUND:
        if (!range)
            return choose_observed(plan, observed, choice, error);
        quant_choice_set_range(choice, &plan->target, range[0], range[1]);
        break;
    }
    return QUANT_OK;
}

enum quant_status quant_choose(const struct quant_spec *spec, const struct quant_observed *observed,
                               struct quant_choice *choice, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_plan plan;
    const enum quant_status status = quant_plan_make(spec, NULL, &plan, error);
    if (status != QUANT_OK)
        return status;
    if (!choice || (!observed && plan.from == QUANT_RANGE_FOUND))
        return quant_error_set(error, QUANT_INVALID, "%s is needed",
                               choice ? "what was observed" : "room for the choice");
    return quant_plan_choose(&plan, observed, NULL, choice, error);
}
