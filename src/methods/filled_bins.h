/* SPDX-License-Identifier: MIT */
/*
 * The bins that have elements, in order. They look the same to a method whether its passes counted
 * the elements, or those of a small tensor were sorted by their keys. So a method has one algorithm
 * for both. Sorting is faster as long as there are fewer elements than counters.
 *
 * The upper bits of a key are the number of its bin. The lower bits can be added up.
 */
#ifndef QUANT_METHODS_FILLED_BINS_H
#define QUANT_METHODS_FILLED_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quant_bin {
    uint32_t number;
    uint64_t count;
    uint64_t lower; /* the sum of the lower bits of its elements' keys */
};

/* A cursor, which may be copied to go over the same bins again. */
struct quant_filled_bins {
    const uint64_t *counts; /* NULL: by keys */
    const uint64_t *lowers; /* NULL: not counted, all 0 */
    const uint32_t *keys;   /* sorted */
    size_t first;           /* the bins or keys first to end - 1 are left */
    size_t end;
    unsigned shift; /* the number of lower bits of a key */
};

/* The bins first to end - 1 of counts. lowers has the same places, or is NULL. */
static inline struct quant_filled_bins
quant_bins_of_counts(const uint64_t *counts, const uint64_t *lowers, uint32_t first, uint32_t end)
{
    return (struct quant_filled_bins){
        .counts = counts, .lowers = lowers, .first = first, .end = end};
}

/* The bins of n sorted keys, each with shift lower bits. */
static inline struct quant_filled_bins quant_bins_of_keys(const uint32_t *keys, size_t n,
                                                          unsigned shift)
{
    return (struct quant_filled_bins){.keys = keys, .end = n, .shift = shift};
}

/* The number of elements left. */
static inline uint64_t quant_bins_total(const struct quant_filled_bins *bins)
{
    uint64_t total = 0;
    if (!bins->counts)
        return bins->end - bins->first;
    for (size_t i = bins->first; i < bins->end; i++)
        total += bins->counts[i];
    return total;
}

static inline struct quant_bin quant_bin_of_counts(const struct quant_filled_bins *bins, size_t i)
{
    return (struct quant_bin){(uint32_t)i, bins->counts[i], bins->lowers ? bins->lowers[i] : 0};
}

static inline void quant_bin_add_key(struct quant_bin *bin, uint32_t key, unsigned shift)
{
    bin->count++;
    bin->lower += key & ((UINT32_C(1) << shift) - 1);
}

/* Takes the lowest bin that is left. Returns false if there is no more. */
static inline bool quant_bins_next(struct quant_filled_bins *bins, struct quant_bin *bin)
{
    while (bins->counts && bins->first < bins->end && bins->counts[bins->first] == 0)
        bins->first++;
    if (bins->first == bins->end)
        return false;
    if (bins->counts) {
        *bin = quant_bin_of_counts(bins, bins->first++);
        return true;
    }
    *bin = (struct quant_bin){bins->keys[bins->first] >> bins->shift, 0, 0};
    do
        quant_bin_add_key(bin, bins->keys[bins->first++], bins->shift);
    while (bins->first < bins->end && bins->keys[bins->first] >> bins->shift == bin->number);
    return true;
}

/* Takes the highest bin that is left. Returns false if there is no more. */
static inline bool quant_bins_last(struct quant_filled_bins *bins, struct quant_bin *bin)
{
    while (bins->counts && bins->first < bins->end && bins->counts[bins->end - 1] == 0)
        bins->end--;
    if (bins->first == bins->end)
        return false;
    if (bins->counts) {
        *bin = quant_bin_of_counts(bins, --bins->end);
        return true;
    }
    *bin = (struct quant_bin){bins->keys[bins->end - 1] >> bins->shift, 0, 0};
    do
        quant_bin_add_key(bin, bins->keys[--bins->end], bins->shift);
    while (bins->first < bins->end && bins->keys[bins->end - 1] >> bins->shift == bin->number);
    return true;
}

/* The bin of the element with the given rank, from 0, among the elements that are left; there are
 * more than *rank. *rank becomes the number of elements of the bin before it. */
static inline uint32_t quant_bins_at_rank(const struct quant_filled_bins *bins, uint64_t *rank)
{
    size_t i = bins->first;
    if (bins->counts) {
        for (; *rank >= bins->counts[i]; i++)
            *rank -= bins->counts[i];
        return (uint32_t)i;
    }
    const size_t at = bins->first + (size_t)*rank;
    const uint32_t number = bins->keys[at] >> bins->shift;
    for (i = at; i > bins->first && bins->keys[i - 1] >> bins->shift == number;)
        i--;
    *rank = at - i;
    return number;
}

#endif
