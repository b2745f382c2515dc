/* SPDX-License-Identifier: MIT */
/*
 * The error report of a long array, measured in parts side by side. The order of additions stays
 * that of one call after the other: a part keeps the sums of its blocks apart until it is joined.
 */
#ifndef QUANT_CORE_MEASURE_H
#define QUANT_CORE_MEASURE_H

#include "core/group_sums.h"

enum { QUANT_PART_BLOCKS = 64, QUANT_PART_MAX = QUANT_PART_BLOCKS * QUANT_MEASURE_BLOCK };

struct quant_measure_part {
    struct quant_measure measure;
    size_t nblocks;
    double sums[QUANT_PART_BLOCKS][QUANT_MEASURE_SUMS];
};

/* Measures n elements, at most QUANT_PART_MAX, for whole. Reads whole's parameters only. A part
 * may be taken again and again for the same whole, all zeros the first time: the levels it has met
 * are kept, so that marking them is work for the first part only. */
void quant_measure_part_take(struct quant_measure_part *part, const struct quant_measure *whole,
                             const float *x, const void *q, size_t n);

/* For a tensor with several groups: init with what all of them have in common, then parts. */
void quant_measure_init_groups(struct quant_measure *measure, const struct quant_params *common);
void quant_measure_part_take_groups(struct quant_measure_part *part,
                                    const struct quant_measure *whole,
                                    const struct quant_group_part *groups, const float *x,
                                    const void *q, size_t n);

/* As quant_measure_add of the part's elements. Parts are joined in order; all but the last have a
 * multiple of QUANT_MEASURE_BLOCK elements. */
void quant_measure_join(struct quant_measure *whole, const struct quant_measure_part *part);

#endif
