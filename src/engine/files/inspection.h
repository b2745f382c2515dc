/* SPDX-License-Identifier: MIT */
/* An inspection of one file under way. */
#ifndef QUANT_ENGINE_FILES_INSPECTION_H
#define QUANT_ENGINE_FILES_INSPECTION_H

#include <quant/inspect.h>

#include "engine/files/inspected_sidecar.h"
#include "engine/tensor/tensor.h"
#include "engine/work/pool.h"

struct quant_inspection {
    const struct quant_inspect_job *job; /* its input.path, sidecar and control are the file's */
    struct quant_pool *pool;
    struct quant_tensor tensor; /* owned: source and format; of a file of one tensor its reader */
    struct quant_inspected_sidecar sidecar; /* owned */
    struct quant_inspect_result *result;
    struct quant_error *error;
};

/* The file, once its format and sidecar are known. A container takes the source out of tensor. */
enum quant_status quant_inspect_single(struct quant_inspection *run);
enum quant_status quant_inspect_container(struct quant_inspection *run);

/* Counts a contradiction between the file and its sidecar; the first is the file's. */
void quant_inspection_add_fault(struct quant_inspection *run, const struct quant_error *fault);

/* What statistics try of a tensor: the job's spec for floats that can be quantized, else NULL. */
const struct quant_spec *quant_inspected_spec(const struct quant_inspect_job *job,
                                              const struct quant_inspected *tensor);

/* Sets *remark: integers need the sidecar of the file, which is missing. */
void quant_inspection_miss_sidecar(struct quant_inspection *run, const char *what);

#endif
