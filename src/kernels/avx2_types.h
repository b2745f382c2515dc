/* SPDX-License-Identifier: MIT */
/* The AVX2 functions for types other than int8 and uint8, and for parameters that change along the
 * elements. AVX-512 uses them too, so they are not in avx2_shared.h, which fixes the width of a
 * vector. */
#ifndef QUANT_KERNELS_AVX2_TYPES_H
#define QUANT_KERNELS_AVX2_TYPES_H

#include "kernels/kernels.h"

quant_quantize_fn quant_avx2_quantize_nibbles; /* int4 and uint4 */
quant_quantize_fn quant_avx2_quantize_int16;
quant_quantize_fn quant_avx2_quantize_uint16;
quant_quantize_fn quant_avx2_quantize_int32; /* avx2_int32.c, as the other two of int32 */
quant_quantize_fn quant_avx2_quantize_float8_e4m3fn;
quant_quantize_fn quant_avx2_quantize_float8_e5m2;
quant_quantize_fn quant_avx2_quantize_float16;
quant_quantize_fn quant_avx2_quantize_bfloat16;

quant_quantize_fn quant_avx2_mapped_8; /* avx2_mapped.c, as the next */
quant_quantize_fn quant_avx2_mapped_16;

quant_dequantize_fn quant_avx2_dequantize_int4;
quant_dequantize_fn quant_avx2_dequantize_uint4;
quant_dequantize_fn quant_avx2_dequantize_int16;
quant_dequantize_fn quant_avx2_dequantize_uint16;
quant_dequantize_fn quant_avx2_dequantize_int32;
quant_dequantize_fn quant_avx2_dequantize_float8_e4m3fn;
quant_dequantize_fn quant_avx2_dequantize_float8_e5m2;
quant_dequantize_fn quant_avx2_dequantize_float16;
quant_dequantize_fn quant_avx2_dequantize_bfloat16;

quant_observe_each_fn quant_avx2_observe_each;
quant_observe_runs_fn quant_avx2_observe_runs;
quant_quantize_each_fn quant_avx2_quantize_each_int8;
quant_quantize_each_fn quant_avx2_quantize_each_uint8;
quant_quantize_each_fn quant_avx2_quantize_each_nibbles; /* int4 and uint4 */
quant_quantize_each_fn quant_avx2_quantize_each_int16;
quant_quantize_each_fn quant_avx2_quantize_each_uint16;
quant_quantize_each_fn quant_avx2_quantize_each_float8_e4m3fn;
quant_quantize_each_fn quant_avx2_quantize_each_float8_e5m2;
quant_quantize_runs_fn quant_avx2_quantize_runs_int8;
quant_quantize_runs_fn quant_avx2_quantize_runs_uint8;
quant_scale_each_fn quant_avx2_scale_each;

/* avx2_integer_range.c */
quant_integer_range_fn quant_avx2_integer_range_int8;
quant_integer_range_fn quant_avx2_integer_range_uint8;
quant_integer_range_fn quant_avx2_integer_range_int4;
quant_integer_range_fn quant_avx2_integer_range_uint4;
quant_integer_range_fn quant_avx2_integer_range_int16;
quant_integer_range_fn quant_avx2_integer_range_uint16;
quant_integer_range_fn quant_avx2_integer_range_int32;

quant_multiply_fn quant_avx2_multiply;

#endif
