/* SPDX-License-Identifier: MIT */
/* The scalar functions that other kernel sets name in their tables, where they have nothing faster.
 * They are members of quant_kernels_scalar too, but a constant initializer cannot read those. */
#ifndef QUANT_KERNELS_SCALAR_H
#define QUANT_KERNELS_SCALAR_H

#include "kernels/kernels.h"

quant_quantize_fn quant_scalar_quantize_int8;
quant_quantize_fn quant_scalar_quantize_uint8;
quant_quantize_fn quant_scalar_quantize_nibbles; /* int4 and uint4 */
quant_quantize_fn quant_scalar_quantize_int16;
quant_quantize_fn quant_scalar_quantize_uint16;
quant_quantize_fn quant_scalar_quantize_float8_e4m3fn;
quant_quantize_fn quant_scalar_quantize_float8_e5m2;
quant_quantize_fn quant_scalar_quantize_float16;
quant_quantize_fn quant_scalar_quantize_bfloat16;

quant_dequantize_fn quant_scalar_dequantize_int8;
quant_dequantize_fn quant_scalar_dequantize_uint8;
quant_dequantize_fn quant_scalar_dequantize_int4;
quant_dequantize_fn quant_scalar_dequantize_uint4;
quant_dequantize_fn quant_scalar_dequantize_int16;
quant_dequantize_fn quant_scalar_dequantize_uint16;
quant_dequantize_fn quant_scalar_dequantize_float8_e4m3fn;
quant_dequantize_fn quant_scalar_dequantize_float8_e5m2;
quant_dequantize_fn quant_scalar_dequantize_float16;
quant_dequantize_fn quant_scalar_dequantize_bfloat16;

quant_point_errors_fn quant_scalar_point_errors;

quant_mark_levels_fn quant_scalar_mark_levels_int4;
quant_mark_levels_fn quant_scalar_mark_levels_uint4;
quant_mark_levels_fn quant_scalar_mark_levels_int16;
quant_mark_levels_fn quant_scalar_mark_levels_uint16;
quant_mark_levels_fn quant_scalar_mark_levels_float8;  /* both 8-bit floats */
quant_mark_levels_fn quant_scalar_mark_levels_float16; /* and bfloat16 */

quant_observe_each_fn quant_scalar_observe_each;
quant_observe_runs_fn quant_scalar_observe_runs;
quant_quantize_each_fn quant_scalar_quantize_each_int8;
quant_quantize_each_fn quant_scalar_quantize_each_uint8;
quant_quantize_each_fn quant_scalar_quantize_each_nibbles;
quant_quantize_each_fn quant_scalar_quantize_each_int16;
quant_quantize_each_fn quant_scalar_quantize_each_uint16;
quant_quantize_each_fn quant_scalar_quantize_each_float8_e4m3fn;
quant_quantize_each_fn quant_scalar_quantize_each_float8_e5m2;
quant_scale_each_fn quant_scalar_scale_each;

/* quant_is_clipped and quant_unclipped_range for a float target. */
bool quant_scalar_clips_float(const struct quant_params *params, float x);
void quant_scalar_unclipped_floats(const struct quant_params *params, float *min, float *max);

#endif
