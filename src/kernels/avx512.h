/* SPDX-License-Identifier: MIT */
/* What the AVX-512 files share. */
#ifndef QUANT_KERNELS_AVX512_H
#define QUANT_KERNELS_AVX512_H

#include "kernels/kernels.h"
#include "kernels/vector.h"

#if defined(QUANT_SIMDE) /* a test compiles these files with emulated intrinsics */
#define AVX512
#define KEEP_IN_REGISTER(vector) ((void)(vector))
#else
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
/* Without this, gcc loads the vector again for each use: three loads instead of one. */
#define KEEP_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#endif

enum { LANES = 16, STEP = 64 };

quant_measure_fn quant_avx512_measure;
quant_point_errors_fn quant_avx512_point_errors;
quant_mark_levels_fn quant_avx512_mark_levels_int8;
quant_mark_levels_fn quant_avx512_mark_levels_uint8;
quant_quantize_fn quant_avx512_mapped_8;
quant_quantize_fn quant_avx512_mapped_16;

#endif
