/* SPDX-License-Identifier: MIT */
/*
 * The parts of the format safetensors. A file is 8 bytes, little-endian: the length of the header;
 * the header, a JSON object that maps the name of each tensor to its dtype, its shape and its range
 * of bytes, and "__metadata__" to an object of strings; then the bytes of all tensors, one after
 * the other, in C order, little-endian.
 */
#ifndef QUANT_FORMATS_SAFETENSORS_H
#define QUANT_FORMATS_SAFETENSORS_H

#include "formats/container.h"
#include "formats/tensor_file.h"

#define QUANT_SAFETENSORS_METADATA "__metadata__"

enum {
    QUANT_SAFETENSORS_LENGTH = 8,             /* bytes of the length */
    QUANT_SAFETENSORS_HEADER_MOST = 100000000 /* bytes of the header: the reference's limit */
};

/* The i-th type, in the ascending order of the reference, which writes tensors in descending order
 * of it; NULL past the last. */
const struct quant_stored_type *quant_safetensors_type_at(size_t i);
const struct quant_stored_type *quant_safetensors_type_from_name(const char *name);
const struct quant_stored_type *quant_safetensors_type_of(enum quant_dtype dtype);

/* The bytes of a tensor. QUANT_OUT_OF_RANGE: its elements or bytes do not fit 63 bits, nor would
 * they if every dimension that is 0 were 1. QUANT_CORRUPT: its elements, of 4 or 6 bits, do not
 * fill whole bytes. Sets no error. */
enum quant_status quant_safetensors_count_bytes(const struct quant_stored_type *type,
                                                const uint64_t *dims, uint32_t ndim,
                                                uint64_t *nbytes);

/* The functions of struct quant_container. */
enum quant_status quant_safetensors_open(struct quant_tensor_file *file, struct quant_error *error);
enum quant_status quant_safetensors_lay_out(struct quant_container_layout *layout,
                                            struct quant_error *error);

#endif
