/* SPDX-License-Identifier: MIT */
/* quant_quantize and quant_quantize_groups for mappings that are not plain. */
#ifndef QUANT_CORE_MAPPED_ELEMENTS_H
#define QUANT_CORE_MAPPED_ELEMENTS_H

#include <quant/groups.h>

void quant_mapped_quantize(const struct quant_params *params, const float *x, size_t n, void *q);

void quant_mapped_quantize_groups(const struct quant_params *common,
                                  const struct quant_grouping *grouping,
                                  const struct quant_group_params *groups, uint64_t first,
                                  const float *x, size_t n, void *q);

#endif
