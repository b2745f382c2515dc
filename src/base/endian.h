/* SPDX-License-Identifier: MIT */
/* Integers of a given byte order in unaligned memory, and swapping of bytes. Compilers turn each of
 * these into one or two instructions. */
#ifndef QUANT_BASE_ENDIAN_H
#define QUANT_BASE_ENDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Compilers evaluate this. */
static inline bool quant_host_is_big(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, sizeof first);
    return first == 0;
}

static inline uint16_t quant_swap_16(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

static inline uint32_t quant_swap_32(uint32_t value)
{
    return value << 24 | (value & 0xFF00U) << 8 | (value >> 8 & 0xFF00U) | value >> 24;
}

static inline uint64_t quant_swap_64(uint64_t value)
{
    return (uint64_t)quant_swap_32((uint32_t)value) << 32 | quant_swap_32((uint32_t)(value >> 32));
}

static inline uint16_t quant_load_16(const void *bytes, bool big)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : quant_swap_16(value);
}

static inline uint32_t quant_load_32(const void *bytes, bool big)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : quant_swap_32(value);
}

static inline uint64_t quant_load_64(const void *bytes, bool big)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : quant_swap_64(value);
}

static inline void quant_store_16_little(void *bytes, uint16_t value)
{
    if (quant_host_is_big())
        value = quant_swap_16(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void quant_store_32_little(void *bytes, uint32_t value)
{
    if (quant_host_is_big())
        value = quant_swap_32(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void quant_store_64_little(void *bytes, uint64_t value)
{
    if (quant_host_is_big())
        value = quant_swap_64(value);
    memcpy(bytes, &value, sizeof value);
}

#endif
