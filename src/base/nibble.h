/* SPDX-License-Identifier: MIT */
/* Elements of 4 bits, two to a byte: element 2k in the lower half of byte k, 2k + 1 in the upper
 * one. Behind an odd last one the upper half is written as 0, and not looked at. */
#ifndef QUANT_BASE_NIBBLE_H
#define QUANT_BASE_NIBBLE_H

#include <stddef.h>
#include <stdint.h>

/* The i-th element's bits, 0 to 15. */
static inline unsigned quant_nibble_get(const void *bytes, size_t i)
{
    return (unsigned)((const unsigned char *)bytes)[i / 2] >> (i % 2 * 4) & 15U;
}

/* Sets it to the lowest 4 bits of value. Elements are put in order: an even one clears the upper
 * half behind it. */
static inline void quant_nibble_put(void *bytes, size_t i, unsigned value)
{
    unsigned char *byte = (unsigned char *)bytes + i / 2;
    const unsigned kept = i % 2 ? *byte & 15U : 0;
    *byte = (unsigned char)(kept | (value & 15U) << (i % 2 * 4));
}

/* In two's complement: -8 to 7. */
static inline int32_t quant_nibble_signed(unsigned nibble)
{
    return (int32_t)(nibble ^ 8U) - 8;
}

#endif
