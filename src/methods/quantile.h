/* SPDX-License-Identifier: MIT */
/* Where a percentile is among n sorted elements: between two of them, by the definition and the
 * very operations of numpy.percentile's method "linear". */
#ifndef QUANT_METHODS_QUANTILE_H
#define QUANT_METHODS_QUANTILE_H

#include <stdint.h>

struct quant_quantile {
    uint64_t rank[2]; /* from 0: of the two elements around it, which may be the same */
    double fraction;  /* of the way from the first to the second */
};

/* n >= 1; percent from 0 to 100. */
static inline struct quant_quantile quant_quantile_place(uint64_t n, double percent)
{
    const double index = (double)(n - 1) * (percent / 100);
    struct quant_quantile quantile = {.fraction = 0};
    if (index >= (double)(n - 1)) {
        quantile.rank[0] = quantile.rank[1] = n - 1;
    } else {
        quantile.rank[0] = (uint64_t)index;
        quantile.rank[1] = quantile.rank[0] + 1;
        quantile.fraction = index - (double)quantile.rank[0];
    }
    return quantile;
}

/* From the nearer of its elements, a and b. */
static inline double quant_quantile_value(const struct quant_quantile *quantile, double a, double b)
{
    const double fraction = quantile->fraction;
    return fraction >= 0.5 ? b - (b - a) * (1 - fraction) : a + (b - a) * fraction;
}

#endif
