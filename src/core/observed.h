/* SPDX-License-Identifier: MIT */
/* Joins observations of parts of an array. */
#ifndef QUANT_CORE_OBSERVED_H
#define QUANT_CORE_OBSERVED_H

#include <quant/quant.h>

/* Adds the observations of the next part, which were made from index 0. */
void quant_observed_join(struct quant_observed *observed, const struct quant_observed *part);

#endif
