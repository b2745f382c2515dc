/* SPDX-License-Identifier: MIT */
/* 4-bit elements, two per byte: element 2k is in the lower half of byte k, element 2k + 1 in the
 * upper half. If the number of elements is odd, the last upper half is written as 0 and ignored. */
#ifndef QUANT_BASE_NIBBLE_H
#define QUANT_BASE_NIBBLE_H

#include <stddef.h>
#include <stdint.h>

/* The bits of the i-th element, 0 to 15. */
static inline unsigned quant_nibble_get(const void *bytes, size_t i)
{
    return (unsigned)((const unsigned char *)bytes)[i / 2] >> (i % 2 * 4) & 15U;
}

/* Sets the i-th element to the lowest 4 bits of value. Call this in order: writing an element with
 * an even index clears the upper half of its byte. */
static inline void quant_nibble_put(void *bytes, size_t i, unsigned value)
{
    unsigned char *byte = (unsigned char *)bytes + i / 2;
    const unsigned kept = i % 2 ? *byte & 15U : 0;
    *byte = (unsigned char)(kept | (value & 15U) << (i % 2 * 4));
}

/* The nibble as two's complement: -8 to 7. */
static inline int32_t quant_nibble_signed(unsigned nibble)
{
    return (int32_t)(nibble ^ 8U) - 8;
}

#endif
