/* SPDX-License-Identifier: MIT */
/* Comparing the tensors of a container one by one. */
#ifndef QUANT_ENGINE_FILES_COMPARE_CONTAINER_H
#define QUANT_ENGINE_FILES_COMPARE_CONTAINER_H

#include "engine/tensor/tensor.h"
#include "engine/work/pool.h"

/* Does the job on a container: source, which it takes over also after an error, is job->input
 * opened, and format is what it was recognized as. Each result goes to on_tensor; *result gets
 * what is true of all. The threads are those of the pool. The status and error are those of the
 * first tensor that failed. */
enum quant_status
quant_compare_container(const struct quant_compare_job *job, struct quant_source *source,
                        const struct quant_format *format, struct quant_pool *pool,
                        struct quant_compare_result *result, struct quant_error *error);

#endif
