/* SPDX-License-Identifier: MIT */
/* Quantizing one file. */
#ifndef QUANT_ENGINE_FILES_QUANTIZE_FILE_H
#define QUANT_ENGINE_FILES_QUANTIZE_FILE_H

#include <quant/file.h>

#include "engine/files/file_list.h"
#include "engine/files/mappings.h"

/* Does the job, whose files and threads are not used, as work says: work->result is a struct
 * quant_quantize_result. */
enum quant_status quant_quantize_file(const struct quant_quantize_job *job,
                                      const struct quant_mappings *mappings,
                                      const struct quant_file_work *work,
                                      struct quant_error *error);

#endif
