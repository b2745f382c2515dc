/* SPDX-License-Identifier: MIT */
/* The CRC-32 of a range of bytes, from those of its parts, which come in any order. */
#ifndef QUANT_IO_CRC_PARTS_H
#define QUANT_IO_CRC_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quant_crc_part;

/* All zeros: no parts yet. Parts that meet are joined, so there are few at a time. */
struct quant_crc_parts {
    struct quant_crc_part *parts; /* owned: n of them, by rising offset */
    size_t n;
    size_t room;
};

/* Adds the CRC of nbytes at offset. A part that overlaps another is left out. false: no memory. */
bool quant_crc_parts_add(struct quant_crc_parts *parts, uint64_t offset, uint64_t nbytes,
                         uint32_t crc);

/* Whether the parts are all of the bytes from 0 to nbytes: then *crc is theirs. */
bool quant_crc_parts_complete(const struct quant_crc_parts *parts, uint64_t nbytes, uint32_t *crc);

void quant_crc_parts_release(struct quant_crc_parts *parts);

/* The CRC-32 of memory of any length, and of two ranges one after the other, the second of nbytes.
 */
uint32_t quant_crc(const void *bytes, size_t nbytes);
uint32_t quant_crc_join(uint32_t first, uint32_t second, uint64_t nbytes);

#endif
