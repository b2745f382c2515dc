/* SPDX-License-Identifier: MIT */
/* The passes of one calibration method over a tensor's elements. */
#ifndef QUANT_ENGINE_TENSOR_SCAN_METHOD_H
#define QUANT_ENGINE_TENSOR_SCAN_METHOD_H

#include "engine/tensor/scan.h"
#include "methods/calibrator.h"

/* As quant_scan_choose, for a plan that is not one for auto. */
enum quant_status quant_scan_choose_by_method(const struct quant_scan *scan,
                                              const struct quant_plan *plan,
                                              const struct quant_observed *observed,
                                              struct quant_choice *choice,
                                              struct quant_error *error);

/* One pass of a calibrator over the elements, which are one of its inputs. The calibrator was made
 * for at least as many workers as the scan has. totals: as for quant_calibrator_end_input. */
enum quant_status quant_scan_take(const struct quant_scan *scan,
                                  struct quant_calibrator *calibrator, double *totals,
                                  struct quant_error *error);

#endif
