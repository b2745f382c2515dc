/* SPDX-License-Identifier: MIT */
/* The tensors of a quantized container one by one, as in quantize_tensors.c: restored or copied,
 * measured against their originals, or both. */
#include "engine/files/container_dequantization.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/restored_reader.h"
#include "engine/files/tensor_copy.h"
#include "engine/tensor/restore_run.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"

struct quant_restored_place {
    struct quant_buffers buffers; /* without a pool, whose workers have their own */
    struct quant_restore_run run;
    struct quant_restored_reader quantized;
    struct quant_tensor original;
    struct quant_tensor_output output;
    struct quant_progress *progress; /* of its passes, while it is worked on */
    enum quant_order order;
    struct quant_dequantize_result result;
    enum quant_status status;
    struct quant_error error;
};

static const struct quant_tensor_info *info_of(const struct quant_container_dequantization *run,
                                               uint32_t index)
{
    return &run->input.file->tensors[index];
}

static const char *name_of(const struct quant_container_dequantization *run,
                           const struct quant_restored_tensor *restored)
{
    return info_of(run, restored->data)->name;
}

/* ---- One tensor ---- */

static enum quant_status open_tensor(struct quant_container_dequantization *run,
                                     struct quant_restored_place *place,
                                     const struct quant_restored_tensor *restored, uint64_t i)
{
    const bool writes = run->job->output.path;
    const struct quant_tensor_file *file = run->input.file;
    enum quant_status status =
        quant_restored_reader_open(&place->quantized, file, restored, &place->error);
    if (status == QUANT_OK)
        status =
            quant_restored_reader_open_scales(&place->quantized, file, restored, &place->error);
    if (status == QUANT_OK && run->job->measure)
        status = quant_original_container_tensor(&run->original, name_of(run, restored), restored,
                                                 &place->original, &place->error);
    if (status == QUANT_OK && writes) {
        place->output = (struct quant_tensor_output){
            .sink = run->output.sink, .offset = run->plan.layout.tensors[i].data.offset};
        status = quant_tensor_output_open(&place->output, &place->error);
    }
    return status;
}

static void fill_result(struct quant_container_dequantization *run,
                        struct quant_restored_place *place)
{
    const struct quant_granularity whole = {.has_axis = false};
    struct quant_dequantize_result *result = &place->result;
    *result = (struct quant_dequantize_result){.params = *place->run.params};
    result->shape = place->quantized.shape;
    result->order = place->order;
    if (place->run.groups)
        result->grouping = place->quantized.groups.grouping;
    else
        quant_grouping_make(&whole, &place->quantized.shape, place->order, &result->grouping, NULL);
    if (!run->job->measure)
        return;
    const struct quant_reader *original = place->original.reader;
    quant_measure_report(&place->run.measure, original->stored, result->grouping.count,
                         &result->report);
    result->source_dtype = original->stored;
    result->source_format = original->format->name;
    snprintf(result->source_path, sizeof result->source_path, "%s",
             run->original.path ? run->original.path : run->job->against.path);
    result->worst = place->run.ranking.worst;
}

static enum quant_status restore_tensor(struct quant_container_dequantization *run,
                                        struct quant_restored_place *place,
                                        const struct quant_restored_tensor *restored,
                                        const struct quant_work_item *item)
{
    enum quant_status status = open_tensor(run, place, restored, item->i);
    if (status != QUANT_OK)
        return status;
    place->run = (struct quant_restore_run){
        .params = &restored->params,
        .groups = restored->axis >= 0 ? &place->quantized.groups : NULL,
        .reader = place->quantized.reader,
        .checksum = &place->quantized.checksum,
        .original = run->job->measure ? &place->original : NULL,
        .output = run->job->output.path ? &place->output : NULL,
        .dtype = run->dtype,
        .shape = &place->quantized.shape,
        .order = restored->order,
        .nelems = restored->nelems,
        .progress = place->progress,
        .pool = item->pool,
        .buffers = run->pool ? quant_pool_buffers(run->pool, item->worker) : &place->buffers,
        .threads = quant_pool_threads(item->pool),
    };
    status = quant_restore_run_begin(&place->run, &place->error);
    if (status == QUANT_OK)
        status = quant_restore_run_make_pass(&place->run, &place->error);
    if (status == QUANT_OK)
        status = quant_restored_reader_check(&place->quantized, run->input.file, restored,
                                             &place->error);
    if (status == QUANT_OK && place->run.output)
        status = quant_tensor_output_finish(&place->output, &place->error);
    if (status == QUANT_OK)
        fill_result(run, place);
    return status;
}

static void close_tensor(struct quant_container_dequantization *run,
                         struct quant_restored_place *place)
{
    quant_restore_run_release(&place->run);
    place->run = (struct quant_restore_run){.params = NULL};
    quant_tensor_output_release(&place->output);
    quant_original_container_close_tensor(&run->original, &place->original);
    quant_restored_reader_close(&place->quantized);
}

static enum quant_status copy_tensor(struct quant_container_dequantization *run,
                                     struct quant_restored_place *place,
                                     const struct quant_restored_tensor *restored, uint64_t i)
{
    const struct quant_tensor_info *info = info_of(run, restored->data);
    const struct quant_extent from = {info->offset, info->nbytes};
    const bool writes = run->job->output.path;
    uint64_t digest = 0;
    const enum quant_status status = quant_tensor_copy(
        run->input.file->source, &from, writes ? run->output.sink : NULL,
        writes ? run->plan.layout.tensors[i].data.offset : 0, &digest, &place->error);
    return status == QUANT_OK && !restored->is_unchecked
               ? quant_stored_tensor_check(run->input.file, restored->data, digest,
                                           restored->digests.data, &place->error)
               : status;
}

/* ---- The work list ---- */

static uint64_t nelems(void *context, uint64_t i)
{
    const struct quant_container_dequantization *run = context;
    const struct quant_restored_tensor *restored = &run->restored.tensors[i];
    return restored->nelems;
}

static void work(void *context, struct quant_work_item *item)
{
    struct quant_container_dequantization *run = context;
    struct quant_restored_place *place = &run->places[item->place];
    const struct quant_restored_tensor *restored = &run->restored.tensors[item->i];
    place->progress = item->progress;
    if (restored->is_copied) {
        place->status = copy_tensor(run, place, restored, item->i);
        return;
    }
    place->status = restore_tensor(run, place, restored, item);
    close_tensor(run, place);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct quant_container_dequantization *run = context;
    struct quant_restored_place *place = &run->places[number];
    const struct quant_restored_tensor *restored = &run->restored.tensors[i];
    const bool failed = place->status != QUANT_OK;
    const struct quant_tensor_result result = {
        .tensor = (size_t)i,
        .ntensors = run->restored.n,
        .name = name_of(run, restored),
        .status = place->status,
        .error = failed ? &place->error : NULL,
        .is_copied = restored->is_copied,
        .nbytes = info_of(run, restored->data)->nbytes,
        .restored = restored->is_copied || failed ? NULL : &place->result};
    run->status = quant_control_report(&run->job->control, &result, run->error);
    if (failed) {
        run->status = place->status;
        if (run->error)
            *run->error = place->error;
    }
    return run->status == QUANT_OK;
}

enum quant_status quant_container_dequantize_tensors(struct quant_container_dequantization *run)
{
    enum { WAITING = 120 }; /* results, a few KiB each */
    const struct quant_work_list list = {.n = run->restored.n,
                                         .waiting = WAITING,
                                         .pool = run->pool,
                                         .progress = &run->progress,
                                         .context = run,
                                         .nelems = nelems,
                                         .work = work,
                                         .deliver = deliver};
    run->nplaces = quant_work_list_places(&list);
    run->places = calloc(run->nplaces, sizeof *run->places);
    if (!run->places)
        return quant_error_no_memory(run->error, run->nplaces * sizeof *run->places, "buffers");
    run->status = QUANT_OK;
    quant_work_list_run(&list);
    return run->status;
}

void quant_container_release_restored(struct quant_container_dequantization *run)
{
    for (unsigned i = 0; i < run->nplaces && run->places; i++)
        quant_buffers_release(&run->places[i].buffers, 1);
    free(run->places);
}
