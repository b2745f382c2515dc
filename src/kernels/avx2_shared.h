/* SPDX-License-Identifier: MIT */
/* What the AVX2 files share. */
#ifndef QUANT_KERNELS_AVX2_SHARED_H
#define QUANT_KERNELS_AVX2_SHARED_H

#include "kernels/kernels.h"
#include "kernels/vector.h"

#if defined(QUANT_SIMDE) /* a test compiles these files with emulated intrinsics */
#define AVX2
#define KEEP_IN_REGISTER(vector) ((void)(vector))
#define KEEP_IN_MEMORY(pointer) ((void)(pointer))
#else
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
/* Without this, gcc loads the vector again for each use: three loads instead of one. */
#define KEEP_IN_REGISTER(vector) __asm__("" : "+x"(vector))
/* The opposite: the value is loaded where it is used and does not occupy a register. */
#define KEEP_IN_MEMORY(pointer) __asm__ volatile("" : "+r"(pointer))
#endif

enum { LANES = 8, STEP = 32 };

/* Elements in several vectors. */
enum { TWO = 2 * LANES, THREE = 3 * LANES };

quant_observe_fn quant_avx2_observe;
quant_measure_fn quant_avx2_measure;
quant_point_errors_fn quant_avx2_point_errors;
quant_mark_levels_fn quant_avx2_mark_levels_int8;
quant_mark_levels_fn quant_avx2_mark_levels_uint8;

#endif
