/* SPDX-License-Identifier: MIT */
/*
 * Random numbers of the standard normal distribution that are the same bits everywhere. They come
 * from Vigna's splitmix64 by Marsaglia's polar method (Marsaglia and Bray 1964, "A convenient
 * method for generating normal variables"), with the logarithm of core/logarithm.h. Only operations
 * that IEEE 754 rounds correctly are used.
 */
#ifndef QUANT_CORE_NORMAL_SOURCE_H
#define QUANT_CORE_NORMAL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct quant_normal_source {
    uint64_t state; /* the seed at first, the rest zeros */
    bool has_spare; /* numbers come in pairs */
    double spare;
};

/* The next number, rounded to float32. */
float quant_normal_next(struct quant_normal_source *source);

#endif
