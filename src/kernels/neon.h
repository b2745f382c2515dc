/* SPDX-License-Identifier: MIT */
/* What the NEON files share. */
#ifndef QUANT_KERNELS_NEON_H
#define QUANT_KERNELS_NEON_H

#include <arm_neon.h>

#include "kernels/kernels.h"
#include "kernels/vector.h"

enum { LANES = 4, STEP = 32 };

/* As exact_quotient.h describes. */
ALWAYS_INLINE float32x4_t exact_quotient(float32x4_t x, float scale, float inverse)
{
    const float32x4_t q = vmulq_n_f32(x, inverse);
    return vfmaq_n_f32(q, vfmsq_n_f32(x, q, scale), inverse);
}

quant_quantize_fn quant_neon_quantize_nibbles; /* int4 and uint4 */
quant_quantize_fn quant_neon_quantize_words;   /* int16 and uint16 */
quant_quantize_fn quant_neon_quantize_float8_e4m3fn;
quant_quantize_fn quant_neon_quantize_float8_e5m2;
quant_quantize_fn quant_neon_quantize_float16;
quant_quantize_fn quant_neon_quantize_bfloat16;

quant_quantize_fn quant_neon_mapped_8; /* neon_mapped.c, as the next */
quant_quantize_fn quant_neon_mapped_16;

quant_dequantize_fn quant_neon_dequantize_int4;
quant_dequantize_fn quant_neon_dequantize_uint4;
quant_dequantize_fn quant_neon_dequantize_int16;
quant_dequantize_fn quant_neon_dequantize_uint16;
quant_dequantize_fn quant_neon_dequantize_float8_e4m3fn;
quant_dequantize_fn quant_neon_dequantize_float8_e5m2;
quant_dequantize_fn quant_neon_dequantize_float16;
quant_dequantize_fn quant_neon_dequantize_bfloat16;

quant_measure_fn quant_neon_measure;
quant_mark_levels_fn quant_neon_mark_levels_int8;
quant_mark_levels_fn quant_neon_mark_levels_uint8;
quant_integer_range_fn quant_neon_integer_range_int8;
quant_integer_range_fn quant_neon_integer_range_uint8;
quant_integer_range_fn quant_neon_integer_range_int4;
quant_integer_range_fn quant_neon_integer_range_uint4;
quant_integer_range_fn quant_neon_integer_range_int16;
quant_integer_range_fn quant_neon_integer_range_uint16;

quant_observe_each_fn quant_neon_observe_each;
quant_observe_runs_fn quant_neon_observe_runs;
quant_quantize_each_fn quant_neon_quantize_each_nibbles; /* int4 and uint4 */
quant_quantize_each_fn quant_neon_quantize_each_bytes;   /* int8 and uint8 */
quant_quantize_each_fn quant_neon_quantize_each_words;   /* int16 and uint16 */
quant_scale_each_fn quant_neon_scale_each;
quant_each_errors_fn quant_neon_each_errors; /* neon_errors.c, as the next */
quant_run_errors_fn quant_neon_run_errors;

#endif
