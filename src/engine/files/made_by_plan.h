/* SPDX-License-Identifier: MIT */
/*
 * Whether a sidecar of one tensor is one that a plan would write again. A sidecar does not say all
 * of a plan: where what it says could come from another plan too, the answer is no, since work that
 * is done again is only slower. What it says nothing of at all, --nonfinite, is not compared.
 */
#ifndef QUANT_ENGINE_FILES_MADE_BY_PLAN_H
#define QUANT_ENGINE_FILES_MADE_BY_PLAN_H

#include "core/plan.h"
#include "records/sidecar.h"

/* The type, the target range, the rounding, the groups, and the method and range or the scale.
 * zero_points are those of all groups, or NULL if there are no groups or all are 0. */
bool quant_made_by_plan(const struct quant_sidecar *sidecar, const struct quant_plan *plan,
                        const int32_t *zero_points);

#endif
