/* SPDX-License-Identifier: MIT */
/* Restoring a container: its sidecar and its header give the layout of the output before any tensor
 * is read. */
#include "engine/files/dequantize_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/container_dequantization.h"
#include "engine/files/file_selection.h"
#include "engine/files/preview.h"
#include "engine/files/quantized_container.h"
#include "engine/files/stated_scales.h"
#include "engine/work/job.h"
#include "io/distinct_paths.h"
#include "io/free_space.h"

static const struct quant_tensor_info *info_of(const struct quant_container_dequantization *run,
                                               uint32_t index)
{
    return &run->input.file->tensors[index];
}

/* ---- The output ---- */

/* Shapes of packed integers are true of the integers alone. */
static enum quant_status keep_metadata(struct quant_container_dequantization *run,
                                       struct quant_metadata_pair **metadata, size_t *n)
{
    static const char own[] = "quant.shape.";
    const struct quant_tensor_file *file = run->input.file;
    *n = 0;
    *metadata = quant_arena_take(&run->plan.arena, (file->nmetadata + 1) * sizeof **metadata);
    if (!*metadata)
        return quant_error_no_memory(run->error, file->nmetadata * sizeof **metadata, "tensors");
    for (size_t i = 0; i < file->nmetadata; i++)
        if (strncmp(file->metadata[i].key, own, sizeof own - 1) != 0)
            (*metadata)[(*n)++] = file->metadata[i];
    return QUANT_OK;
}

static enum quant_status plan_output(struct quant_container_dequantization *run,
                                     const struct quant_format *format)
{
    const struct quant_container *container = format->container;
    const struct quant_restored_tensors *restored = &run->restored;
    struct quant_metadata_pair *metadata = NULL;
    size_t nmetadata = 0;
    enum quant_status status = quant_container_plan_begin(&run->plan, 0, restored->n, run->error);
    if (status == QUANT_OK)
        status = keep_metadata(run, &metadata, &nmetadata);
    run->plan.layout.origin = run->input.file;
    run->plan.layout.mapped = container->type_of(run->dtype);
    for (size_t i = 0; status == QUANT_OK && i < restored->n; i++) {
        const struct quant_restored_tensor *tensor = &restored->tensors[i];
        const struct quant_tensor_info *info = info_of(run, tensor->data);
        const struct quant_stored_type *copied = NULL;
        status = quant_container_plan_check(run->input.file, info, tensor->is_copied, tensor->order,
                                            format, &copied, run->error);
        quant_container_plan_add(&run->plan, info->name,
                                 tensor->is_copied ? copied : container->type_of(run->dtype),
                                 tensor->dims, tensor->ndim, tensor->order);
    }
    return status == QUANT_OK ? quant_container_plan_lay_out(&run->plan, container, metadata,
                                                             nmetadata, run->error)
                              : status;
}

static enum quant_status preview_tensor(const struct quant_container_dequantization *run, size_t i)
{
    const struct quant_restored_tensor *restored = &run->restored.tensors[i];
    const struct quant_tensor_info *info = info_of(run, restored->data);
    const struct quant_container_tensor *output = &run->plan.layout.tensors[i];
    struct quant_tensor_preview preview = {.is_copied = restored->is_copied,
                                           .has_shape = true,
                                           .ndim = restored->ndim,
                                           .dims = restored->dims,
                                           .from = info->type->name,
                                           .to = output->type->name,
                                           .axis = -1,
                                           .nbytes = output->data.nbytes};
    if (!restored->is_copied) {
        preview.dtype = run->dtype;
        preview.scheme = restored->params.scheme;
        preview.axis = restored->axis;
        preview.block_size = restored->block_size;
        preview.block_rows = restored->block_rows;
        if (restored->scales != QUANT_NOT_STORED)
            preview.scale_count = info_of(run, restored->scales)->nbytes /
                                  quant_dtype_bytes(restored->params.scale_dtype, 1);
        preview.has_biases = quant_params_have_biases(&restored->params);
        preview.has_zero_points = restored->zero_points != QUANT_NOT_STORED && !preview.has_biases;
    }
    const struct quant_tensor_result result = {.tensor = i,
                                               .ntensors = run->restored.n,
                                               .name = info->name,
                                               .is_copied = restored->is_copied,
                                               .nbytes = info->nbytes,
                                               .preview = &preview};
    return quant_control_report(&run->job->control, &result, run->error);
}

static enum quant_status preview_file(const struct quant_container_dequantization *run,
                                      const struct quant_format *format)
{
    struct quant_file_preview *preview = &run->work->outcome->preview;
    enum quant_status status = quant_preview_check(&run->job->output, NULL, NULL, run->error);
    for (size_t i = 0; status == QUANT_OK && i < run->restored.n; i++)
        status = preview_tensor(run, i);
    quant_preview_container(preview, &run->plan, run->restored.n, run->restored.ncopied);
    preview->source_format = run->input.file->format->name;
    preview->format = format->name;
    return status;
}

static enum quant_status open_output(struct quant_container_dequantization *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_format *format = NULL;
    const char *const inputs[] = {run->job->path, run->sidecar_path, run->job->against.path,
                                  run->original.path};
    const char *const outputs[] = {output->path};
    enum quant_status status = quant_paths_distinct(inputs, 4, outputs, 1, run->error);
    if (status == QUANT_OK)
        status = quant_output_format(output, run->input.file->format, &format, run->error);
    if (status == QUANT_OK && !format->container)
        status = quant_error_set(
            run->error, QUANT_INVALID,
            "cannot dequantize '%s': a file of named tensors cannot be restored to the format %s",
            run->input.source->name, format->name);
    if (status == QUANT_OK)
        status = plan_output(run, format);
    if (status == QUANT_OK && run->job->ways & QUANT_DRY_RUN)
        return preview_file(run, format);
    if (status == QUANT_OK && run->work->compare) {
        run->output.sink = &run->work->compare->sink;
        return quant_container_output_begin(&run->output, &run->plan.layout, run->error);
    }
    const struct quant_space_need need = {output->path, run->plan.layout.nbytes};
    if (status == QUANT_OK)
        status = quant_free_space_check(&need, 1, run->error);
    if (status == QUANT_OK)
        status = quant_container_output_open(&run->output, output->path, output->force,
                                             &run->job->control.cancel, run->error);
    if (status == QUANT_OK)
        status = quant_container_output_begin(&run->output, &run->plan.layout, run->error);
    return status;
}

/* ---- The file ---- */

/* What is not selected is as if the file did not have it. */
static enum quant_status select_tensors(struct quant_container_dequantization *run)
{
    const struct quant_selection *selection = &run->job->selection;
    struct quant_restored_tensors *restored = &run->restored;
    const size_t n = restored->n;
    restored->n = restored->ncopied = 0;
    for (size_t i = 0; i < n; i++) {
        const struct quant_restored_tensor *tensor = &restored->tensors[i];
        if (!quant_selection_has(selection, info_of(run, tensor->data)->name))
            continue;
        restored->ncopied += tensor->is_copied;
        restored->tensors[restored->n++] = *tensor;
    }
    if (restored->n > 0 || n == 0)
        return QUANT_OK;
    return quant_selection_error("dequantize", run->job->path, n, run->error);
}

static enum quant_status finish(struct quant_container_dequantization *run)
{
    enum quant_status status = quant_container_input_finish(&run->input, run->error);
    if (status == QUANT_OK && run->job->measure)
        status = quant_original_container_check_unchanged(&run->original, run->error);
    if (status != QUANT_OK || !run->job->output.path || run->work->compare)
        return status;
    status = quant_container_output_finish(&run->output, run->error);
    struct quant_file_output *const outputs[] = {&run->output.final};
    run->output.final.syncs = run->job->ways & QUANT_SYNC;
    return status == QUANT_OK ? quant_output_commit_n(outputs, 1, NULL, NULL, run->error) : status;
}

/* A file of one tensor is the original of one tensor. Others would be measured against the wrong
 * floats, and by several threads at once, which its reader cannot do if it is a stream. */
static enum quant_status open_original(struct quant_container_dequantization *run)
{
    const size_t nmapped = run->restored.n - run->restored.ncopied;
    const enum quant_status status = quant_original_container_open(
        &run->original, run->job, run->head, run->sidecar_path, run->error);
    if (status != QUANT_OK || run->original.input.file || nmapped <= 1)
        return status;
    return quant_error_set(run->error, QUANT_INVALID,
                           "cannot measure '%s' against '%s': it has %zu quantized tensors, and "
                           "the original has one",
                           run->input.source->name, run->original.single.source->name, nmapped);
}

/* By its sidecar, or without one. */
static enum quant_status open_input(struct quant_container_dequantization *run,
                                    struct quant_sidecar_reader *reader)
{
    const struct quant_cancel *cancel = &run->job->control.cancel;
    if (!reader)
        return quant_stated_scales_open(&run->input, &run->restored, run->job->path, cancel,
                                        run->error);
    const enum quant_status status = quant_quantized_container_open(
        &run->input, run->job->path, reader, run->sidecar_path, cancel, run->error);
    return status == QUANT_OK
               ? quant_restored_tensors_read(&run->restored, reader, run->input.file, run->error)
               : status;
}

static enum quant_status run_file(struct quant_container_dequantization *run,
                                  struct dequantization *pair)
{
    enum quant_status status = open_input(run, pair ? pair->tensors : NULL);
    if (status == QUANT_OK && pair)
        status = quant_dequantization_check_pair(pair);
    if (status == QUANT_OK)
        status = select_tensors(run);
    if (status == QUANT_OK && run->job->measure)
        status = open_original(run);
    if (status == QUANT_OK && run->job->output.path)
        status = open_output(run);
    if (run->job->ways & QUANT_DRY_RUN)
        return status;
    if (status == QUANT_OK)
        status = quant_container_dequantize_tensors(run);
    return status == QUANT_OK ? finish(run) : status;
}

enum quant_status quant_dequantize_container(const struct quant_dequantize_job *job,
                                             struct dequantization *pair,
                                             const struct quant_file_work *work,
                                             struct quant_error *error)
{
    struct quant_dequantize_result *result = work->result;
    struct quant_container_dequantization *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    run->job = job;
    run->error = error;
    run->sidecar_path = pair ? pair->sidecar_path : NULL;
    run->work = work;
    run->pool = work->pool;
    run->head = pair ? quant_sidecar_tensors_head(pair->tensors) : NULL;
    run->dtype = job->dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : job->dtype;
    run->output.final.fd = run->output.spool.fd = -1;
    run->progress =
        (struct quant_progress){.call = job->control.progress, .context = job->control.context};
    const enum quant_status status = run_file(run, pair);
    result->ntensors = run->restored.n;
    result->ncopied = run->restored.ncopied;
    quant_container_release_restored(run);
    quant_container_output_discard(&run->output);
    quant_container_plan_release(&run->plan);
    quant_original_container_close(&run->original);
    quant_restored_tensors_release(&run->restored);
    quant_container_input_close(&run->input);
    free(run);
    return status;
}
