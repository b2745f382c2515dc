/* SPDX-License-Identifier: MIT */
/* Counting elements in bins of one width, as numpy.histogram does. */
#ifndef QUANT_CORE_HISTOGRAM_H
#define QUANT_CORE_HISTOGRAM_H

#include <quant/inspect.h>

/* The bins of a histogram, without counts. Bin i has the elements from edges[i] up to, without,
 * edges[i + 1]; the last one has its upper edge too. */
struct quant_bins {
    size_t n;
    double edges[QUANT_HISTOGRAM_BINS + 1];
    double per_width;                 /* 1 / width; 0 if there is one bin */
    bool is_fast;                     /* the next two can be used */
    float low;                        /* edges[0] or just below, */
    float scale;                      /* and 1 / width */
    float ends[QUANT_HISTOGRAM_BINS]; /* the first float of the next bin; of the last INFINITY */
};

/* QUANT_HISTOGRAM_BINS bins from min to max, both finite; one if they are equal. Integers: bins
 * that hold the same number of integers each, beginning half below min. */
void quant_bins_make(struct quant_bins *bins, double min, double max, bool are_integers);

/* Adds n elements to counts, of which there are bins->n. Those outside the bins and NaN are left
 * out; all_inside: there are no such, which takes less time. */
void quant_bins_count(const struct quant_bins *bins, const float *x, size_t n, bool all_inside,
                      uint64_t *counts);

#endif
