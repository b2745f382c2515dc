/* SPDX-License-Identifier: MIT */
/* Several methods on one tensor: the parameters that each finds, one after the other, and then one
 * pass that measures all of them side by side. */
#ifndef QUANT_ENGINE_TENSOR_TRIALS_H
#define QUANT_ENGINE_TENSOR_TRIALS_H

#include "engine/tensor/scan.h"

/* Adds a row, its report still empty, for each method that the spec's type and scheme go with: to
 * the *n that are there, with room for QUANT_CALIBRATION_MOST more. */
enum quant_status quant_trials_choose(const struct quant_scan *scan, const struct quant_spec *spec,
                                      const struct quant_observed *observed,
                                      struct quant_comparison *rows, size_t *n,
                                      struct quant_error *error);

/* Fills in the reports of all rows, at least one. */
enum quant_status quant_trials_measure(const struct quant_scan *scan, struct quant_comparison *rows,
                                       size_t n, struct quant_error *error);

/* Fills in choice and report of one row as quantizing by the job would, whose granularity has an
 * axis or a block size and whose spec is the row's: choice is what all groups have in common. The
 * scan's reader is one by position. Nothing is written; a pass of the scan's progress has begun. */
enum quant_status quant_trials_measure_groups(const struct quant_quantize_job *job,
                                              const struct quant_scan *scan,
                                              struct quant_comparison *row,
                                              struct quant_error *error);

/* The choice of the method whose mse is least, the first of equals: what `auto` takes. */
enum quant_status quant_trials_best(const struct quant_scan *scan, const struct quant_spec *spec,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error);

#endif
