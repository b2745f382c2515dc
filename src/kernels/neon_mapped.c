/* SPDX-License-Identifier: MIT */
/* The loops of mapped.h, compiled for NEON, which every processor of this kind has. */
#include "kernels/mapped.h"

#if defined(__AARCH64EL__)

#include "kernels/neon.h"

void quant_neon_mapped_8(const struct quant_params *params, const float *x, size_t n, void *q)
{
    quant_mapped_8(params, x, n, q);
}

void quant_neon_mapped_16(const struct quant_params *params, const float *x, size_t n, void *q)
{
    quant_mapped_16(params, x, n, q);
}

#endif
