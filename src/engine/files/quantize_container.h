/* SPDX-License-Identifier: MIT */
/* Quantizing a file of many tensors into a file of many tensors. */
#ifndef QUANT_ENGINE_FILES_QUANTIZE_CONTAINER_H
#define QUANT_ENGINE_FILES_QUANTIZE_CONTAINER_H

#include "engine/files/file_list.h"
#include "engine/files/mappings.h"
#include "engine/tensor/tensor.h"

/* Does the job on a container: source, which it takes over also after an error, is job->input
 * opened, and format is what it was recognized as. mappings are those of the job,
 * sidecar_path is where the sidecar goes. */
enum quant_status
quant_quantize_container(const struct quant_quantize_job *job,
                         const struct quant_mappings *mappings, struct quant_source *source,
                         const struct quant_format *format, const char *sidecar_path,
                         const struct quant_file_work *work, struct quant_error *error);

/* The same for a file of one tensor, which the container names after the file. output_format is
 * that of a container. The tensor is the caller's; it may be spooled. QUANT_UNSUPPORTED if its
 * order is Fortran's and the format does not keep it. */
enum quant_status
quant_quantize_into_container(const struct quant_quantize_job *job,
                              const struct quant_mappings *mappings,
                              const struct quant_mapping *mapping, struct quant_tensor *tensor,
                              const struct quant_format *output_format, const char *sidecar_path,
                              const struct quant_file_work *work, struct quant_error *error);

#endif
