/* SPDX-License-Identifier: MIT */
/*
 * The error report of a long array, measured in parts at the same time. The order of additions is
 * that of one call after another: a part keeps the sums of each of its blocks until it is joined.
 */
#ifndef QUANT_CORE_MEASURE_H
#define QUANT_CORE_MEASURE_H

#include "base/sum_order.h"
#include "core/group_sums.h"

/* The report in the making. It has no pointers. */
struct quant_measure {
    struct quant_params params;
    struct quant_report report;
    double sums[QUANT_MEASURE_SUMS];
    double carries[QUANT_MEASURE_SUMS];
    double lanes[QUANT_MEASURE_SUMS][QUANT_MEASURE_LANES];
    float unclipped[2]; /* the smallest and the largest element that the clamp leaves alone */
    uint64_t seen;
    uint64_t levels[1024]; /* a bit for each integer or pattern of the type */
};

/* Begins a report in memory of the caller. */
void quant_measure_init(struct quant_measure *measure, const struct quant_params *params);

enum { QUANT_PART_BLOCKS = 64, QUANT_PART_MAX = QUANT_PART_BLOCKS * QUANT_MEASURE_BLOCK };

struct quant_measure_part {
    struct quant_measure measure;
    size_t nblocks;
    double sums[QUANT_PART_BLOCKS][QUANT_MEASURE_SUMS];
};

/* Measures n elements, at most QUANT_PART_MAX, for whole, of which only the parameters are read. A
 * part may be used again for the same whole; it is all zeros the first time. It keeps the levels
 * that it has met, so only its first elements take time to mark them. */
void quant_measure_part_take(struct quant_measure_part *part, const struct quant_measure *whole,
                             const float *x, const void *q, size_t n);

/* For a tensor with several groups: init with what all groups have in common, then measure parts.
 */
void quant_measure_init_groups(struct quant_measure *measure, const struct quant_params *common);
void quant_measure_part_take_groups(struct quant_measure_part *part,
                                    const struct quant_measure *whole,
                                    const struct quant_group_part *groups, const float *x,
                                    const void *q, size_t n);

/* Adds a part, as quant_measure_add of its elements. Parts are joined in order. The length of all
 * but the last is a multiple of QUANT_MEASURE_BLOCK. */
void quant_measure_join(struct quant_measure *whole, const struct quant_measure_part *part);

#endif
