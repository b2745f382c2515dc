/* SPDX-License-Identifier: MIT */
/* Restoring elements whose groups have biases. */
#ifndef QUANT_CORE_BIASED_ELEMENTS_H
#define QUANT_CORE_BIASED_ELEMENTS_H

#include <quant/groups.h>

/* As quant_dequantize and quant_dequantize_groups, for n > 0 elements and parameters with biases.
 */
void quant_biased_dequantize(const struct quant_params *params, const void *q, size_t n, float *x);
void quant_biased_dequantize_groups(const struct quant_params *common,
                                    const struct quant_grouping *grouping,
                                    const struct quant_group_params *groups, uint64_t first,
                                    const void *q, size_t n, float *x);

#endif
