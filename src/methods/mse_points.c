/* SPDX-License-Identifier: MIT */
/* Counts elements by their distance from the origin, and makes points from the counters or the
 * elements. */
#include "methods/mse_points.h"

#include <math.h>

#include "base/float_bits.h"
#include "methods/filled_bins.h"
#include "methods/float_keys.h"

/* Bins that are found at a time, in vectors; counting is scalar work. */
enum { RUN = 64 };

enum { OPEN_BITS = 13, OPEN_BITS_OF_SMALL = 7 };

/* The bins of a small tensor are equally wide if the largest distance is between these: it and its
 * double are normal then. */
#define EVEN_MIN 0x1p-100F
#define EVEN_MAX 0x1p125F

#define NOT_FINITE 0x7F800000 /* the bits of infinity; those of any NaN are more */
#define OCTAVES_BITS (UINT32_C(20) << 23)

static uint32_t open_mask(const struct quant_mse_bins *bins)
{
    return (UINT32_C(1) << bins->open_bits) - 1;
}

/* For a small tensor. The power of two above the largest distance is added to all distances. */
static void set_even_bins(struct quant_mse_bins *bins, float farthest)
{
    bins->added = ldexpf(1, ilogbf(farthest) + 1);
    bins->open_bits = OPEN_BITS_OF_SMALL;
    bins->base = quant_float_bits(bins->added);
}

static void set_bins(struct quant_mse_bins *bins, float farthest)
{
    const uint32_t bits = quant_float_bits(farthest);
    bins->open_bits = OPEN_BITS;
    bins->base = bits > OCTAVES_BITS ? (bits - OCTAVES_BITS) & ~open_mask(bins) : 0;
}

/* If both ends have the same sign, their difference is finite; otherwise the origin is 0. */
struct quant_mse_bins quant_mse_bins_of(const struct quant_observed *observed)
{
    struct quant_mse_bins bins = {.origin = 0};
    if (observed->min > 0)
        bins.origin = observed->min;
    else if (observed->max < 0)
        bins.origin = observed->max;
    const float farthest =
        fmaxf(fabsf(observed->min - bins.origin), fabsf(observed->max - bins.origin));
    if (observed->count - observed->nonfinite <= QUANT_MSE_SMALL && farthest >= EVEN_MIN &&
        farthest <= EVEN_MAX)
        set_even_bins(&bins, farthest);
    else
        set_bins(&bins, farthest);
    bins.last = ((quant_float_bits(farthest + bins.added) - bins.base) >> bins.open_bits) + 2;
    return bins;
}

size_t quant_mse_bins_counters(const struct quant_mse_bins *bins)
{
    return 4 * ((size_t)bins->last + 1);
}

/* The bin, from 0, and below it the open bits. Bin 0 ends at base. The numbers are signed, since
 * SSE2 can only compare signed vectors. */
static inline int32_t place(const struct quant_mse_bins *bins, float distance)
{
    const int32_t begin = (int32_t)(bins->base - (UINT32_C(1) << bins->open_bits));
    const int32_t end = (int32_t)(bins->last << bins->open_bits);
    const int32_t magnitude =
        (int32_t)(quant_float_bits(fabsf(distance) + bins->added) & INT32_MAX);
    const int32_t from_begin = (magnitude < NOT_FINITE ? magnitude : NOT_FINITE) - begin;
    const int32_t above = from_begin > 0 ? from_begin : 0;
    return above < end ? above : end;
}

/* The counters of a bin for negative distances come after those for the others. */
static inline void count_run(const struct quant_mse_bins *bins, const float *x, size_t n,
                             uint64_t *counts)
{
    uint32_t indices[RUN];
    uint32_t opens[RUN];
    const uint32_t mask = open_mask(bins);
    for (size_t i = 0; i < n; i++) {
        const float distance = x[i] - bins->origin;
        const uint32_t at = (uint32_t)place(bins, distance);
        opens[i] = at & mask;
        indices[i] = (at >> bins->open_bits) * 4 + (quant_float_bits(distance) >> 31) * 2;
    }
    for (size_t i = 0; i < n; i++) {
        counts[indices[i]]++;
        counts[indices[i] + 1] += opens[i];
    }
}

void quant_mse_bins_count(const struct quant_mse_bins *bins, const float *x, size_t n,
                          uint64_t *counts)
{
    size_t i = 0;
    for (; n - i >= RUN; i += RUN)
        count_run(bins, x + i, RUN, counts);
    count_run(bins, x + i, n - i, counts);
}

bool quant_mse_bins_add_up(const struct quant_mse_bins *bins, const uint64_t *counts,
                           uint64_t nfinite)
{
    uint64_t total = 0;
    for (size_t bin = 0; bin < 2 * (size_t)bins->last; bin++) {
        if (counts[2 * bin + 1] / open_mask(bins) > counts[2 * bin])
            return false;
        total += counts[2 * bin];
    }
    return total == nfinite;
}

/* ---- Points ---- */

static void clear(struct quant_mse_points *points, const struct quant_mse_bins *bins)
{
    points->npoints = 0;
    points->origin = (double)bins->origin;
    points->weights[0] = points->moments[0] = points->squares[0] = 0;
}

static void pad(struct quant_mse_points *points)
{
    for (size_t i = points->npoints; i % QUANT_MSE_LANES != 0; i++)
        points->at[i] = points->weight[i] = 0;
}

static void add_point(struct quant_mse_points *points, double at, double weight)
{
    const size_t i = points->npoints++;
    points->at[i] = at;
    points->weight[i] = weight;
    points->weights[i + 1] = points->weights[i] + weight;
    points->moments[i + 1] = points->moments[i] + weight * at;
    points->squares[i + 1] = points->squares[i] + weight * at * at;
}

/* ---- Signed bins: those of negative distances, the farthest first; then bin 0 of both signs; then
 * those of positive distances. In this order points rise. ---- */

static uint32_t signed_bin(const struct quant_mse_bins *bins, uint32_t bin, bool is_negative)
{
    return is_negative ? bins->last - bin : bins->last + bin;
}

/* A bin lies within one power of two, where floats are evenly spaced. bin->lower is the sum of the
 * open bits. */
static void add_bin(struct quant_mse_points *points, const struct quant_mse_bins *bins,
                    const struct quant_bin *bin)
{
    const bool is_negative = bin->number < bins->last;
    const uint32_t distance = is_negative ? bins->last - bin->number : bin->number - bins->last;
    double at = 0;
    if (distance > 0) {
        const uint32_t bits = bins->base + ((distance - 1) << bins->open_bits);
        const double left = (double)quant_float_of_bits(bits);
        const double step = (double)quant_float_of_bits(bits + 1) - left;
        at = left - (double)bins->added + step * ((double)bin->lower / (double)bin->count);
    }
    add_point(points, is_negative ? -at : at, (double)bin->count);
}

/* Counters have another order: those of a bin for both signs are next to each other. */
static struct quant_bin read_counters(const struct quant_mse_bins *bins, const uint64_t *counts,
                                      uint32_t number)
{
    if (number == bins->last)
        return (struct quant_bin){number, counts[0] + counts[2], 0};
    const bool is_negative = number < bins->last;
    const size_t bin = is_negative ? bins->last - number : number - bins->last;
    const uint64_t *counter = counts + 4 * bin + (is_negative ? 2 : 0);
    return (struct quant_bin){number, counter[0], counter[1]};
}

void quant_mse_points_from_counts(struct quant_mse_points *points,
                                  const struct quant_mse_bins *bins, const uint64_t *counts)
{
    clear(points, bins);
    for (uint32_t number = 1; number < 2 * bins->last; number++) {
        const struct quant_bin bin = read_counters(bins, counts, number);
        if (bin.count > 0)
            add_bin(points, bins, &bin);
    }
    pad(points);
}

/* A signed bin has at most 17 bits with 7 open ones, or 16 with 13. */
static uint32_t point_key(const struct quant_mse_bins *bins, float distance)
{
    const uint32_t at = (uint32_t)place(bins, distance);
    const uint32_t bin = at >> bins->open_bits;
    const uint32_t open = bin > 0 ? at & open_mask(bins) : 0;
    return signed_bin(bins, bin, quant_float_bits(distance) >> 31) << bins->open_bits | open;
}

void quant_mse_points_from_elements(struct quant_mse_points *points,
                                    const struct quant_mse_bins *bins, const float *x, size_t n,
                                    uint32_t *keys)
{
    size_t nkeys = 0;
    for (size_t i = 0; i < n; i++) {
        keys[nkeys] = point_key(bins, x[i] - bins->origin);
        nkeys += isfinite(x[i]) != 0;
    }
    const uint32_t *sorted = quant_keys_sort(keys, nkeys, keys + nkeys);
    struct quant_filled_bins filled = quant_bins_of_keys(sorted, nkeys, bins->open_bits);
    struct quant_bin bin;
    clear(points, bins);
    while (quant_bins_next(&filled, &bin))
        add_bin(points, bins, &bin);
    pad(points);
}
