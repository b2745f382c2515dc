/* SPDX-License-Identifier: MIT */
/* From a range to a scale and a zero point, by the rules that <quant/quant.h> states at
 * quant_choose. */
#ifndef QUANT_CORE_RANGE_PARAMS_H
#define QUANT_CORE_RANGE_PARAMS_H

#include "core/plan.h"

/* What absmax divides the largest magnitude by: the distance from the zero point to the end of the
 * target range, or the largest finite number of a float type. */
double quant_target_max_step(const struct quant_target *target);

/* The zero point that does not depend on a range: 0, or the middle of the target range for absmax
 * with an unsigned type. */
int32_t quant_target_middle(const struct quant_target *target);

/* The largest scale of the target's scale_dtype with which, and with the zero point, every number
 * of the target is restored as a finite float32. */
float quant_target_max_scale(const struct quant_target *target, int32_t zero_point);

/* The parameters of a tensor without a finite element: scale 1, and a zero point that restores
 * zeros as zeros. */
struct quant_choice quant_choice_of_nothing(const struct quant_target *target);

/* Sets the parameters, the range and the notes for the range [low, high], where low <= high and
 * both are finite. *choice comes from quant_choice_of_nothing with the same target; its calibration
 * is kept. A copy of it can be used for each of many ranges. */
void quant_choice_set_range(struct quant_choice *choice, const struct quant_target *target,
                            double low, double high);

/* Sets the parameters to a given scale and zero point. *choice as for quant_choice_set_range. */
void quant_choice_set_scale(struct quant_choice *choice, float scale, int32_t zero_point);

#endif
