/* SPDX-License-Identifier: MIT */
/*
 * Mean and standard deviation of a long array, counted in parts at the same time. The sums are
 * those of the error report (core/measure.h) against one number in the place of all restored
 * elements, by the same kernel and in the same order.
 */
#ifndef QUANT_CORE_MOMENTS_H
#define QUANT_CORE_MOMENTS_H

#include "core/measure.h"

struct quant_moments {
    float center;   /* what is subtracted from each element: a number within the range, 0 if the
                     * range holds it, so that no digits are lost where all are far from 0 */
    double sums[2]; /* of x - center, and of its square */
    double carries[2];
    uint64_t n;       /* finite elements */
    uint64_t nonzero; /* of these */
};

struct quant_moments_part {
    float center[QUANT_MEASURE_BLOCK]; /* the same number each time */
    double sums[QUANT_PART_BLOCKS][2];
    size_t nblocks;
    uint64_t n;
    uint64_t nonzero;
};

/* Begins: all finite elements are between min and max. */
void quant_moments_init(struct quant_moments *moments, float min, float max);
void quant_moments_part_init(struct quant_moments_part *part, const struct quant_moments *moments);

/* Counts n elements, at most QUANT_PART_MAX; elements that are not finite are left out. Parts are
 * joined in order; the length of all but the last is a multiple of QUANT_MEASURE_BLOCK. */
void quant_moments_take(struct quant_moments_part *part, const float *x, size_t n);
void quant_moments_join(struct quant_moments *moments, const struct quant_moments_part *part);

/* NaN of no elements. The deviation is that of all elements, not of a sample: divided by n. */
double quant_moments_mean(const struct quant_moments *moments);
double quant_moments_deviation(const struct quant_moments *moments);

#endif
