/* SPDX-License-Identifier: MIT */
/* Several methods on one tensor: the parameters that each finds, one after the other, and then one
 * pass that measures all of them side by side. */
#ifndef QUANT_ENGINE_TENSOR_TRIALS_H
#define QUANT_ENGINE_TENSOR_TRIALS_H

#include "core/plan.h"
#include "engine/tensor/scan.h"

/* Adds a row, its report still empty, for each method that the plan's type takes, to the *n that
 * are there, with room for QUANT_CALIBRATION_MAX more. The plan is one that finds its range. */
enum quant_status quant_trials_choose(const struct quant_scan *scan, const struct quant_plan *plan,
                                      const struct quant_observed *observed,
                                      struct quant_comparison *rows, size_t *n,
                                      struct quant_error *error);

/* Fills in the reports of all rows, at least one. */
enum quant_status quant_trials_measure(const struct quant_scan *scan, struct quant_comparison *rows,
                                       size_t n, struct quant_error *error);

/* The choice of the method with the smallest mse, the first of them if some are equal: what `auto`
 * takes. The plan is left to auto, and there is a finite element. */
enum quant_status quant_trials_best(const struct quant_scan *scan, const struct quant_plan *plan,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error);

#endif
