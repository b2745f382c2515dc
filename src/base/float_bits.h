/* SPDX-License-Identifier: MIT */
/* A float32 as its bits. */
#ifndef QUANT_BASE_FLOAT_BITS_H
#define QUANT_BASE_FLOAT_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t quant_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float quant_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
