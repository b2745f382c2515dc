/* SPDX-License-Identifier: MIT */
/* What all vector kernels share, whatever their width. */
#ifndef QUANT_KERNELS_VECTOR_H
#define QUANT_KERNELS_VECTOR_H

#include <math.h>

#include "kernels/kernels.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A result of so many bytes pushes all else out of the caches; and to be written there, memory that
 * is about to be overwritten would first be read. It is stored past them. */
enum { QUANT_STREAM_FROM = 16 << 20 };

/* Bytes before the first that lies at a multiple of alignment, as stores past the caches want it.
 */
static inline size_t quant_bytes_to_alignment(const void *bytes, size_t alignment)
{
    return (size_t)(-(uintptr_t)bytes % alignment);
}

/* Enters the maximum that a vector found, at the first element that has it. */
static inline void quant_measure_raise(struct quant_measure_block *block, const float *x,
                                       const float *restored, double greatest)
{
    size_t i = 0;
    while (fabs((double)x[i] - (double)restored[i]) != greatest)
        i++;
    block->max_abs_error = greatest;
    block->max_abs_error_index = i;
}

typedef void quant_measure_block_fn(const float *x, const float *restored, size_t n,
                                    struct quant_measure_block *block);

/* As a kernel's measure: cuts a call into pieces of at most most elements, a multiple of
 * QUANT_MEASURE_LANES, that begin at lane 0; what is before the first and behind the last such
 * piece goes the scalar way. */
static inline void quant_measure_by_blocks(quant_measure_block_fn *vector, size_t most,
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
        else if (piece > most)
            piece = most;
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

/* Integers of which the least and the greatest are looked up before each of them is. */
enum { QUANT_LEVELS_AT_A_TIME = 1024 };

/* Whether the bits from least to greatest are all set. Most levels are met early, and those not yet
 * met lie outside of the others. */
static inline bool quant_levels_are_marked(const uint64_t *levels, uint32_t least,
                                           uint32_t greatest)
{
    uint64_t missing = 0;
    for (uint32_t word = least / 64; word <= greatest / 64; word++) {
        const uint32_t first = word == least / 64 ? least % 64 : 0;
        const uint32_t last = word == greatest / 64 ? greatest % 64 : 63;
        missing |= ~levels[word] & (UINT64_MAX << first) & (UINT64_MAX >> (63 - last));
    }
    return missing == 0;
}

#endif
