/* SPDX-License-Identifier: MIT */
/* The dequantization of a container under way. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_DEQUANTIZATION_H
#define QUANT_ENGINE_FILES_CONTAINER_DEQUANTIZATION_H

#include "engine/files/container_output.h"
#include "engine/files/container_plan.h"
#include "engine/files/file_list.h"
#include "engine/files/original_container.h"
#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"

struct quant_restored_place; /* what is kept of a tensor from its work until it is delivered */

struct quant_container_dequantization {
    const struct quant_dequantize_job *job;
    const struct quant_file_work *work; /* of the call */
    struct quant_error *error;
    const char *sidecar_path;
    const struct quant_sidecar_head *head;
    enum quant_dtype dtype; /* of the floats */
    struct quant_container_input input;
    struct quant_restored_tensors restored;
    struct quant_original_container original;
    struct quant_container_plan plan; /* of the output; the i-th tensor is the i-th restored */
    struct quant_container_output output;
    struct quant_pool *pool;             /* borrowed: of the call */
    struct quant_restored_place *places; /* owned */
    unsigned nplaces;
    struct quant_progress progress;
    enum quant_status status;
};

/* Restores, measures or copies all tensors: to run->output, if the job has an output. */
enum quant_status quant_container_dequantize_tensors(struct quant_container_dequantization *run);

/* Frees what the work on tensors has left in *run. */
void quant_container_release_restored(struct quant_container_dequantization *run);

#endif
