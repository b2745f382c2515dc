/* SPDX-License-Identifier: MIT */
/* The ONNX model of a job to quantize: made from the outputs, once all of them are complete. */
#ifndef QUANT_ENGINE_FILES_ONNX_FILE_H
#define QUANT_ENGINE_FILES_ONNX_FILE_H

#include "engine/files/file_list.h"
#include "engine/files/mappings.h"

/* Before any work: that the model can be written, that it can point to all outputs, and, as far as
 * headers and options say, that it can have all tensors. Errors: as for
 * quant_onnx_check. */
enum quant_status quant_onnx_check_files(const struct quant_mappings *mappings,
                                         const struct quant_file *files, size_t n,
                                         struct quant_error *error);

/* After the checks: removes the old model, which points to where things were in outputs that are
 * now replaced, and what killed runs left of it. */
enum quant_status quant_onnx_begin(const struct quant_quantize_job *job, struct quant_error *error);

/* After all work. */
enum quant_status quant_onnx_write(const struct quant_quantize_job *job,
                                   const struct quant_file *files, size_t n,
                                   struct quant_error *error);

#endif
