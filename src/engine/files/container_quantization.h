/* SPDX-License-Identifier: MIT */
/* The quantization of a container under way. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_QUANTIZATION_H
#define QUANT_ENGINE_FILES_CONTAINER_QUANTIZATION_H

#include "core/plan.h"
#include "engine/files/container_output.h"
#include "engine/files/container_plan.h"
#include "engine/files/file_list.h"
#include "engine/tensor/container_input.h"
#include "engine/tensor/tensor.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"
#include "io/buffer_sink.h"

struct quant_container_place; /* what is kept of a tensor from its work until it is delivered */

struct quant_container_quantization {
    const struct quant_quantize_job *job;
    const struct quant_file_work *work; /* of the call */
    const struct quant_mappings *mappings;
    const struct quant_mapping *only; /* of the tensor of a file of one */
    struct quant_error *error;
    const struct quant_format *format;
    const struct quant_format *output_format;
    const char *sidecar_path;
    bool has_sidecar;                     /* false: the file states its own scales */
    struct quant_container_input input;   /* a container, */
    struct quant_tensor *single;          /* or borrowed: a file of one tensor */
    const struct quant_tensor_file *file; /* the catalogue of either */
    struct quant_container_plan plan;
    struct quant_container_output data;
    struct quant_file_output sidecar;
    struct quant_buffer_sink entries;     /* of the sidecar, which is written through it */
    struct quant_pool *pool;              /* borrowed: work's */
    struct quant_container_place *places; /* owned */
    unsigned nplaces;
    struct quant_progress progress; /* in elements of all tensors */
    enum quant_status status;
};

/* Maps or copies all tensors of the plan to run->data, and appends their entries to run->sidecar.
 */
enum quant_status quant_container_quantize_tensors(struct quant_container_quantization *run);

/* Frees what the work on tensors has left in *run. */
void quant_container_release_tensors(struct quant_container_quantization *run);

#endif
