/* SPDX-License-Identifier: MIT */
#include "methods/auto.h"

size_t quant_plan_candidates(const struct quant_plan *plan,
                             struct quant_plan candidates[QUANT_CALIBRATION_MAX])
{
    const bool is_integer = quant_dtype_info(plan->target.dtype)->is_integer;
    size_t n = 0;
    const struct quant_calibration *method;
    for (size_t i = 0; (method = quant_method_at(i)); i++) {
        if (method->for_integers && !is_integer)
            continue;
        candidates[n] = *plan;
        candidates[n].method = method;
        candidates[n++].argument = method->initial;
    }
    return n;
}

unsigned quant_plan_passes(const struct quant_plan *plan)
{
    if (plan->from != QUANT_RANGE_FOUND)
        return 0;
    if (plan->method)
        return plan->method->passes;
    struct quant_plan candidates[QUANT_CALIBRATION_MAX];
    const size_t n = quant_plan_candidates(plan, candidates);
    unsigned passes = 1;
    for (size_t i = 0; i < n; i++)
        passes += candidates[i].method->passes;
    return passes;
}
