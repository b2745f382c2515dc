/* SPDX-License-Identifier: MIT */
/* Observations of an array made in parts. */
#ifndef QUANT_CORE_OBSERVED_H
#define QUANT_CORE_OBSERVED_H

#include <quant/quant.h>

/* Adds what was seen of the elements behind those of observed; each part began at its own 0. */
void quant_observed_join(struct quant_observed *observed, const struct quant_observed *part);

#endif
