/* SPDX-License-Identifier: MIT */
/* What the processor supports and the operating system lets programs use. */
#ifndef QUANT_KERNELS_CPU_H
#define QUANT_KERNELS_CPU_H

#include <stdbool.h>

#if defined(__x86_64__)
/* AVX2 with FMA and F16C. All processors with AVX2 have the other two, except one made by VIA. */
bool quant_cpu_has_avx2(void);

/* AVX-512 F, BW, DQ and VL: all server processors with AVX-512 have these four. */
bool quant_cpu_has_avx512(void);
#endif

#endif
