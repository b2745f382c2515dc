/* SPDX-License-Identifier: MIT */
/* From a plan, and what is known of the elements, to the parameters. */
#ifndef QUANT_METHODS_PLAN_CHOOSE_H
#define QUANT_METHODS_PLAN_CHOOSE_H

#include "core/plan.h"

/* The choice for a tensor without a finite element. All methods make the same one; for auto, the
 * first is named. */
struct quant_choice quant_plan_choose_nothing(const struct quant_plan *plan);

/* The choice by the plan. range is what the method found, used only if the plan finds its range;
 * NULL: the observed range, which is what minmax finds. observed may be NULL with a range, or if
 * the plan finds none. Errors: QUANT_NONFINITE if observed counts such elements and the plan does
 * not saturate them; QUANT_INVALID without a range for any method but minmax, if there are finite
 * elements. */
enum quant_status quant_plan_choose(const struct quant_plan *plan,
                                    const struct quant_observed *observed, const double range[2],
                                    struct quant_choice *choice, struct quant_error *error);

#endif
