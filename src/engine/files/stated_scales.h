/* SPDX-License-Identifier: MIT */
/* Containers that state their own scales, such as GGUF files of block types, and safetensors files
 * that other programs have quantized: they need no sidecar. */
#ifndef QUANT_ENGINE_FILES_STATED_SCALES_H
#define QUANT_ENGINE_FILES_STATED_SCALES_H

#include <quant/file.h>

#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"

/* *states: whether the file at path is of a format that states scales, and has no sidecar beside
 * it. A file that cannot be read does not: what reads the sidecar says what is wrong. */
enum quant_status quant_states_scales(const char *path, const struct quant_cancel *cancel,
                                      bool *states, struct quant_error *error);

/* The same for a file that is to hold a tensor of a block type, at least one of them. A file that
 * is damaged holds none. */
enum quant_status quant_holds_blocks(const char *path, const struct quant_cancel *cancel,
                                     bool *holds, struct quant_error *error);

/* Opens such a file, with what restores each of its tensors: those of block types or of a layout of
 * another program are restored, all others copied. The caller closes and releases both, also after
 * an error. QUANT_INVALID: it has no such tensor. */
enum quant_status quant_stated_scales_open(struct quant_container_input *input,
                                           struct quant_restored_tensors *restored,
                                           const char *path, const struct quant_cancel *cancel,
                                           struct quant_error *error);

#endif
