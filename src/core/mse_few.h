/* SPDX-License-Identifier: MIT */
/*
 * The range of least squared error of few elements: the best of all ranges of a thorough search,
 * the same as by measuring every one of them. Most need not be: what they clip is an error that
 * tells already that another one is better.
 */
#ifndef QUANT_CORE_MSE_FEW_H
#define QUANT_CORE_MSE_FEW_H

#include "core/calibration.h"
#include "core/mse_search.h"

/* Room for two keys an element, see quant_keys_sort. */
struct quant_mse_few_room {
    uint32_t keys[2 * QUANT_CALIBRATION_FEW];
};

/* Of n elements, at most QUANT_CALIBRATION_FEW, as observed; the finite ones are not all the same.
 */
struct quant_mse_range quant_mse_few(const struct quant_spec *spec,
                                     const struct quant_observed *observed, const float *x,
                                     size_t n, struct quant_mse_few_room *room);

#endif
