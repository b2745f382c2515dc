/* SPDX-License-Identifier: MIT */
/* What a spec leaves open, filled in with its defaults. */
#ifndef QUANT_METHODS_SPEC_H
#define QUANT_METHODS_SPEC_H

#include <quant/quant.h>

/* int8 where the spec names none. */
enum quant_dtype quant_spec_dtype(const struct quant_spec *spec);

/* What scales are stored as: float32 if the spec names no type. */
enum quant_dtype quant_spec_scale_dtype(const struct quant_spec *spec);

/* The target range: the scheme's own for the type, or as the spec narrows it; 0 to 0 for a float
 * type, which has its own. */
void quant_spec_target(const struct quant_spec *spec, int32_t *qmin, int32_t *qmax);

#endif
