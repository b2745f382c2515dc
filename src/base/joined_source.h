/* SPDX-License-Identifier: MIT */
/* One source of pieces of others, in any order, some of which are unpacked on the way: what a
 * program left in several tensors or files, read as if quant had written it in one. */
#ifndef QUANT_BASE_JOINED_SOURCE_H
#define QUANT_BASE_JOINED_SOURCE_H

#include <stddef.h>

#include "base/source.h"

enum quant_piece_kind {
    QUANT_PIECE_PLAIN,  /* the bytes as they are, each XOR flip */
    QUANT_PIECE_ROWS,   /* rows of elements of 4 or 8 bits, without the padding after each row, each
                         * byte XOR flip. The last half byte of an odd number is 0 */
    QUANT_PIECE_WIDENED /* int8 as int32, little-endian */
};

/* A piece is nbytes at offset `at` of the joined source. */
struct quant_source_piece {
    struct quant_source *source; /* one of those that are joined */
    uint64_t offset;             /* of its first byte there */
    uint64_t at;
    uint64_t nbytes;
    enum quant_piece_kind kind;
    unsigned char flip;
    unsigned bits;      /* of an element of ROWS, the low one of a byte first; */
    uint64_t nelems;    /* of all rows, */
    uint64_t columns;   /* of a row, */
    uint64_t row_bytes; /* and with its padding */
};

/* A source, and the text that is its name. */
struct quant_joined_part {
    struct quant_source *source;
    char *name; /* from malloc; NULL: the source has its own */
};

/* The pieces follow each other: each is `at` the end of the last, the first at 0. Both arrays are
 * copied. The joined source takes over the parts, which are positional; after an error, NULL (no
 * memory), they are still the caller's. name outlives it. */
struct quant_source *quant_source_join(const struct quant_joined_part *parts, size_t nparts,
                                       const struct quant_source_piece *pieces, size_t npieces,
                                       const char *name);

#endif
