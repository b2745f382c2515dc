/* SPDX-License-Identifier: MIT */
/* Integers of a given byte order in unaligned memory, and swapping of bytes. Compilers turn each of
 * these into one or two instructions. */
#ifndef QUANT_BASE_ENDIAN_H
#define QUANT_BASE_ENDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool quant_host_is_big(void)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static inline uint16_t quant_load_16(const void *bytes, bool big)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : __builtin_bswap16(value);
}

static inline uint32_t quant_load_32(const void *bytes, bool big)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : __builtin_bswap32(value);
}

static inline uint64_t quant_load_64(const void *bytes, bool big)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return big == quant_host_is_big() ? value : __builtin_bswap64(value);
}

static inline void quant_store_16_little(void *bytes, uint16_t value)
{
    if (quant_host_is_big())
        value = __builtin_bswap16(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void quant_store_32_little(void *bytes, uint32_t value)
{
    if (quant_host_is_big())
        value = __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void quant_store_64_little(void *bytes, uint64_t value)
{
    if (quant_host_is_big())
        value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

#endif
