/* SPDX-License-Identifier: MIT */
/* What an engine does not know is refused, with what it does know. */
#ifndef QUANT_METHODS_PROFILE_CHECK_H
#define QUANT_METHODS_PROFILE_CHECK_H

#include "core/plan.h"

struct quant_calibration;

/* Checks what the spec asks for besides its engine; QUANT_OK if it names none. granularity NULL: it
 * is not checked. method NULL: auto. Errors: QUANT_INVALID, also for a name that no engine has. */
enum quant_status quant_profile_check(const struct quant_spec *spec,
                                      const struct quant_granularity *granularity,
                                      const struct quant_calibration *method,
                                      struct quant_error *error);

/* Whether the engine of the plan, if any, has the plan's blocks in a tensor of this shape. Errors:
 * QUANT_INVALID. */
enum quant_status quant_profile_check_shape(const struct quant_plan *plan,
                                            const struct quant_shape *shape,
                                            struct quant_error *error);

#endif
