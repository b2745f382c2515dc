/* SPDX-License-Identifier: MIT */
/* The statistics of the tensors of a container, which are the items of a work list. */
#ifndef QUANT_ENGINE_FILES_INSPECT_TENSORS_H
#define QUANT_ENGINE_FILES_INSPECT_TENSORS_H

#include <quant/inspect.h>

#include "engine/work/pool.h"
#include "formats/tensor_file.h"

/* All borrowed. */
struct quant_inspected_tensors {
    const struct quant_inspect_job *job; /* its input.tensor, if not NULL, is one of the file's */
    const struct quant_tensor_file *file;
    struct quant_pool *pool;
    struct quant_inspect_result *result; /* nunread is counted */
    /* Fills in everything but the statistics of the i-th tensor, in any thread. */
    void (*describe)(const void *context, size_t i, struct quant_inspected *tensor);
    const void *context;
};

/* Calls on_tensor for each, with its error if it cannot be read. The status is the first of them.
 */
enum quant_status quant_inspect_tensors(const struct quant_inspected_tensors *tensors,
                                        struct quant_error *error);

#endif
