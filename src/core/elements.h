/* SPDX-License-Identifier: MIT */
/* quant_quantize, quant_dequantize and quant_observe for callers within the library, which are in
 * the default floating-point environment already: for groups of a few elements it would take as
 * long to set it as to map them. */
#ifndef QUANT_CORE_ELEMENTS_H
#define QUANT_CORE_ELEMENTS_H

#include <quant/quant.h>

void quant_elements_quantize(const struct quant_params *params, const float *x, size_t n, void *q);
void quant_elements_dequantize(const struct quant_params *params, const void *q, size_t n,
                               float *x);
void quant_elements_observe(struct quant_observed *observed, const float *x, size_t n);

/* Whether there are parameters, and of a type that elements can be mapped to. */
bool quant_elements_can_map(const struct quant_params *params);

#endif
