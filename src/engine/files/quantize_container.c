/* SPDX-License-Identifier: MIT */
/* Quantizing a container: its header gives the plan, and with it the place of every byte, before
 * any tensor is read. */
#include "engine/files/quantize_container.h"
#include "engine/files/sidecar_pair.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/shape.h"
#include "base/utf8.h"
#include "engine/files/complete_output.h"
#include "engine/files/container_quantization.h"
#include "engine/files/plan_digest.h"
#include "engine/files/preview.h"
#include "engine/files/quantization_plan.h"
#include "engine/files/sidecar_record.h"
#include "engine/files/single_name.h"
#include "engine/work/job.h"
#include "io/free_space.h"
#include "records/sidecar_tensors.h"

/* What the caller named, before it was spooled. */
static struct quant_source *input_source(const struct quant_container_quantization *run)
{
    if (run->single)
        return quant_tensor_source(run->single);
    return run->input.stream ? run->input.stream : run->input.source;
}

static enum quant_status make_plan(struct quant_container_quantization *run)
{
    const struct quant_quantize_job *job = run->job;
    const struct quant_container_rules rules = {
        .format = run->output_format,
        .mappings = run->mappings,
        .only = run->only,
        .may_copy_all = run->work->file->may_copy_all ||
                        (quant_mappings_choose(run->mappings) && job->nfiles > 1),
    };
    return quant_container_plan_quantize(&run->plan, run->file, &rules, run->error);
}

static enum quant_status choose_format(struct quant_container_quantization *run)
{
    enum quant_status status =
        quant_output_format(&run->job->output, run->format, &run->output_format, run->error);
    if (status == QUANT_OK)
        status = quant_mappings_check_format(run->mappings, run->output_format, run->error);
    if (status != QUANT_OK || run->output_format->container)
        return status;
    return quant_error_set(
        run->error, QUANT_INVALID,
        "cannot quantize '%s': it has named tensors (%s: %s), and the format %s has room for one "
        "without a name; --to npz or --to safetensors keeps them",
        run->file->source->name, run->format->name, run->format->summary, run->output_format->name);
}

static enum quant_status open_outputs(struct quant_container_quantization *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_cancel *cancel = &run->job->control.cancel;
    const struct quant_space_need need = {output->path, run->plan.layout.nbytes};
    enum quant_status status = quant_free_space_check(&need, 1, run->error);
    if (status == QUANT_OK)
        status = quant_container_output_open(&run->data, output->path, output->force, cancel,
                                             run->error);
    if (status == QUANT_OK && run->has_sidecar)
        status =
            quant_output_open(&run->sidecar, run->sidecar_path, output->force, cancel, run->error);
    run->data.final.syncs = run->sidecar.syncs = run->job->ways & QUANT_SYNC;
    if (status == QUANT_OK)
        status = quant_container_output_begin(&run->data, &run->plan.layout, run->error);
    return status;
}

/* *source and *data are for the caller to free, also after an error. */
static enum quant_status make_head(struct quant_container_quantization *run, char **source,
                                   char **data, struct quant_sidecar_head *head)
{
    const struct quant_quantize_job *job = run->job;
    const struct quant_container_layout *layout = &run->plan.layout;
    const struct quant_written_layout *written =
        quant_mappings_layout(run->mappings, run->output_format);
    *source = *data = NULL;
    enum quant_status status = quant_record_path(
        source, job->input.path, input_source(run)->positional, run->sidecar_path, run->error);
    if (status == QUANT_OK)
        status = quant_record_path(data, job->output.path, false, run->sidecar_path, run->error);
    *head = (struct quant_sidecar_head){
        .source_path = *source,
        .source_format = run->format->name,
        .source_nbytes = input_source(run)->size,
        .data_path = *data,
        .data_format = run->output_format->name,
        .layout = written ? written->name : NULL,
        .data_nbytes = layout->nbytes,
        .header_nbytes = layout->header_nbytes,
        .header_xxh3_64 = XXH3_64bits(layout->header, layout->header_nbytes),
        .plan_xxh3_64 = quant_plan_digest(run->mappings, run->output_format),
    };
    return status;
}

static enum quant_status begin_sidecar(struct quant_container_quantization *run)
{
    char *source;
    char *data;
    struct quant_sidecar_head head;
    enum quant_status status = make_head(run, &source, &data, &head);
    if (status == QUANT_OK)
        status = quant_buffer_sink_open(&run->entries, &run->sidecar.sink, run->error);
    if (status == QUANT_OK)
        status = quant_sidecar_begin_tensors(&run->entries.sink, &head, run->error);
    free(source);
    free(data);
    return status;
}

/* After an earlier run. */
static enum quant_status check_complete(struct quant_container_quantization *run)
{
    const uint64_t ways = run->job->ways;
    char *source;
    char *data;
    struct quant_sidecar_head head;
    if (!quant_ways_resume(ways) || !run->job->output.force || !run->has_sidecar ||
        run->job->nties > 0) /* ranges are those of other files too */
        return QUANT_OK;
    enum quant_status status = make_head(run, &source, &data, &head);
    if (status == QUANT_OK)
        status = quant_complete_container(run, &head, ways & (QUANT_RESUME_FAST | QUANT_DRY_RUN),
                                          &run->work->outcome->is_complete, run->error);
    free(source);
    free(data);
    return status;
}

static enum quant_status end_sidecar(struct quant_container_quantization *run)
{
    const enum quant_status status = quant_sidecar_end_tensors(&run->entries.sink, run->error);
    return status == QUANT_OK ? quant_buffer_sink_flush(&run->entries, run->error) : status;
}

static enum quant_status commit(struct quant_container_quantization *run)
{
    const struct quant_output *output = &run->job->output;
    struct quant_file_output *const outputs[] = {&run->data.final};
    struct quant_file_output *record = run->has_sidecar ? &run->sidecar : NULL;
    struct quant_pair_replacement replacement = {.data = NULL};
    enum quant_status status = QUANT_OK;
    if (output->force && record)
        status = quant_pair_replacement_init(&replacement, output->path, run->sidecar_path, false,
                                             &run->job->control.cancel, run->error);
    if (status == QUANT_OK)
        status = quant_output_commit_n(outputs, 1, record, &replacement.io, run->error);
    quant_file_keep_old_copy(run->work, &run->data.final);
    quant_pair_replacement_release(&replacement);
    return status;
}

static enum quant_status finish(struct quant_container_quantization *run)
{
    enum quant_status status = run->has_sidecar ? end_sidecar(run) : QUANT_OK;
    if (status == QUANT_OK)
        status = run->single ? quant_source_check_unchanged(input_source(run), run->error)
                             : quant_container_input_finish(&run->input, run->error);
    if (status == QUANT_OK)
        status = quant_mappings_check_unchanged(run->mappings, run->error);
    if (status == QUANT_OK)
        status = quant_container_output_finish(&run->data, run->error);
    return status == QUANT_OK ? commit(run) : status;
}

/* ---- A dry run ---- */

static enum quant_status preview_tensor(const struct quant_container_quantization *run, size_t i)
{
    const struct quant_planned_tensor *planned = &run->plan.tensors[i];
    const struct quant_tensor_info *info = &run->file->tensors[planned->source];
    struct quant_tensor_preview preview = {.axis = -1};
    struct quant_grouping grouping;
    enum quant_status status = QUANT_OK;
    if (!planned->is_copied) {
        const struct quant_shape shape = quant_shape_of(info->dims, info->ndim);
        status = quant_grouping_make(&planned->plan->granularity, &shape, QUANT_ORDER_C, &grouping,
                                     run->error);
        if (status == QUANT_OK)
            quant_preview_mapping(&preview, planned->plan, &grouping);
    }
    quant_preview_planned(&preview, &run->plan, planned, info);
    const struct quant_tensor_result result = {.tensor = i,
                                               .ntensors = run->plan.n,
                                               .name = info->name,
                                               .is_copied = planned->is_copied,
                                               .nbytes = info->nbytes,
                                               .preview = &preview};
    return status == QUANT_OK ? quant_control_report(&run->job->control, &result, run->error)
                              : status;
}

static enum quant_status preview_file(struct quant_container_quantization *run)
{
    struct quant_file_preview *preview = &run->work->outcome->preview;
    enum quant_status status = quant_preview_check(
        &run->job->output, run->has_sidecar ? run->sidecar_path : NULL, NULL, run->error);
    for (size_t i = 0; status == QUANT_OK && i < run->plan.n; i++)
        status = preview_tensor(run, i);
    quant_preview_container(preview, &run->plan, run->plan.n, run->plan.ncopied);
    preview->source_format = run->format->name;
    preview->format = run->output_format->name;
    return status;
}

static enum quant_status run_file(struct quant_container_quantization *run)
{
    enum quant_status status = make_plan(run);
    if (status == QUANT_OK)
        status = check_complete(run);
    if (status == QUANT_OK && run->work->outcome->is_complete)
        return QUANT_OK;
    if (status == QUANT_OK && run->job->ways & QUANT_DRY_RUN)
        return preview_file(run);
    if (status == QUANT_OK)
        status = open_outputs(run);
    if (status == QUANT_OK && run->has_sidecar)
        status = begin_sidecar(run);
    if (status == QUANT_OK)
        status = quant_container_quantize_tensors(run);
    return status == QUANT_OK ? finish(run) : status;
}

static void close_all(struct quant_container_quantization *run)
{
    quant_container_release_tensors(run);
    quant_buffer_sink_release(&run->entries);
    quant_output_discard(&run->sidecar);
    quant_container_output_discard(&run->data);
    quant_container_plan_release(&run->plan);
    quant_container_input_close(&run->input);
}

/* NULL: no memory. */
static struct quant_container_quantization *
make_run(const struct quant_quantize_job *job, const struct quant_mappings *mappings,
         const char *sidecar_path, const struct quant_file_work *work, struct quant_error *error)
{
    struct quant_container_quantization *run = calloc(1, sizeof *run);
    if (!run) {
        quant_error_no_memory(error, sizeof *run, "buffers");
        return NULL;
    }
    run->job = job;
    run->mappings = mappings;
    run->has_sidecar = !quant_mappings_have_blocks(mappings);
    run->error = error;
    run->sidecar_path = sidecar_path;
    run->work = work;
    run->pool = work->pool;
    run->sidecar.fd = run->data.final.fd = run->data.spool.fd = -1;
    run->progress =
        (struct quant_progress){.call = job->control.progress, .context = job->control.context};
    return run;
}

static enum quant_status end_run(struct quant_container_quantization *run, enum quant_status status,
                                 const struct quant_file_work *work)
{
    struct quant_quantize_result *result = work->result;
    if (status == QUANT_OK) {
        result->source_format = run->format->name;
        result->ntensors = run->plan.n;
        result->ncopied = run->plan.ncopied;
    }
    close_all(run);
    free(run);
    return status;
}

enum quant_status
quant_quantize_container(const struct quant_quantize_job *job,
                         const struct quant_mappings *mappings, struct quant_source *source,
                         const struct quant_format *format, const char *sidecar_path,
                         const struct quant_file_work *work, struct quant_error *error)
{
    struct quant_container_quantization *run = make_run(job, mappings, sidecar_path, work, error);
    if (!run) {
        quant_source_close(source);
        return QUANT_NO_MEMORY;
    }
    run->format = format;
    enum quant_status status =
        quant_container_input_open(&run->input, source, format, &job->control.cancel, error);
    run->file = run->input.file;
    if (status == QUANT_OK)
        status = choose_format(run);
    if (status == QUANT_OK)
        status = run_file(run);
    return end_run(run, status, work);
}

/* ---- A file of one tensor ---- */

static enum quant_status preview_unknown(struct quant_container_quantization *run)
{
    struct quant_file_preview *preview = &run->work->outcome->preview;
    quant_preview_mapping(&preview->tensor, &run->only->plan, NULL);
    preview->tensor.from = quant_dtype_info(run->single->reader->stored)->name;
    preview->tensor.to = quant_dtype_info(run->only->plan.target.dtype)->name;
    preview->source_format = run->format->name;
    preview->format = run->output_format->name;
    run->work->outcome->is_unsized = true;
    return quant_preview_check(&run->job->output, run->sidecar_path, NULL, run->error);
}

static enum quant_status check_single(const struct quant_container_quantization *run,
                                      const char *name)
{
    const struct quant_reader *reader = quant_tensor_origin(run->single);
    const char *path = run->job->input.path;
    if (!name)
        return quant_error_no_memory(run->error, strlen(path), "names");
    if (!quant_is_utf8(name))
        return quant_error_set(run->error, QUANT_INVALID,
                               "cannot name a tensor after '%s', which is not UTF-8", path);
    if (reader->order == QUANT_ORDER_FORTRAN && quant_shape_has_order(&reader->shape) &&
        !run->output_format->container->keeps_order)
        return quant_error_set(run->error, QUANT_UNSUPPORTED,
                               "cannot quantize '%s' to the format %s: its elements are in Fortran "
                               "order, which that format does not have",
                               path, run->output_format->name);
    return QUANT_OK;
}

/* As if the file were a container with one tensor. */
static enum quant_status run_single(struct quant_container_quantization *run)
{
    const struct quant_reader *reader = quant_tensor_origin(run->single);
    const uint32_t by_name[] = {0};
    char *name = run->job->input.tensor ? strdup(run->job->input.tensor)
                                        : quant_single_name(run->job->input.path);
    const struct quant_tensor_info info = {
        .name = name,
        .type = run->output_format->container->type_of(reader->stored),
        .dims = reader->shape.dims,
        .ndim = (uint32_t)reader->shape.ndim,
        .nbytes = quant_dtype_bytes(reader->stored, reader->nelems),
        .order = (uint8_t)reader->order,
    };
    const struct quant_tensor_file file = {.format = run->format,
                                           .source = quant_tensor_source(run->single),
                                           .tensors = &info,
                                           .by_name = by_name,
                                           .n = 1};
    enum quant_status status = check_single(run, name);
    run->file = &file;
    if (status == QUANT_OK)
        status = run_file(run);
    free(name);
    return status;
}

enum quant_status
quant_quantize_into_container(const struct quant_quantize_job *job,
                              const struct quant_mappings *mappings,
                              const struct quant_mapping *mapping, struct quant_tensor *tensor,
                              const struct quant_format *output_format, const char *sidecar_path,
                              const struct quant_file_work *work, struct quant_error *error)
{
    struct quant_container_quantization *run = make_run(job, mappings, sidecar_path, work, error);
    if (!run)
        return QUANT_NO_MEMORY;
    run->single = tensor;
    run->only = mapping;
    run->format = tensor->format;
    run->output_format = output_format;
    enum quant_status status = QUANT_OK;
    /* A dry run does not read a pipe to its end, and has no shape to plan with if that is needed.
     */
    const bool is_dry = job->ways & QUANT_DRY_RUN;
    if (is_dry && tensor->reader->knowledge != QUANT_SHAPE_KNOWN)
        return end_run(run, preview_unknown(run), work);
    if (!is_dry && !quant_reader_is_positional(tensor->reader))
        status = quant_tensor_spool(tensor, &job->control.cancel, error);
    if (status == QUANT_OK)
        status = run_single(run);
    return end_run(run, status, work);
}
