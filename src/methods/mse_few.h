/* SPDX-License-Identifier: MIT */
/* The best of a list of ranges for elements in memory, as by a pass over them. */
#ifndef QUANT_METHODS_MSE_FEW_H
#define QUANT_METHODS_MSE_FEW_H

#include "methods/mse_search.h"

/* The best of nranges >= 1 ranges, by quant_mse_range_compare of their squared errors. */
struct quant_mse_range quant_mse_few(const struct quant_target *target,
                                     const struct quant_mse_range *ranges, size_t nranges,
                                     const float *x, size_t n, bool all_finite);

#endif
