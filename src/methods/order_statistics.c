/* SPDX-License-Identifier: MIT */
#include "methods/order_statistics.h"

#include <string.h>

#include "base/float_bits.h"

/* A small share of the elements agrees with a wanted one: most runs of RUN are skipped after one
 * look at a table for each element. (A comparison with each wanted key instead took three times as
 * long, although compilers made vector instructions of it.) */
enum { RUN = 32, BIN_BITS = 16, DIGIT_BITS = 8 };

void quant_order_place(struct quant_order_statistics *order, uint64_t nelems,
                       const double *percents, size_t n)
{
    *order = (struct quant_order_statistics){.n = n, .unknown = 32};
    for (size_t i = 0; i < n; i++) {
        order->quantiles[i] = quant_quantile_place(nelems, percents[i]);
        for (size_t k = 0; k < 2; k++)
            order->ordered[i][k].rank = order->quantiles[i].rank[k];
    }
}

/* The table is by the bits of the float, which takes less time than by its key. */
static uint32_t place_of(const struct quant_order_statistics *order, float x)
{
    return quant_float_bits(x) >> order->unknown & 0xFFFF;
}

/* Each different key is searched for once. */
static void collect_prefixes(struct quant_order_statistics *order)
{
    order->nprefixes = 0;
    memset(order->may_match, 0, sizeof order->may_match);
    for (size_t i = 0; i < 2 * order->n; i++) {
        struct quant_ordered *ordered = &order->ordered[i / 2][i % 2];
        const uint32_t prefix = ordered->key >> order->unknown;
        ordered->prefix = 0;
        while (ordered->prefix < order->nprefixes && order->prefixes[ordered->prefix] != prefix)
            ordered->prefix++;
        if (ordered->prefix == order->nprefixes)
            order->prefixes[order->nprefixes++] = prefix;
        order->may_match[place_of(order, quant_key_value(ordered->key))] = 1;
    }
}

void quant_order_settle_bins(struct quant_order_statistics *order,
                             const uint64_t counts[QUANT_KEY_BINS])
{
    for (size_t i = 0; i < 2 * order->n; i++) {
        struct quant_ordered *ordered = &order->ordered[i / 2][i % 2];
        uint32_t bin = QUANT_KEY_FIRST;
        while (bin < QUANT_KEY_LAST && ordered->rank >= counts[bin])
            ordered->rank -= counts[bin++];
        ordered->key = bin << BIN_BITS;
    }
    order->unknown = BIN_BITS;
    collect_prefixes(order);
}

static bool any_wanted(const struct quant_order_statistics *order, const float x[RUN])
{
    unsigned any = 0;
    for (size_t k = 0; k < RUN; k++)
        any |= order->may_match[place_of(order, x[k])];
    return any != 0;
}

static void count_run(const struct quant_order_statistics *order, const float *x, size_t n,
                      uint64_t *counts)
{
    const unsigned shift = order->unknown - DIGIT_BITS;
    for (size_t k = 0; k < n; k++) {
        const uint32_t key = quant_key(x[k]);
        for (size_t t = 0; t < order->nprefixes; t++)
            if (key >> order->unknown == order->prefixes[t])
                counts[t * QUANT_ORDER_DIGITS + (key >> shift & 0xFF)]++;
    }
}

void quant_order_count_digits(const struct quant_order_statistics *order, const float *x, size_t n,
                              uint64_t counts[QUANT_ORDER_COUNTS])
{
    for (size_t i = 0; i < n; i += RUN) {
        const size_t run = n - i < RUN ? n - i : RUN;
        if (run < RUN || any_wanted(order, x + i))
            count_run(order, x + i, run, counts);
    }
}

void quant_order_settle_digits(struct quant_order_statistics *order,
                               const uint64_t counts[QUANT_ORDER_COUNTS])
{
    order->unknown -= DIGIT_BITS;
    for (size_t i = 0; i < 2 * order->n; i++) {
        struct quant_ordered *ordered = &order->ordered[i / 2][i % 2];
        const uint64_t *digits = counts + ordered->prefix * QUANT_ORDER_DIGITS;
        uint32_t digit = 0;
        while (digit < QUANT_ORDER_DIGITS - 1 && ordered->rank >= digits[digit])
            ordered->rank -= digits[digit++];
        ordered->key |= digit << order->unknown;
    }
    collect_prefixes(order);
}

void quant_order_settle_sorted(struct quant_order_statistics *order, const uint32_t *keys)
{
    for (size_t i = 0; i < 2 * order->n; i++)
        order->ordered[i / 2][i % 2].key = keys[order->quantiles[i / 2].rank[i % 2]];
    order->unknown = 0;
}

double quant_order_value(const struct quant_order_statistics *order, size_t i)
{
    return quant_quantile_value(&order->quantiles[i],
                                (double)quant_key_value(order->ordered[i][0].key),
                                (double)quant_key_value(order->ordered[i][1].key));
}
