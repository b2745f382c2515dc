/* SPDX-License-Identifier: MIT */
/* How an engine packs the rows of a matrix, where that differs from quant's own way: elements one
 * after the other, two of 4 bits to a byte, the low one first. */
#ifndef QUANT_BASE_PACKING_H
#define QUANT_BASE_PACKING_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros: as quant packs. */
struct quant_packing {
    unsigned bits;      /* of an element: 4 or 8, the low one of a byte first; 0: as quant packs */
    unsigned char flip; /* each byte is stored XOR this: 0x88 or 0x80 lets integers from their
                         * minimum on begin at 0 */
    uint64_t columns;   /* of a row, */
    uint64_t row_bytes; /* and with its padding, which is 0 */
};

/* Whether two rows may have elements in one byte of quant's: then a byte of the engine's may have
 * elements of two of quant's. */
static inline bool quant_packing_splits_bytes(const struct quant_packing *packing)
{
    return packing->bits > 0 && packing->columns * packing->bits % 8 != 0;
}

#endif
