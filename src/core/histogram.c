/* SPDX-License-Identifier: MIT */
/* An element's bin is found by a multiplication, which can be wrong by one at an edge, and then
 * held against the edges. So the counts are exact for the edges that are reported, as in NumPy. */
#include "core/histogram.h"

#include <math.h>

/* As many tables, since the next element often falls into the bin of the last: its count would
 * still be on the way to memory. */
enum { TABLES = 4, PIECE = 64 };

/* The smallest float that is at least x. */
static float float_from(double x)
{
    const float rounded = (float)x;
    return (double)rounded < x ? nextafterf(rounded, INFINITY) : rounded;
}

/* Only ranges that float arithmetic neither overflows nor loses too many digits of. */
static void prepare_fast(struct quant_bins *bins)
{
    const double low = bins->edges[0];
    const double high = bins->edges[bins->n];
    bins->is_fast = bins->per_width > 1e-30 && bins->per_width < 1e30 &&
                    fmax(fabs(low), fabs(high)) < 0x1p13 * (high - low);
    if (!bins->is_fast)
        return;
    bins->low = (float)bins->edges[0];
    bins->scale = (float)bins->per_width;
    for (size_t i = 0; i < bins->n; i++)
        bins->ends[i] = i + 1 < bins->n ? float_from(bins->edges[i + 1]) : INFINITY;
}

void quant_bins_make(struct quant_bins *bins, double min, double max, bool are_integers)
{
    double low = min;
    double step = (max - min) / QUANT_HISTOGRAM_BINS;
    bins->n = QUANT_HISTOGRAM_BINS;
    if (are_integers) {
        step = ceil((max - min + 1) / QUANT_HISTOGRAM_BINS);
        low = min - 0.5;
        bins->n = (size_t)ceil((max - min + 1) / step);
    }
    if (!(max > min))
        bins->n = 1;
    for (size_t i = 0; i <= bins->n; i++)
        bins->edges[i] = low + (double)i * step;
    if (!are_integers)
        bins->edges[bins->n] = max;
    bins->per_width = max > min ? 1 / step : 0;
    prepare_fast(bins);
}

static size_t find_bin(const struct quant_bins *bins, double x)
{
    size_t i = (size_t)((x - bins->edges[0]) * bins->per_width);
    i = i < bins->n ? i : bins->n - 1;
    i -= x < bins->edges[i] && i > 0;
    i += x >= bins->edges[i + 1] && i + 1 < bins->n;
    return i;
}

/*
 * In float32, compilers make vector instructions of the multiplication. What it gives is off by
 * some 2^-24 of the larger of x and low, and the range is not narrower than 2^-13 of that: less
 * than 1/8 of a bin. With 1/8 taken off, the number is that of the bin or of the one before it.
 */
static void count_fast(const struct quant_bins *bins, const float *x, size_t n,
                       uint64_t (*tables)[QUANT_HISTOGRAM_BINS])
{
    int32_t guess[PIECE];
    for (size_t i = 0; i < n; i++) {
        const float at = (x[i] - bins->low) * bins->scale - 0.125F;
        guess[i] = (int32_t)(at > 0 ? at : 0);
    }
    const int32_t last = (int32_t)bins->n - 1;
    for (size_t i = 0; i < n; i++) {
        const int32_t bin = guess[i] < last ? guess[i] : last;
        tables[i % TABLES][bin + (x[i] >= bins->ends[bin])]++;
    }
}

static void count_exactly(const struct quant_bins *bins, const float *x, size_t n,
                          uint64_t (*tables)[QUANT_HISTOGRAM_BINS])
{
    const double first = bins->edges[0];
    const double last = bins->edges[bins->n];
    for (size_t i = 0; i < n; i++) {
        const double value = (double)x[i];
        if (value >= first && value <= last) /* false for NaN */
            tables[i % TABLES][find_bin(bins, value)]++;
    }
}

void quant_bins_count(const struct quant_bins *bins, const float *x, size_t n, bool all_inside,
                      uint64_t *counts)
{
    uint64_t tables[TABLES][QUANT_HISTOGRAM_BINS] = {{0}};
    const bool is_fast = bins->is_fast && all_inside;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t piece = n - i < PIECE ? n - i : PIECE;
        (is_fast ? count_fast : count_exactly)(bins, x + i, piece, tables);
    }
    for (size_t k = 0; k < TABLES; k++)
        for (size_t i = 0; i < bins->n; i++)
            counts[i] += tables[k][i];
}
