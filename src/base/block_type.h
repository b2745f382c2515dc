/* SPDX-License-Identifier: MIT */
/* Types whose elements are stored in blocks. */
#ifndef QUANT_BASE_BLOCK_TYPE_H
#define QUANT_BASE_BLOCK_TYPE_H

#include <stddef.h>
#include <stdint.h>

/* Elements in blocks that have their own scales, as the types of ggml are. The blocks of a tensor
 * follow one another, and none spans two rows. */
struct quant_block_type {
    const char *name;
    unsigned nelems; /* of a block */
    unsigned nbytes;
    unsigned levels; /* distinct integers of an element */

    /* Quantizes nblocks blocks of elements. If the block cannot hold the scale or the minimum, that
     * is infinite. NULL, with decode: the blocks are only copied. */
    void (*encode)(const float *x, size_t nblocks, unsigned char *blocks);
    void (*decode)(const unsigned char *blocks, size_t nblocks, float *x);

    /* Sets the bit of each integer that occurs, counted from the least. */
    void (*mark_levels)(const unsigned char *blocks, size_t nblocks, uint64_t *levels);
};

#endif
