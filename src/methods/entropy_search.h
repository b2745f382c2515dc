/* SPDX-License-Identifier: MIT */
/* Finds the width with the smallest divergence in a histogram, as entropy.c defines it. */
#ifndef QUANT_METHODS_ENTROPY_SEARCH_H
#define QUANT_METHODS_ENTROPY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "methods/entropy_error.h"

enum {
    QUANT_ENTROPY_ALL = 2 * QUANT_ENTROPY_BINS,
    QUANT_ENTROPY_BEYOND = QUANT_ENTROPY_ALL, /* elements below all bins; then, above all */
    QUANT_ENTROPY_COUNTS = QUANT_ENTROPY_ALL + 2
};

/* Memory for a search. All zeros at first, or as another search left it. */
struct quant_entropy_search {
    /* Sums over the bins before the i-th. */
    struct {
        double elements;
        double filled;
    } before[QUANT_ENTROPY_ALL + 1];
    double information[QUANT_ENTROPY_ALL + 1]; /* sum of c ln(c) over their counts c */
    double logarithms[QUANT_ENTROPY_ALL + 1];  /* of small integers, as most counts are */
    size_t nlogarithms;                        /* of integers below this */
    double n;                                  /* all elements, those outside the bins too */
    double log_n;
    struct quant_entropy_error error;
};

/* The number of bins next to 0 (on either side, or above 0 if symmetric) that have the smallest
 * divergence, among the widths that lose no more by mapping than all bins do. 0 if there are fewer
 * bins than levels, as for 16 bits: then no width can be compared. integers: the number of integers
 * of the target. */
size_t quant_entropy_search(struct quant_entropy_search *search,
                            const uint64_t counts[QUANT_ENTROPY_COUNTS], size_t integers,
                            bool symmetric, const struct quant_entropy_mapping *mapping);

#endif
