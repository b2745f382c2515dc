/* SPDX-License-Identifier: MIT */
#include "engine/tensor/scan_choose.h"

#include "engine/tensor/scan_method.h"
#include "engine/tensor/trials.h"

enum quant_status quant_scan_choose(const struct quant_scan *scan, const struct quant_plan *plan,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error)
{
    const bool is_auto = plan->from == QUANT_RANGE_FOUND && !plan->method;
    return is_auto && observed->count > observed->nonfinite
               ? quant_trials_best(scan, plan, observed, choice, error)
               : quant_scan_choose_by_method(scan, plan, observed, choice, error);
}
