/* SPDX-License-Identifier: MIT */
/*
 * The parts of the format safetensors: eight bytes, little-endian, with the length of a header; the
 * header, a JSON object that maps each name to a type, a shape and a range of bytes; the bytes of
 * all tensors without a gap.
 */
#ifndef QUANT_FORMATS_SAFETENSORS_H
#define QUANT_FORMATS_SAFETENSORS_H

#include "formats/container.h"
#include "formats/tensor_file.h"

enum {
    QUANT_SAFETENSORS_LENGTH = 8,             /* bytes of the length */
    QUANT_SAFETENSORS_HEADER_MOST = 100000000 /* bytes of the header, as in the reference */
};

/* The i-th type, in the ascending order of the reference, which writes tensors in descending order
 * of it; NULL past the last. */
const struct quant_stored_type *quant_safetensors_type_at(size_t i);
const struct quant_stored_type *quant_safetensors_type_from_name(const char *name);
const struct quant_stored_type *quant_safetensors_type_of(enum quant_dtype dtype);

/* The functions of its row. */
enum quant_status quant_safetensors_open(struct quant_tensor_file *file, struct quant_error *error);
enum quant_status quant_safetensors_lay_out(struct quant_container_layout *layout,
                                            struct quant_error *error);

#endif
