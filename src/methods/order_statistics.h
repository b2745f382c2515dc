/* SPDX-License-Identifier: MIT */
/*
 * Several percentiles at once, exactly, in three passes and little memory. The first pass counts
 * the bins of all keys (float_keys.h). Each of the next two counts eight more bits of the keys, of
 * those elements alone that agree with a wanted one so far.
 *
 *     place; after the counts of all bins: settle_bins; until done: count digits, settle_digits;
 *     value
 *
 * methods/percentile.c finds one or two of them as a calibration method, in two passes.
 */
#ifndef QUANT_METHODS_ORDER_STATISTICS_H
#define QUANT_METHODS_ORDER_STATISTICS_H

#include "methods/float_keys.h"
#include "methods/quantile.h"

enum {
    QUANT_ORDER_MOST = 8, /* percentiles */
    QUANT_ORDER_DIGITS = 256,
    QUANT_ORDER_COUNTS = 2 * QUANT_ORDER_MOST * QUANT_ORDER_DIGITS
};

/* An element of a certain rank. */
struct quant_ordered {
    uint32_t key;  /* the bits that are known; the others are 0 */
    uint64_t rank; /* among the elements that have these bits */
    size_t prefix; /* of prefixes */
};

/* Some 64 KiB. */
struct quant_order_statistics {
    size_t n;
    struct quant_quantile quantiles[QUANT_ORDER_MOST];
    struct quant_ordered ordered[QUANT_ORDER_MOST][2];
    unsigned unknown; /* bits of the keys; 0: done */
    size_t nprefixes;
    uint32_t prefixes[2 * QUANT_ORDER_MOST]; /* the different keys so far, without unknown bits */
    unsigned char may_match[1 << 16]; /* by the lowest 16 known bits of a float: whether its key may
                                       * be one of those */
};

/* The percentiles of nelems finite elements, at least one. n <= QUANT_ORDER_MOST. */
void quant_order_place(struct quant_order_statistics *order, uint64_t nelems,
                       const double *percents, size_t n);

/* counts: of all bins; those of elements that are not finite are left out. */
void quant_order_settle_bins(struct quant_order_statistics *order,
                             const uint64_t counts[QUANT_KEY_BINS]);

/* Adds n elements to counts, all zeros at first, which may be added up over parts. */
void quant_order_count_digits(const struct quant_order_statistics *order, const float *x, size_t n,
                              uint64_t counts[QUANT_ORDER_COUNTS]);
void quant_order_settle_digits(struct quant_order_statistics *order,
                               const uint64_t counts[QUANT_ORDER_COUNTS]);

/* In place of all passes: nelems keys of the finite elements, sorted. */
void quant_order_settle_sorted(struct quant_order_statistics *order, const uint32_t *keys);

/* The i-th percentile, once done. */
double quant_order_value(const struct quant_order_statistics *order, size_t i);

#endif
