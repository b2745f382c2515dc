/* SPDX-License-Identifier: MIT */
/* From a quantized file and its sidecar to what a model has of it. */
#ifndef QUANT_ENGINE_FILES_ONNX_OUTPUTS_H
#define QUANT_ENGINE_FILES_ONNX_OUTPUTS_H

#include "engine/files/onnx_tensors.h"

/* A file that quant has written. */
struct quant_onnx_output {
    const char *path;
    const char *sidecar;
    const char *name; /* of the tensor, where the file does not name it */
};

/* Adds all tensors of the file, whose path relative to the model is run->location. Only headers,
 * the sidecar and zero points are read. Errors: those of quant_onnx_add_quantized, with the path
 * before the text; those of reading; QUANT_UNSUPPORTED for text. */
enum quant_status quant_onnx_add_file(struct quant_onnx_run *run,
                                      const struct quant_onnx_output *output,
                                      const struct quant_cancel *cancel);

#endif
