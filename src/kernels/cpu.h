/* SPDX-License-Identifier: MIT */
/* What the processor has and the operating system lets programs use. */
#ifndef QUANT_KERNELS_CPU_H
#define QUANT_KERNELS_CPU_H

#include <stdbool.h>

#if defined(__x86_64__)
/* AVX2 with FMA and F16C: every processor since 2013 that has AVX2 but one by VIA has all three. */
bool quant_cpu_has_avx2(void);

/* AVX-512 F, BW, DQ and VL, as all server processors with AVX-512 have. */
bool quant_cpu_has_avx512(void);
#endif

#endif
