/* SPDX-License-Identifier: MIT */
/*
 * What a format of many tensors adds to its row in the table of formats. To add a container: see
 * "To add a format" in format.h; its row names a struct quant_container. safetensors.c is the
 * example.
 *
 * The law of layout: the position of every byte of an output follows from names, types and shapes
 * alone, never from data. lay_out computes all of it before any element is known; the header is
 * then written first, and the tensors in any order, by anybody.
 */
#ifndef QUANT_FORMATS_CONTAINER_H
#define QUANT_FORMATS_CONTAINER_H

#include "base/tensor_info.h"

struct quant_tensor_file;

/* A tensor that is written. All pointers are borrowed. */
struct quant_container_tensor {
    const char *name;                     /* UTF-8 */
    const struct quant_stored_type *type; /* a row of this format's own table */
    const uint64_t *dims;                 /* ndim of them */
    uint32_t ndim;
    struct quant_extent data; /* set by lay_out; from the start of the file */
};

struct quant_container_layout {
    struct quant_container_tensor *tensors; /* n of them, in any order, which stays */
    size_t n;
    const struct quant_metadata_pair *metadata; /* nmetadata of them, in any order */
    size_t nmetadata;

    /* ---- Set by lay_out ---- */

    unsigned char *header; /* what the file begins with; the caller frees it. NULL after an error */
    size_t header_nbytes;
    uint64_t nbytes; /* of the whole file */
};

/* Member `container` of a row of the table of formats. */
struct quant_container {
    /* Reads the catalogue into *file, whose format and source are set; all else is zeros. All that
     * it allocates is in file->arena, also after an error, and is freed with it. Errors:
     * QUANT_CORRUPT, QUANT_TRUNCATED, QUANT_UNSUPPORTED, QUANT_OUT_OF_RANGE, QUANT_IO,
     * QUANT_NO_MEMORY. */
    enum quant_status (*open)(struct quant_tensor_file *file, struct quant_error *error);

    /* The row of the format's types with that name; the one that elements of dtype are stored as,
     * 4-bit integers as bytes of two each. NULL: the format has no such type. */
    const struct quant_stored_type *(*type_from_name)(const char *name);
    const struct quant_stored_type *(*type_of)(enum quant_dtype dtype);

    /*
     * Chooses the order of the tensors and of the metadata in the file, as the reference
     * implementation of the format writes it, and makes the header. Errors, without a prefix:
     *   QUANT_INVALID       two tensors or keys of one name, a name that the format does not allow,
     *                       elements of less than a byte that do not fill whole bytes
     *   QUANT_UNSUPPORTED   the header is longer than the format allows
     *   QUANT_OUT_OF_RANGE  the file would be larger than any can be
     *   QUANT_NO_MEMORY
     */
    enum quant_status (*lay_out)(struct quant_container_layout *layout, struct quant_error *error);
};

#endif
