/* SPDX-License-Identifier: MIT */
/*
 * What a format of many tensors adds to its row in the table of formats.
 *
 * The law of layout: the position of every byte of an output follows from names, types and shapes
 * alone, never from data. lay_out computes all of it before any element is known; the header is
 * then written first, and the tensors in any order, by anybody.
 */
#ifndef QUANT_FORMATS_CONTAINER_H
#define QUANT_FORMATS_CONTAINER_H

#include "base/tensor_info.h"

struct quant_tensor_file;

/* A tensor that is written. */
struct quant_container_tensor {
    const char *name; /* UTF-8 */
    const struct quant_stored_type *type;
    const uint64_t *dims;
    uint32_t ndim;
    struct quant_extent data; /* set by lay_out; from the start of the file */
};

struct quant_container_layout {
    struct quant_container_tensor *tensors; /* n of them, in any order */
    size_t n;
    const struct quant_metadata_pair *metadata; /* in any order */
    size_t nmetadata;
    /* Set by lay_out: */
    unsigned char *header; /* the caller frees it */
    size_t header_nbytes;
    uint64_t nbytes; /* of the whole file */
};

struct quant_container {
    /* Reads the catalogue into *file, whose format and source are set and all else is zeros. What
     * it has allocated is in file->arena, also after an error. */
    enum quant_status (*open)(struct quant_tensor_file *file, struct quant_error *error);

    /* The type of that name; the one that elements of dtype are stored as, NULL if there is none.
     * 4-bit integers are stored as bytes, two in each. */
    const struct quant_stored_type *(*type_from_name)(const char *name);
    const struct quant_stored_type *(*type_of)(enum quant_dtype dtype);

    /* Errors: QUANT_INVALID for two tensors of one name, QUANT_UNSUPPORTED for a header or a file
     * beyond the limits of the format, QUANT_NO_MEMORY. */
    enum quant_status (*lay_out)(struct quant_container_layout *layout, struct quant_error *error);
};

#endif
