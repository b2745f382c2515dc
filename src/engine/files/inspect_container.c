/* SPDX-License-Identifier: MIT */
/* A container: its catalogue, beside what its sidecar says of each tensor. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/inspect_tensors.h"
#include "engine/files/inspected_roles.h"
#include "engine/files/inspection.h"
#include "engine/work/job.h"

/* ---- One tensor ---- */

static void fill_recorded(const struct quant_container_inspection *container, uint32_t i,
                          struct quant_recorded *recorded)
{
    const struct quant_restored_tensor *restored = &container->restored.tensors[i];
    const struct quant_entry_words *words = &container->words[i];
    const struct quant_sidecar_reader *reader = container->run->sidecar.reader;
    const struct quant_sidecar_head *head = reader ? quant_sidecar_tensors_head(reader) : NULL;
    recorded->params = restored->params;
    recorded->axis = restored->axis;
    recorded->block_size = restored->block_size;
    recorded->block_rows = restored->block_rows;
    recorded->scale_count = words->scale_count;
    snprintf(recorded->method, sizeof recorded->method, "%s", words->method);
    recorded->has_argument = words->has_argument;
    recorded->argument = words->argument;
    recorded->has_range = words->has_range;
    memcpy(recorded->range, words->range, sizeof recorded->range);
    recorded->has_observed = words->has_observed;
    memcpy(recorded->observed, words->observed, sizeof recorded->observed);
    recorded->source_dtype = words->source_dtype;
    snprintf(recorded->source_format, sizeof recorded->source_format, "%s",
             head ? head->source_format : "");
    snprintf(recorded->source_path, sizeof recorded->source_path, "%s",
             head && head->source_path ? head->source_path : "");
    recorded->xxh3_64 = restored->digests.data;
}

static void copy_shape(struct quant_shape *shape, uint32_t ndim, const uint64_t *dims)
{
    shape->ndim = (int)ndim;
    if (ndim > 0)
        memcpy(shape->dims, dims, ndim * sizeof *dims);
}

/* *tensor is not cleared as a whole: that would take longer than all the rest. */
static void fill(const struct quant_container_inspection *container, size_t i,
                 struct quant_inspected *tensor)
{
    const struct quant_tensor_info *info = &container->input.file->tensors[i];
    const struct quant_place_in_file *found = &container->places[i];
    tensor->file = container->run->result;
    snprintf(tensor->type, sizeof tensor->type, "%s", info->type->name);
    tensor->dtype = info->type->dtype;
    copy_shape(&tensor->shape, info->ndim, info->dims);
    tensor->order = (enum quant_order)info->order;
    const uint64_t *offsets = container->input.file->stored_offsets;
    tensor->offset = offsets ? offsets[i] : info->offset;
    tensor->nbytes = info->nbytes;
    tensor->nelems = quant_stored_elements(info->type, info->nbytes);
    tensor->role = (enum quant_role)found->role;
    tensor->owner = NULL;
    if (tensor->role == QUANT_ROLE_QUANTIZED) {
        const struct quant_restored_tensor *restored = &container->restored.tensors[found->entry];
        copy_shape(&tensor->shape, restored->ndim, restored->dims);
        tensor->nelems = restored->nelems;
        tensor->dtype = restored->params.dtype;
        fill_recorded(container, found->entry, &tensor->recorded);
    } else if (tensor->role == QUANT_ROLE_SCALES || tensor->role == QUANT_ROLE_ZERO_POINTS ||
               tensor->role == QUANT_ROLE_BIASES) {
        const uint32_t data = container->restored.tensors[found->entry].data;
        if (data != QUANT_NOT_STORED)
            tensor->owner = container->input.file->tensors[data].name;
    }
    tensor->has_statistics = false;
    tensor->fault.status = QUANT_OK;
    for (size_t k = 0; k < container->nfaults; k++)
        if (container->faulty[k] == i)
            tensor->fault = container->faults[k];
}

/* ---- All of it ---- */

static void describe(const void *context, size_t i, struct quant_inspected *tensor)
{
    fill(context, i, tensor);
}

static enum quant_status list(struct quant_container_inspection *container)
{
    struct quant_inspection *run = container->run;
    const struct quant_tensor_file *file = container->input.file;
    struct quant_inspected *tensor = &run->result->tensor;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        if (run->job->input.tensor && strcmp(run->job->input.tensor, file->tensors[i].name) != 0)
            continue;
        if (!quant_selection_has(&run->job->selection, file->tensors[i].name))
            continue;
        fill(container, i, tensor);
        const struct quant_tensor_result shown = {
            .tensor = i,
            .ntensors = file->n,
            .name = file->tensors[i].name,
            .nbytes = tensor->nbytes,
            .inspected = tensor,
        };
        status = quant_control_report(&run->job->control, &shown, run->error);
    }
    return status;
}

static enum quant_status measure(struct quant_container_inspection *container)
{
    const struct quant_inspection *run = container->run;
    const struct quant_inspected_tensors tensors = {
        .job = run->job,
        .file = container->input.file,
        .pool = run->pool,
        .result = run->result,
        .describe = describe,
        .context = container,
    };
    const enum quant_status status = quant_inspect_tensors(&tensors, run->error);
    return status == QUANT_OK ? quant_container_input_finish(&container->input, run->error)
                              : status;
}

static enum quant_status open_container(struct quant_container_inspection *container)
{
    struct quant_inspection *run = container->run;
    struct quant_inspect_result *result = run->result;
    struct quant_source *source = run->tensor.source;
    const char *only = run->job->input.tensor;
    size_t index;
    run->tensor.source = NULL;
    enum quant_status status = quant_container_input_open(
        &container->input, source, run->tensor.format, &run->job->control.cancel, run->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_file *file = container->input.file;
    if (only && !quant_tensor_file_find(file, only, &index))
        return quant_source_error(file->source, run->error, QUANT_INVALID,
                                  "it has no tensor '%.200s'", only);
    result->nbytes = container->input.source->size;
    result->header_nbytes = file->header_nbytes;
    return QUANT_OK;
}

enum quant_status quant_inspect_container(struct quant_inspection *run)
{
    struct quant_container_inspection container = {.run = run};
    enum quant_status status = open_container(&container);
    if (status == QUANT_OK)
        status = quant_inspected_roles_find(&container);
    if (status == QUANT_OK)
        status = run->job->measure ? measure(&container) : list(&container);
    quant_inspected_roles_release(&container);
    return status;
}
