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
    enum quant_order order;   /* C, unless the format keeps the order */
    struct quant_extent data; /* set by lay_out; from the start of the file */
};

/* Where a format keeps the CRC-32 of a tensor, which the data decides; 4 bytes, little-endian. */
struct quant_container_seal {
    uint64_t at[2];
    uint32_t head_crc; /* of the bytes before the tensor's own that its CRC covers */
};

struct quant_container_layout {
    struct quant_container_tensor *tensors; /* n of them, in any order, which stays */
    size_t n;
    const struct quant_metadata_pair *metadata; /* nmetadata of them, in any order */
    size_t nmetadata;
    const struct quant_tensor_file *origin; /* the container that is written again; NULL: the
                                             * tensors are from elsewhere */
    const struct quant_stored_type
        *mapped; /* of the tensors that are not copied; NULL: they differ */

    /* ---- Set by lay_out ---- */

    unsigned char *header; /* all bytes of the file that are not of tensors, in the order of the
                            * file; the caller frees it. NULL after an error */
    size_t header_nbytes;
    struct quant_extent *pieces; /* npieces: where the header is in the file, one piece after the
                                  * other; the caller frees it. NULL: at its beginning */
    size_t npieces;
    struct quant_container_seal
        *seals;      /* one for each tensor, which are then by rising offset; they
                      * are 0 in the header. The caller frees it. NULL: none */
    uint64_t nbytes; /* of the whole file */
};

/* Member `container` of a row of the table of formats. */
struct quant_container {
    /* Reads the catalogue into *file, whose format and source are set; all else is zeros. All that
     * it allocates is in file->arena, also after an error, and is freed with it. Errors:
     * QUANT_CORRUPT, QUANT_TRUNCATED, QUANT_UNSUPPORTED, QUANT_OUT_OF_RANGE, QUANT_IO,
     * QUANT_NO_MEMORY. */
    enum quant_status (*open)(struct quant_tensor_file *file, struct quant_error *error);

    /* Ends the reading, when no other thread reads: checks what only all bytes of a tensor can
     * show, of the tensors that have been read. NULL: nothing. QUANT_CORRUPT. */
    enum quant_status (*finish)(struct quant_tensor_file *file, struct quant_error *error);

    /* Frees file->state. NULL: there is no state. */
    void (*close)(struct quant_tensor_file *file);

    /* XXH3 (64 bits) of a file's header, which is all bytes that are not of tensors, as lay_out
     * makes it: with seals of 0. NULL: the header is what the file begins with. */
    enum quant_status (*digest_header)(const struct quant_tensor_file *file, uint64_t *digest,
                                       struct quant_error *error);

    /* The i-th row of the types that a tensor can be of when it comes from another format; NULL
     * past the last. */
    const struct quant_stored_type *(*type_at)(size_t i);

    /* The row that elements of dtype are stored as, 4-bit integers as bytes of two each. NULL: the
     * format has no such type. */
    const struct quant_stored_type *(*type_of)(enum quant_dtype dtype);

    bool keeps_order; /* tensors may be in Fortran order */

    /*
     * Chooses the order of the tensors and of the metadata in the file, as the reference
     * implementation of the format writes it, and makes the header. Errors, without a prefix:
     *   QUANT_INVALID       two tensors or keys of one name, a name that the format does not allow,
     *                       elements of less than a byte that do not fill whole bytes
     *   QUANT_UNSUPPORTED   the header is longer than the format allows, or needs an origin of the
     *                       same format
     *   QUANT_OUT_OF_RANGE  the file would be larger than any can be
     *   QUANT_NO_MEMORY
     */
    enum quant_status (*lay_out)(struct quant_container_layout *layout, struct quant_error *error);
};

/* The format's own row for a type of another format, and the one for a word: the name of a type of
 * quant, or `common`. NULL: the format has no such type. */
const struct quant_stored_type *quant_container_type_like(const struct quant_container *container,
                                                          const struct quant_stored_type *type);
const struct quant_stored_type *quant_container_type_called(const struct quant_container *container,
                                                            const char *word);

#endif
