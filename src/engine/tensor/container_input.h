/* SPDX-License-Identifier: MIT */
/* A container that is read by position, wherever its bytes come from. */
#ifndef QUANT_ENGINE_TENSOR_CONTAINER_INPUT_H
#define QUANT_ENGINE_TENSOR_CONTAINER_INPUT_H

#include "formats/tensor_file.h"

/* A container that is read. Zeroed, it is closed. */
struct quant_container_input {
    struct quant_source *source;    /* owned */
    struct quant_source *stream;    /* owned: if the source is a copy of a stream */
    struct quant_tensor_file *file; /* owned */
};

/* Takes over source, also after an error, and reads the catalogue. A stream is first copied to a
 * temporary file, since its tensors are read by position. */
enum quant_status quant_container_input_open(struct quant_container_input *input,
                                             struct quant_source *source,
                                             const struct quant_format *format,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error);

/* After all reading, by no other thread: that the file is still the one that was opened, and that
 * the tensors which were read are what its own checksums say. */
enum quant_status quant_container_input_finish(const struct quant_container_input *input,
                                               struct quant_error *error);

void quant_container_input_close(struct quant_container_input *input);

/* Whether quantizing maps tensors of this type: floats of 16 bits or more. */
bool quant_container_maps(const struct quant_stored_type *type);

#endif
