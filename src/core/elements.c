/* SPDX-License-Identifier: MIT */
/* The public functions on arrays: each is one kernel of the set in use. */
#include "kernels/kernels.h"

void quant_observe(struct quant_observed *observed, const float *x, size_t n)
{
    quant_kernels()->observe(x, n, observed);
}

void quant_quantize(const struct quant_params *params, const float *x, size_t n, void *q)
{
    quant_kernels()->quantize[params->dtype](params, x, n, q);
}

void quant_dequantize(const struct quant_params *params, const void *q, size_t n, float *x)
{
    quant_kernels()->dequantize[params->dtype](params, q, n, x);
}
