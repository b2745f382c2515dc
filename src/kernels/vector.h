/* SPDX-License-Identifier: MIT */
/* What all vector kernels share. */
#ifndef QUANT_KERNELS_VECTOR_H
#define QUANT_KERNELS_VECTOR_H

#include <math.h>

#include "base/sum_order.h"
#include "kernels/kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A result of this many bytes is stored with instructions that bypass the caches: it would push
 * everything else out of them, and each line would be read from memory before it is overwritten. */
enum { QUANT_STREAM_FROM = 16 << 20 };

/* The number of bytes before the first multiple of alignment. Streaming stores must be aligned. */
static inline size_t quant_bytes_to_alignment(const void *bytes, size_t alignment)
{
    return (size_t)(-(uintptr_t)bytes % alignment);
}

/* Enters a new maximum and finds the first element that has it. */
static inline void quant_measure_raise(struct quant_measure_block *block, const float *x,
                                       const float *restored, double max)
{
    size_t i = 0;
    while (fabs((double)x[i] - (double)restored[i]) != max)
        i++;
    block->max_abs_error = max;
    block->max_abs_error_index = i;
}

typedef void quant_measure_block_fn(const float *x, const float *restored, size_t n,
                                    struct quant_measure_block *block);

/* Implements a kernel's measure: splits a call into pieces of at most max_piece elements, a
 * multiple of QUANT_MEASURE_LANES, that begin at lane 0. The scalar code does the elements before
 * the first such piece and after the last. */
static inline void quant_measure_by_blocks(quant_measure_block_fn *vector, size_t max_piece,
                                           const float *x, const float *restored, size_t n,
                                           size_t first_lane, struct quant_measure_block *block)
{
    const size_t to_lane_0 = (QUANT_MEASURE_LANES - first_lane) % QUANT_MEASURE_LANES;
    size_t i = 0;
    while (i < n) {
        const size_t ahead = n - i;
        const bool is_head = i < to_lane_0;
        const bool is_tail = !is_head && ahead < QUANT_MEASURE_LANES;
        const double before = block->max_abs_error;
        size_t piece = ahead / QUANT_MEASURE_LANES * QUANT_MEASURE_LANES;
        if (is_head)
            piece = ahead < to_lane_0 ? ahead : to_lane_0;
        else if (is_tail)
            piece = ahead;
        else if (piece > max_piece)
            piece = max_piece;
        if (is_head || is_tail)
            quant_kernels_scalar.measure(x + i, restored + i, piece, is_head ? first_lane : 0,
                                         block);
        else
            vector(x + i, restored + i, piece, block);
        if (block->max_abs_error > before)
            block->max_abs_error_index += i;
        i += piece;
    }
}

/* Integers per block: a block is done if all bits from its minimum to its maximum are set. */
enum { QUANT_LEVELS_AT_A_TIME = 1024 };

/* Whether the bits from min to max are all set. Most levels appear early; those not yet seen are
 * usually outside the range of the others. */
static inline bool quant_levels_are_marked(const uint64_t *levels, uint32_t min, uint32_t max)
{
    uint64_t missing = 0;
    for (uint32_t word = min / 64; word <= max / 64; word++) {
        const uint32_t first = word == min / 64 ? min % 64 : 0;
        const uint32_t last = word == max / 64 ? max % 64 : 63;
        missing |= ~levels[word] & (UINT64_MAX << first) & (UINT64_MAX >> (63 - last));
    }
    return missing == 0;
}

#endif
