/* SPDX-License-Identifier: MIT */
/* Several methods on one tensor: each finds its parameters in turn, then one pass measures all of
 * them. */
#ifndef QUANT_ENGINE_TENSOR_TRIALS_H
#define QUANT_ENGINE_TENSOR_TRIALS_H

#include "core/plan.h"
#include "engine/tensor/scan.h"

/* Adds a row without a report for each method that the plan's type takes. *n rows are there
 * already, with room for QUANT_CALIBRATION_MAX more. The plan finds its range. */
enum quant_status quant_trials_choose(const struct quant_scan *scan, const struct quant_plan *plan,
                                      const struct quant_observed *observed,
                                      struct quant_comparison *rows, size_t *n,
                                      struct quant_error *error);

/* Fills in the reports of all rows, at least one. */
enum quant_status quant_trials_measure(const struct quant_scan *scan, struct quant_comparison *rows,
                                       size_t n, struct quant_error *error);

/* The choice of the method with the smallest mse, the first if some are equal: what `auto` takes.
 * The plan is one for auto, and at least one element is finite. */
enum quant_status quant_trials_best(const struct quant_scan *scan, const struct quant_plan *plan,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error);

#endif
