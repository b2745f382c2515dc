/* SPDX-License-Identifier: MIT */
/* The squared error of a mapping, found by mapping and restoring, in the order of core/sums.h. */
#ifndef QUANT_METHODS_MSE_MEASURE_H
#define QUANT_METHODS_MSE_MEASURE_H

#include <quant/quant.h>

#include "base/sum_order.h"

/* Over the finite elements among n, a block of QUANT_MEASURE_BLOCK or the last one. all_finite: all
 * are. INFINITY once it is certain to be more than limit. */
double quant_mse_measure(const struct quant_params *params, const float *x, size_t n,
                         bool all_finite, double limit);

/* Over any number of elements, block by block, as a calibrator adds them up. INFINITY once it is
 * certain to be more than limit. */
double quant_mse_measure_all(const struct quant_params *params, const float *x, size_t n,
                             bool all_finite, double limit);

#endif
