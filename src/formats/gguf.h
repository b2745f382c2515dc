/* SPDX-License-Identifier: MIT */
/*
 * The parts of the format GGUF, version 3. A file is "GGUF"; the version, 4 bytes; the numbers of
 * tensors and of pairs, 8 bytes each; the pairs of key and value; the tensors' names, shapes, types
 * and offsets; zeros up to the alignment; then the bytes of all tensors, each followed by zeros up
 * to the alignment. Everything is little-endian. A text is its length, 8 bytes, and its bytes.
 *
 * Dimensions are innermost first in the file, and outermost first here.
 */
#ifndef QUANT_FORMATS_GGUF_H
#define QUANT_FORMATS_GGUF_H

#include "formats/container.h"
#include "formats/tensor_file.h"

enum {
    QUANT_GGUF_HEAD = 24, /* bytes before the pairs */
    QUANT_GGUF_VERSION = 3,
    QUANT_GGUF_ALIGNMENT = 32,           /* if no pair says another */
    QUANT_GGUF_ALIGNMENT_MOST = 1 << 20, /* memory for as many zeros is taken when a file is written
                                          */
    QUANT_GGUF_DIMS = 4,                 /* at most */
    QUANT_GGUF_TEXT = 65535,             /* bytes of a key or a name, at most */
    QUANT_GGUF_NO_FILE_TYPE = UINT16_MAX
};

#define QUANT_GGUF_KEY_ALIGNMENT "general.alignment"
#define QUANT_GGUF_KEY_FILE_TYPE "general.file_type"
#define QUANT_GGUF_KEY_VERSION "general.quantization_version"
#define QUANT_GGUF_KEY_SPLITS "split.count"

/* ---- Types of tensors ---- */

struct quant_gguf_type {
    struct quant_stored_type stored; /* first: a pointer to it is one to the whole */
    uint32_t number;                 /* in the file */
    uint16_t file_type; /* general.file_type of a file of such tensors; QUANT_GGUF_NO_FILE_TYPE */
};

/* The types in ascending order of their numbers, NULL past the last. */
const struct quant_stored_type *quant_gguf_type_at(size_t i);
const struct quant_stored_type *quant_gguf_type_of(enum quant_dtype dtype);
const struct quant_gguf_type *quant_gguf_type_from_number(uint32_t number);

/* The bytes of a tensor. QUANT_OUT_OF_RANGE: its elements or bytes do not fit 63 bits, nor would
 * they if every dimension that is 0 were 1. QUANT_CORRUPT: its rows are not whole blocks. Sets no
 * error. */
enum quant_status quant_gguf_count_bytes(const struct quant_stored_type *type, const uint64_t *dims,
                                         uint32_t ndim, uint64_t *nbytes);

/* ---- Pairs ---- */

enum quant_gguf_value {
    QUANT_GGUF_UINT8,
    QUANT_GGUF_INT8,
    QUANT_GGUF_UINT16,
    QUANT_GGUF_INT16,
    QUANT_GGUF_UINT32,
    QUANT_GGUF_INT32,
    QUANT_GGUF_FLOAT32,
    QUANT_GGUF_BOOL,
    QUANT_GGUF_STRING,
    QUANT_GGUF_ARRAY,
    QUANT_GGUF_UINT64,
    QUANT_GGUF_INT64,
    QUANT_GGUF_FLOAT64,
    QUANT_GGUF_NVALUES
};

struct quant_gguf_pair {
    const char *key;
    const char *text; /* of a string in UTF-8, a number or a truth value; NULL: another value */
    uint32_t type;    /* enum quant_gguf_value */
    uint64_t number;  /* of an integer without a sign */
    struct quant_extent bytes; /* key and value, in the file */
};

/* What a catalogue has in `state`, in its arena. */
struct quant_gguf {
    struct quant_gguf_pair *pairs; /* npairs of them, in the order of the file */
    size_t npairs;
    uint64_t alignment;
    uint64_t data; /* offset of the first tensor */
};

/* The pair of that key; NULL: there is no such key. */
const struct quant_gguf_pair *quant_gguf_find(const struct quant_gguf *gguf, const char *key);

/* offset, or the next multiple of alignment, a power of two. The sum fits. */
uint64_t quant_gguf_align(uint64_t offset, uint64_t alignment);

/* The functions of struct quant_container. */
enum quant_status quant_gguf_open(struct quant_tensor_file *file, struct quant_error *error);
enum quant_status quant_gguf_digest_header(const struct quant_tensor_file *file, uint64_t *digest,
                                           struct quant_error *error);
enum quant_status quant_gguf_lay_out(struct quant_container_layout *layout,
                                     struct quant_error *error);

#endif
