/* SPDX-License-Identifier: MIT */
/* The squared error of a mapping, by the mapping itself, in the order of core/sums.h. */
#ifndef QUANT_METHODS_MSE_MEASURE_H
#define QUANT_METHODS_MSE_MEASURE_H

#include <quant/quant.h>

/* Of the finite ones of n elements, a block of QUANT_MEASURE_BLOCK or the last one. all_finite: so
 * they all are. INFINITY once it is certain that it is more than limit. */
double quant_mse_measure(const struct quant_params *params, const float *x, size_t n,
                         bool all_finite, double limit);

/* Of any number of elements, block after block as a calibrator adds them up; INFINITY once it is
 * certain that it is more than limit. */
double quant_mse_measure_all(const struct quant_params *params, const float *x, size_t n,
                             bool all_finite, double limit);

#endif
