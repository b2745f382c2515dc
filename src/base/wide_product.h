/* SPDX-License-Identifier: MIT */
/* The product of two 64-bit numbers, on machines without 128-bit integers too. */
#ifndef QUANT_BASE_WIDE_PRODUCT_H
#define QUANT_BASE_WIDE_PRODUCT_H

#include <stdint.h>

struct quant_wide_product {
    uint64_t high;
    uint64_t low;
};

/* Four products of halves. None of the sums overflows: (2^32 - 1)^2 + 2 (2^32 - 1) is 2^64 - 1. */
static inline struct quant_wide_product quant_wide_product_by_halves(uint64_t a, uint64_t b)
{
    const uint64_t half = UINT32_MAX;
    const uint64_t low = (a & half) * (b & half);
    const uint64_t middle = (a >> 32) * (b & half) + (low >> 32);
    const uint64_t other = (a & half) * (b >> 32) + (middle & half);
    return (struct quant_wide_product){(a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32),
                                       other << 32 | (low & half)};
}

static inline struct quant_wide_product quant_wide_product(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 uint128;
    const uint128 product = (uint128)a * b;
    return (struct quant_wide_product){(uint64_t)(product >> 64), (uint64_t)product};
#else
    return quant_wide_product_by_halves(a, b);
#endif
}

#endif
