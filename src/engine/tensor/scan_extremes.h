/* SPDX-License-Identifier: MIT */
/* The min and max of every group of a tensor, in one pass. */
#ifndef QUANT_ENGINE_TENSOR_SCAN_EXTREMES_H
#define QUANT_ENGINE_TENSOR_SCAN_EXTREMES_H

#include "engine/tensor/scan.h"
#include "methods/extremes.h"

/* Sets the extremes of all groups, for which there is room; first is 0. Adds to what was observed.
 * Each worker but the first needs memory for as many extremes. */
enum quant_status quant_scan_extremes(const struct quant_scan *scan,
                                      const struct quant_grouping *grouping,
                                      const struct quant_extremes *extremes,
                                      struct quant_observed *observed, struct quant_error *error);

#endif
