/* SPDX-License-Identifier: MIT */
/* What a model calls the files that it points into, and tensors without a name. */
#ifndef QUANT_ENGINE_FILES_ONNX_PATH_H
#define QUANT_ENGINE_FILES_ONNX_PATH_H

#include <quant/file.h>

#include "engine/files/onnx_names.h"

/* The path of a file relative to the directory of the model, for the caller to free; NULL after an
 * error. QUANT_INVALID: the file is not in that directory or below it, or the path is not UTF-8;
 * QUANT_IO: a directory is not there; QUANT_NO_MEMORY. */
enum quant_status quant_onnx_location(const char *model, const char *path, char **location,
                                      struct quant_error *error);

/* The name of the tensor of an input of one tensor, for the caller to free: after the input, in a
 * container alone, else with the directory that its output is in, relative to the model, before it:
 * "blocks/w". Errors: as above. */
enum quant_status quant_onnx_single_name(const struct quant_quantize_job *job,
                                         const struct quant_file *file, bool is_in_container,
                                         char **name, struct quant_error *error);

/* QUANT_INVALID if a name is there twice. */
enum quant_status quant_onnx_refuse_duplicate(struct quant_onnx_names *names,
                                              struct quant_error *error);

#endif
