/* SPDX-License-Identifier: MIT */
/* Parameters from a range that a calibration method found. */
#ifndef QUANT_CORE_PARAMS_H
#define QUANT_CORE_PARAMS_H

#include <quant/quant.h>

/* As quant_choose, but where the range is the elements', it is [range[0], range[1]]. range may be
 * NULL where the spec gives the range or nothing finite was seen, and with minmax; observed may be
 * NULL with a range. */
enum quant_status quant_choose_range(const struct quant_spec *spec,
                                     const struct quant_observed *observed, const double range[2],
                                     struct quant_choice *choice, struct quant_error *error);

/* What absmax maps the greatest magnitude to, seen from the zero point: of dtype, qmin and qmax. */
double quant_params_greatest_step(const struct quant_params *params);

#endif
