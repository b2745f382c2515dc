/* SPDX-License-Identifier: MIT */
/* What the AVX-512 files share. */
#ifndef QUANT_KERNELS_AVX512_SHARED_H
#define QUANT_KERNELS_AVX512_SHARED_H

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

/* As exact_quotient.h describes. */
AVX512 ALWAYS_INLINE __m512 exact_quotient(__m512 x, __m512 scale, __m512 inverse)
{
    const __m512 q = _mm512_mul_ps(x, inverse);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, scale, x), inverse, q);
}

/* Whether one of 64 numbers is NaN. */
AVX512 ALWAYS_INLINE bool has_nan(const __m512 t[4])
{
    const __mmask16 any =
        _mm512_cmp_ps_mask(t[0], t[1], _CMP_UNORD_Q) | _mm512_cmp_ps_mask(t[2], t[3], _CMP_UNORD_Q);
    return __builtin_expect(any != 0, 0);
}

quant_quantize_fn quant_avx512_quantize_nibbles; /* avx512_integers.c, as the next two */
quant_quantize_fn quant_avx512_quantize_int16;
quant_quantize_fn quant_avx512_quantize_uint16;
quant_quantize_fn quant_avx512_quantize_float16; /* avx512_floats.c, as the next three */
quant_quantize_fn quant_avx512_quantize_bfloat16;
quant_quantize_fn quant_avx512_quantize_float8_e4m3fn;
quant_quantize_fn quant_avx512_quantize_float8_e5m2;

quant_quantize_runs_fn quant_avx512_quantize_runs_int8; /* avx512_runs.c, as the next three */
quant_quantize_runs_fn quant_avx512_quantize_runs_uint8;
quant_quantize_rows_fn quant_avx512_quantize_rows_int8;
quant_quantize_rows_fn quant_avx512_quantize_rows_uint8;

/* avx512_restore.c */
quant_dequantize_each_fn quant_avx512_dequantize_each_int8;
quant_dequantize_each_fn quant_avx512_dequantize_each_uint8;
quant_dequantize_each_fn quant_avx512_dequantize_each_int4;
quant_dequantize_each_fn quant_avx512_dequantize_each_uint4;
quant_dequantize_runs_fn quant_avx512_dequantize_runs_int8;
quant_dequantize_runs_fn quant_avx512_dequantize_runs_uint8;
quant_dequantize_runs_fn quant_avx512_dequantize_runs_int4;
quant_dequantize_runs_fn quant_avx512_dequantize_runs_uint4;

quant_each_errors_fn quant_avx512_each_errors; /* avx512_errors.c, as the next */
quant_run_errors_fn quant_avx512_run_errors;

quant_measure_fn quant_avx512_measure;
quant_point_errors_fn quant_avx512_point_errors;
quant_mark_levels_fn quant_avx512_mark_levels_int8;
quant_mark_levels_fn quant_avx512_mark_levels_uint8;
quant_quantize_fn quant_avx512_mapped_8;
quant_quantize_fn quant_avx512_mapped_16;

#endif
