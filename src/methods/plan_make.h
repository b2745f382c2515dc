/* SPDX-License-Identifier: MIT */
/* Makes a plan from a spec. All checks of a spec are made here, and its method is looked up here.
 */
#ifndef QUANT_METHODS_PLAN_MAKE_H
#define QUANT_METHODS_PLAN_MAKE_H

#include "core/plan.h"

/* granularity NULL: one scale for the tensor. The plan keeps no pointer to the spec. Errors: those
 * of quant_spec_check, and with a scale for each group those of quant_plan_check_groups. */
enum quant_status quant_plan_make(const struct quant_spec *spec,
                                  const struct quant_granularity *granularity,
                                  struct quant_plan *plan, struct quant_error *error);

/* QUANT_INVALID unless the range is found from the elements: otherwise groups cannot have their own
 * scales. */
enum quant_status quant_plan_check_groups(const struct quant_plan *plan, struct quant_error *error);

/* The target of a spec, valid or not, with defaults for what the spec leaves open: int8, scales of
 * float32, and the scheme's own range for the type, which is 0 to 0 unless it is an integer. */
struct quant_target quant_spec_target(const struct quant_spec *spec);

/* Whether the spec is there, and each of its members is in its enumeration; else QUANT_INVALID. */
enum quant_status quant_spec_check_values(const struct quant_spec *spec, struct quant_error *error);

#endif
