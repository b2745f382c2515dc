/* SPDX-License-Identifier: MIT */
/*
 * The one order in which floating-point numbers are added up. Elements fall into blocks of
 * QUANT_MEASURE_BLOCK. Inside a block, element i belongs to lane i % QUANT_MEASURE_LANES. The lanes
 * of a block are added in a fixed tree, and the sums of blocks one after another, with Neumaier's
 * compensation (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
 * Summen"). So the order of all additions follows from the number of elements only, and still
 * vectors of any width, and threads that take blocks, can do the work.
 */
#ifndef QUANT_CORE_SUMS_H
#define QUANT_CORE_SUMS_H

#include <math.h>
#include <quant/quant.h>
#include <string.h>

#include "base/sum_order.h"

/* (l0+l8)+(l4+l12) and so on: halves onto halves. */
static inline double quant_sum_lanes(const double lanes[QUANT_MEASURE_LANES])
{
    double sums[QUANT_MEASURE_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (size_t width = QUANT_MEASURE_LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++)
            sums[i] += sums[i + width];
    return sums[0];
}

static inline void quant_sum_add(double *sum, double *carry, double value)
{
    const double total = *sum + value;
    if (fabs(*sum) >= fabs(value))
        *carry += (*sum - total) + value;
    else
        *carry += (value - total) + *sum;
    *sum = total;
}

/* The sum with its carry. The carry of an infinite sum is a NaN, so that is left out. */
static inline double quant_sum_total(double sum, double carry)
{
    return isfinite(sum) ? sum + carry : sum;
}

#endif
