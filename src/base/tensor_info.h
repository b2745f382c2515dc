/* SPDX-License-Identifier: MIT */
/* What the header of a file says of a tensor, before any element is read. There may be 100,000 of
 * them, so each takes 64 bytes and its dimensions. */
#ifndef QUANT_BASE_TENSOR_INFO_H
#define QUANT_BASE_TENSOR_INFO_H

#include <quant/file.h>

#include "base/block_type.h"

/* A type of elements, as a row of its format's own table: containers have types that are never
 * mapped, only copied. */
struct quant_stored_type {
    const char *name;       /* the format's word for it: "I64" */
    unsigned bits;          /* of an element; of blocks rounded down */
    enum quant_dtype dtype; /* NONE: none of those that quant reads or writes elements of */
    const char *common; /* with NONE: the word that all formats share for it, "int64", else NULL */
    const struct quant_block_type *block; /* elements are in blocks; NULL: they are not */
};

/* The elements in nbytes, a whole number of them. */
static inline uint64_t quant_stored_elements(const struct quant_stored_type *type, uint64_t nbytes)
{
    if (type->block)
        return nbytes / type->block->nbytes * type->block->nelems;
    return type->bits > 0 ? nbytes * 8 / type->bits : 0;
}

struct quant_tensor_info {
    const char *name; /* "" in a file of one tensor. A stranger's text: UTF-8, else anything */
    const struct quant_stored_type *type; /* NULL: known only once the tensor is opened */
    const uint64_t *dims;                 /* ndim of them */
    uint64_t offset;                      /* of the first byte, from the start of the file */
    uint64_t nbytes;                      /* QUANT_SIZE_UNKNOWN: text, or a stream */
    uint32_t ndim;
    uint8_t byte_order; /* enum quant_byte_order */
    uint8_t order;      /* enum quant_order */
    bool positional;    /* its elements can be read by position */
};

/* Bytes of a file. */
struct quant_extent {
    uint64_t offset;
    uint64_t nbytes;
};

/* A pair of texts that a container keeps beside its tensors. */
struct quant_metadata_pair {
    const char *key;
    const char *value;
};

#endif
