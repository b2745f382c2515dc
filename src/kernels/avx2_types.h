/* SPDX-License-Identifier: MIT */
/* The AVX2 functions for types beside int8 and uint8: apart from avx2.h, whose vectors have a
 * width, so that AVX-512 can take them. */
#ifndef QUANT_KERNELS_AVX2_TYPES_H
#define QUANT_KERNELS_AVX2_TYPES_H

#include "kernels/kernels.h"

quant_quantize_fn quant_avx2_quantize_nibbles; /* int4 and uint4 */
quant_quantize_fn quant_avx2_quantize_int16;
quant_quantize_fn quant_avx2_quantize_uint16;
quant_quantize_fn quant_avx2_quantize_float8_e4m3fn;
quant_quantize_fn quant_avx2_quantize_float8_e5m2;
quant_quantize_fn quant_avx2_quantize_float16;
quant_quantize_fn quant_avx2_quantize_bfloat16;

quant_dequantize_fn quant_avx2_dequantize_int4;
quant_dequantize_fn quant_avx2_dequantize_uint4;
quant_dequantize_fn quant_avx2_dequantize_int16;
quant_dequantize_fn quant_avx2_dequantize_uint16;
quant_dequantize_fn quant_avx2_dequantize_float8_e4m3fn;
quant_dequantize_fn quant_avx2_dequantize_float8_e5m2;
quant_dequantize_fn quant_avx2_dequantize_float16;
quant_dequantize_fn quant_avx2_dequantize_bfloat16;

#endif
