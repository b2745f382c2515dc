/* SPDX-License-Identifier: MIT */
/* What the AVX-512 files share. */
#ifndef QUANT_KERNELS_AVX512_H
#define QUANT_KERNELS_AVX512_H

#include "kernels/kernels.h"
#include "kernels/vector.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))

enum { LANES = 16, STEP = 64 };

quant_measure_fn quant_avx512_measure;
quant_mark_levels_fn quant_avx512_mark_levels_int8;
quant_mark_levels_fn quant_avx512_mark_levels_uint8;

#endif
