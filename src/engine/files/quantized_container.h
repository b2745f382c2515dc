/* SPDX-License-Identifier: MIT */
/* A quantized container, held against the head of its sidecar when it is opened. One in the layout
 * of an engine is seen as if it had none. */
#ifndef QUANT_ENGINE_FILES_QUANTIZED_CONTAINER_H
#define QUANT_ENGINE_FILES_QUANTIZED_CONTAINER_H

#include "engine/tensor/container_input.h"
#include "records/sidecar_tensors.h"

/* Opens the file at path into *input, which the caller closes also after an error. Its size and its
 * header must be those of the sidecar, whose first entry comes next, before and after:
 * QUANT_CORRUPT if not. QUANT_UNSUPPORTED if the sidecar names no format of many tensors, or an
 * unknown layout. */
enum quant_status
quant_quantized_container_open(struct quant_container_input *input, const char *path,
                               struct quant_sidecar_reader *reader, const char *sidecar_path,
                               const struct quant_cancel *cancel, struct quant_error *error);

#endif
