/* SPDX-License-Identifier: MIT */
/* Parameters from a range that a calibration method found. */
#ifndef QUANT_METHODS_RANGE_PARAMS_H
#define QUANT_METHODS_RANGE_PARAMS_H

#include <quant/quant.h>

/* As quant_choose, but where the range is the elements', it is [range[0], range[1]]. range may be
 * NULL where the spec gives the range or nothing finite was seen, and with minmax; observed may be
 * NULL with a range. */
enum quant_status quant_choose_range(const struct quant_spec *spec,
                                     const struct quant_observed *observed, const double range[2],
                                     struct quant_choice *choice, struct quant_error *error);

/* What absmax maps the greatest magnitude to, seen from the zero point: of dtype, qmin and qmax. */
double quant_params_greatest_step(const struct quant_params *params);

/* The zero point where the range does not decide it: 0, or the middle of an unsigned absmax target.
 */
int32_t quant_params_middle(const struct quant_params *params);

/* The greatest scale of scale_dtype by which, with the zero point, no number of the target is
 * restored as an infinity: of dtype, qmin, qmax and zero_point. */
float quant_params_greatest_scale(const struct quant_params *params);

/* ---- The same in two steps, for many ranges and one spec, which is a checked one ---- */

/* What the spec comes to where nothing finite was seen. */
struct quant_choice quant_choice_of_nothing(const struct quant_spec *spec);

/* From there: what it comes to for the range [low, high], where it needs one. */
void quant_choice_set_range(struct quant_choice *choice, const struct quant_spec *spec, double low,
                            double high);

#endif
