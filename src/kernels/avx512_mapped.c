/* SPDX-License-Identifier: MIT */
/* The loops of mapped.h, compiled for AVX-512. */
#include "kernels/mapped.h"

#if defined(__x86_64__)

#include "kernels/avx512_shared.h"

AVX512 void quant_avx512_mapped_8(const struct quant_params *params, const float *x, size_t n,
                                  void *q)
{
    quant_mapped_8(params, x, n, q);
}

AVX512 void quant_avx512_mapped_16(const struct quant_params *params, const float *x, size_t n,
                                   void *q)
{
    quant_mapped_16(params, x, n, q);
}

#endif
