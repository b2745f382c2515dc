/* SPDX-License-Identifier: MIT */
/*
 * The elements of a tensor as weighted points, which the search for the range with the smallest
 * squared error computes with. They do not depend on the order of the elements.
 *
 * Elements fall into bins by their distance from an origin: 0, or the end of the observed range
 * that is nearest to 0. The width of a bin is 2^-10 of its distance. It has two counters: the
 * number of its elements, and the sum of the 13 bits of their distances that the bin leaves open.
 * So the mean of a bin is exact, and a single element, or equal ones, are represented exactly.
 *
 * In a small tensor each element matters, and two elements in one bin are one point too few. So its
 * bins are narrower, and all equally wide: 2^-16 of the power of two above the largest distance.
 * That power is added to each distance before its bits are taken, which rounds the distance to
 * 2^-23 of the power.
 */
#ifndef QUANT_METHODS_MSE_POINTS_H
#define QUANT_METHODS_MSE_POINTS_H

#include <quant/quant.h>

#include "kernels/kernels.h"
#include "methods/method.h"

/* Distances below 2^-20 of the largest one are in one bin, and count as 0. One more bin is for
 * elements that are not finite. */
enum {
    QUANT_MSE_SMALL = 1 << 12,
    QUANT_MSE_MAX_BINS = (20 << 10) + 3, /* of a tensor that is not small */
    QUANT_MSE_LANES = QUANT_POINT_LANES,
    QUANT_MSE_MAX_POINTS = 2 * QUANT_MSE_MAX_BINS + QUANT_MSE_LANES
};

struct quant_mse_bins {
    float origin;
    float added;        /* added to each distance */
    uint32_t open_bits; /* the number of bits of a distance that its bin leaves open */
    uint32_t base;      /* the bits of the smallest distance that does not count as 0 */
    uint32_t last;      /* the bin of elements that are not finite */
};

/* Points in rising order. After the last, up to a multiple of the lanes, come some of weight 0. The
 * arrays of sums have one more entry, since they begin with 0. */
struct quant_mse_points {
    size_t npoints;
    double origin;
    double at[QUANT_MSE_MAX_POINTS]; /* minus the origin */
    double weight[QUANT_MSE_MAX_POINTS];
    double weights[QUANT_MSE_MAX_POINTS + 1]; /* sums of weight, */
    double moments[QUANT_MSE_MAX_POINTS + 1]; /* of weight * at, */
    double squares[QUANT_MSE_MAX_POINTS + 1]; /* and of weight * at * at */
};

/* The bins for the observed elements, of which at least one is finite. */
struct quant_mse_bins quant_mse_bins_of(const struct quant_observed *observed);

/* The number of counters. */
size_t quant_mse_bins_counters(const struct quant_mse_bins *bins);

/* Adds n elements to the counters. */
void quant_mse_bins_count(const struct quant_mse_bins *bins, const float *x, size_t n,
                          uint64_t *counts);

/* Whether these can be the counters of nfinite finite elements. */
bool quant_mse_bins_add_up(const struct quant_mse_bins *bins, const uint64_t *counts,
                           uint64_t nfinite);

void quant_mse_points_from_counts(struct quant_mse_points *points,
                                  const struct quant_mse_bins *bins, const uint64_t *counts);

/* The same points, to the bit, from the n <= QUANT_CALIBRATION_SMALL elements themselves. keys has
 * room for 2 n. */
void quant_mse_points_from_elements(struct quant_mse_points *points,
                                    const struct quant_mse_bins *bins, const float *x, size_t n,
                                    uint32_t *keys);

#endif
