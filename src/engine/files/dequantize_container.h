/* SPDX-License-Identifier: MIT */
/* Restoring, or measuring, a file of many tensors. */
#ifndef QUANT_ENGINE_FILES_DEQUANTIZE_CONTAINER_H
#define QUANT_ENGINE_FILES_DEQUANTIZE_CONTAINER_H

#include <quant/file.h>

#include "engine/files/dequantize_inputs.h"

/* Does the job on a container, whose sidecar pair has opened; NULL: the file states its own scales.
 * work->result is a struct quant_dequantize_result. */
enum quant_status quant_dequantize_container(const struct quant_dequantize_job *job,
                                             struct dequantization *pair,
                                             const struct quant_file_work *work,
                                             struct quant_error *error);

#endif
