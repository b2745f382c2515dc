/* SPDX-License-Identifier: MIT */
/* Dequantizing one file. */
#ifndef QUANT_ENGINE_FILES_DEQUANTIZE_FILE_H
#define QUANT_ENGINE_FILES_DEQUANTIZE_FILE_H

#include "engine/files/file_list.h"

/* Does the job, whose files and threads are not used, as work says: work->result is a struct
 * quant_dequantize_result. */
enum quant_status quant_dequantize_file(const struct quant_dequantize_job *job,
                                        const struct quant_file_work *work,
                                        struct quant_error *error);

#endif
