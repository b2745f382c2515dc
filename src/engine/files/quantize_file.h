/* SPDX-License-Identifier: MIT */
/* Quantizing one file. */
#ifndef QUANT_ENGINE_FILES_QUANTIZE_FILE_H
#define QUANT_ENGINE_FILES_QUANTIZE_FILE_H

#include <quant/file.h>

#include "engine/work/pool.h"

/* Does the job, whose files and threads are not used, with the threads of the pool. *result is
 * zeroed by the caller. */
enum quant_status quant_quantize_file(const struct quant_quantize_job *job, struct quant_pool *pool,
                                      struct quant_quantize_result *result,
                                      struct quant_error *error);

#endif
