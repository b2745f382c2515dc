/* SPDX-License-Identifier: MIT */
/* Chooses the parameters by a plan. */
#ifndef QUANT_METHODS_PLAN_CHOOSE_H
#define QUANT_METHODS_PLAN_CHOOSE_H

#include "core/plan.h"

/* The choice for a tensor without a finite element, which is the same for all methods. For auto it
 * names the first. */
struct quant_choice quant_plan_choose_nothing(const struct quant_plan *plan);

/* range is the range that the method found; it is used only if the plan finds its range. NULL: the
 * observed range is taken, which is what minmax finds. observed may be NULL if there is a range, or
 * if the plan finds none. Errors: QUANT_NONFINITE if observed counts elements that are not finite
 * and the plan does not saturate them; QUANT_INVALID if there are finite elements, no range, and
 * another method than minmax. */
enum quant_status quant_plan_choose(const struct quant_plan *plan,
                                    const struct quant_observed *observed, const double range[2],
                                    struct quant_choice *choice, struct quant_error *error);

#endif
