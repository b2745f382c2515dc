/* SPDX-License-Identifier: MIT */
/*
 * The block types of ggml: 32 elements with a float16 scale d, and for two of them a float16
 * minimum m.
 *
 *             bytes  d             q                                restored
 *     q8_0    34     a / 127       round(x * (1/d))                 q * d
 *     q4_0    18     e / -8        min(15, trunc(x * (1/d) + 8.5))  (q - 8) * d
 *     q5_0    22     e / -16       min(31, trunc(x * (1/d) + 16.5)) (q - 16) * d
 *     q4_1    20     (max-min)/15  min(15, trunc((x-m) * (1/d) + 0.5))  q * d + m
 *     q5_1    24     (max-min)/31  min(31, trunc((x-m) * (1/d) + 0.5))  q * d + m
 *
 * a is the largest magnitude, e the element that has it, of several the first. Everything is
 * float32, each step rounded; q is found with the float32 d and m, and d and m are rounded to
 * float16 as they are stored. round goes to the nearest, ties away from zero. If d is 0, so is 1/d.
 * If 1/d overflows, every product that is not finite gives the integer 0, as x86 processors
 * convert it.
 *
 * Layout: d, then m, then the fifth bits of all elements as one little-endian number, then the
 * lower four bits: elements j and j + 16 share a byte, the first in its lower half. q8_0: d, then
 * 32 signed bytes.
 *
 * Source: the functions quantize_row_*_ref and dequantize_row_* of ggml, compiled for x86-64. A
 * compiler that fuses x * (1/d) + 8.5 to one rounding gives another q for some ties.
 */
#ifndef QUANT_KERNELS_GGML_BLOCKS_H
#define QUANT_KERNELS_GGML_BLOCKS_H

#include <quant/quant.h>

#include "base/block_type.h"

extern const struct quant_block_type quant_ggml_q8_0;
extern const struct quant_block_type quant_ggml_q4_0;
extern const struct quant_block_type quant_ggml_q4_1;
extern const struct quant_block_type quant_ggml_q5_0;
extern const struct quant_block_type quant_ggml_q5_1;

/* NULL: not a block type. */
const struct quant_block_type *quant_ggml_block(enum quant_dtype dtype);

/* As quant_quantize and quant_dequantize, for n elements of a block type. The elements that the
 * last block lacks are 0. */
void quant_ggml_quantize(const struct quant_block_type *type, const float *x, size_t n, void *q);
void quant_ggml_dequantize(const struct quant_block_type *type, const void *q, size_t n, float *x);

/* The index of the first of nblocks blocks whose scale or minimum is not finite; nblocks: all are.
 */
size_t quant_ggml_find_infinite(const struct quant_block_type *type, const void *q, size_t nblocks);

#endif
