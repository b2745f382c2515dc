/* SPDX-License-Identifier: MIT */
/* The passes of a calibration method over a tensor's elements. */
#ifndef QUANT_ENGINE_TENSOR_SCAN_CHOOSE_H
#define QUANT_ENGINE_TENSOR_SCAN_CHOOSE_H

#include "engine/tensor/scan.h"
#include "methods/calibrator.h"

/* The choice that the spec, a checked one, makes of the elements: over as many passes as its method
 * needs, where it leaves the range to one. observed: what a pass over them saw; NULL where the spec
 * needs no range. scan->progress->ahead must be set. */
enum quant_status quant_scan_choose(const struct quant_scan *scan, const struct quant_spec *spec,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error);

/* One pass of a calibrator, made for at least as many workers, over the elements as an input of it;
 * totals as quant_calibrator_end_input. */
enum quant_status quant_scan_take(const struct quant_scan *scan,
                                  struct quant_calibrator *calibrator, double *totals,
                                  struct quant_error *error);

#endif
