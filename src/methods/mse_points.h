/* SPDX-License-Identifier: MIT */
/*
 * The elements of a tensor as weighted points: what the search for the range of least squared
 * error computes with. It does not depend on the order of the elements.
 *
 * Elements fall into bins by their distance from an origin: 0, or the end of the observed range
 * that is nearest to 0. A bin is 2^-10 of its distance wide. It has two counters: the number of
 * its elements, and the sum of the 13 bits of their distance that the bin leaves open. So the mean
 * of a bin is exact, and that of a single element, or of equal ones, is the element itself.
 *
 * In a small tensor each element matters, and two in one bin are one point too few. So its bins are
 * narrower, and all equally wide: 2^-16 of the power of two above the largest distance. That power
 * is added to each distance before its bits are taken, which rounds it to 2^-23 of the power.
 */
#ifndef QUANT_METHODS_MSE_POINTS_H
#define QUANT_METHODS_MSE_POINTS_H

#include <quant/quant.h>

#include "kernels/kernels.h"
#include "methods/method.h"

/* Distances below 2^-20 of the greatest one are one bin, and count as 0. One more bin is for
 * elements that are not finite. */
enum {
    QUANT_MSE_SMALL = 1 << 12,
    QUANT_MSE_BINS_MOST = (20 << 10) + 3, /* of more elements than that */
    QUANT_MSE_LANES = QUANT_POINT_LANES,
    QUANT_MSE_POINTS_MOST = 2 * QUANT_MSE_BINS_MOST + QUANT_MSE_LANES
};

struct quant_mse_bins {
    float origin;
    float added;        /* to each distance */
    uint32_t open_bits; /* of a distance, that its bin leaves open */
    uint32_t base;      /* the bits of the least distance that is not taken for 0 */
    uint32_t last;      /* the bin of elements that are not finite */
};

/* Points in rising order; past the last, up to a multiple of the lanes, some of no weight. Sums
 * have one more entry: they begin with 0. */
struct quant_mse_points {
    size_t npoints;
    double origin;
    double at[QUANT_MSE_POINTS_MOST]; /* less the origin */
    double weight[QUANT_MSE_POINTS_MOST];
    double weights[QUANT_MSE_POINTS_MOST + 1]; /* sums of the numbers of elements, */
    double moments[QUANT_MSE_POINTS_MOST + 1]; /* of weight * at, */
    double squares[QUANT_MSE_POINTS_MOST + 1]; /* and of weight * at * at */
};

/* observed has at least one finite element. */
struct quant_mse_bins quant_mse_bins_of(const struct quant_observed *observed);

/* How many counters there are. */
size_t quant_mse_bins_counters(const struct quant_mse_bins *bins);

/* Adds n elements to the counters. */
void quant_mse_bins_count(const struct quant_mse_bins *bins, const float *x, size_t n,
                          uint64_t *counts);

/* Whether nfinite finite elements can have led to these counters. */
bool quant_mse_bins_add_up(const struct quant_mse_bins *bins, const uint64_t *counts,
                           uint64_t nfinite);

void quant_mse_points_from_counts(struct quant_mse_points *points,
                                  const struct quant_mse_bins *bins, const uint64_t *counts);

/* The same points, to the bit, from n <= QUANT_CALIBRATION_SMALL elements. keys has room for two of
 * each element. */
void quant_mse_points_from_elements(struct quant_mse_points *points,
                                    const struct quant_mse_bins *bins, const float *x, size_t n,
                                    uint32_t *keys);

#endif
