/* SPDX-License-Identifier: MIT */
#include "engine/files/inspect_tensors.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/source_window.h"
#include "engine/files/inspection.h"
#include "engine/tensor/number_reader.h"
#include "engine/tensor/statistics.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"

/* What is kept of a tensor from its work until it is delivered. */
struct place {
    struct quant_pool *pool; /* owned: one thread, for small tensors; made when first needed */
    struct quant_inspected inspected;
    enum quant_status status;
    struct quant_error error;
};

struct tensors_run {
    const struct quant_inspected_tensors *tensors;
    size_t first;         /* tensor of the list */
    struct place *places; /* owned */
    unsigned nplaces;
    enum quant_status status; /* of the first tensor that failed */
    struct quant_error *error;
};

/* ---- One tensor ---- */

/* As what its sidecar says it is, or else the container. */
static enum quant_status open_reader(const struct tensors_run *run, struct place *place, size_t i,
                                     struct quant_tensor *tensor)
{
    const struct quant_tensor_file *file = run->tensors->file;
    const struct quant_tensor_info *info = &file->tensors[i];
    const struct quant_inspected *inspected = &place->inspected;
    const bool is_integer = quant_dtype_info(inspected->dtype)->is_integer;
    const struct quant_reader head = {
        .format = file->format,
        .stored = inspected->dtype,
        .delivered = is_integer ? inspected->dtype : QUANT_FLOAT32,
        .byte_order = (enum quant_byte_order)info->byte_order,
        .order = inspected->order,
        .knowledge = QUANT_SHAPE_KNOWN,
        .shape = inspected->shape,
    };
    struct quant_reader *reader = NULL;
    tensor->source = quant_source_window_of_tensor(file->source, info);
    if (!tensor->source)
        return quant_error_no_memory(&place->error, 256, "buffers");
    const enum quant_status status =
        quant_flat_open_reader(tensor->source, &head, 0, &reader, &place->error);
    if (status == QUANT_OK && is_integer)
        return quant_number_reader_open(reader, &tensor->reader, &place->error);
    tensor->reader = reader;
    return status;
}

static enum quant_status measure(const struct tensors_run *run, struct place *place,
                                 const struct quant_work_item *item, struct quant_tensor *tensor)
{
    const struct quant_inspect_job *job = run->tensors->job;
    struct quant_inspected *inspected = &place->inspected;
    const bool is_integer = quant_dtype_info(inspected->dtype)->is_integer;
    const struct quant_params numbers = inspected->role == QUANT_ROLE_QUANTIZED
                                            ? inspected->recorded.params
                                            : quant_number_params(inspected->dtype);
    const struct quant_statistics_request request = {.spec = quant_inspected_spec(job, inspected),
                                                     .quantized = is_integer ? &numbers : NULL,
                                                     .cancel = &job->control.cancel};
    if (!item->pool && !place->pool)
        place->pool = quant_pool_new(1);
    if (!item->pool && !place->pool)
        return quant_error_no_memory(&place->error, sizeof(struct quant_buffers), "buffers");
    const enum quant_status status = open_reader(run, place, run->first + (size_t)item->i, tensor);
    return status == QUANT_OK
               ? quant_statistics_find(&request, tensor, item->pool ? item->pool : place->pool,
                                       item->progress, &inspected->statistics, &place->error)
               : status;
}

/* ---- The work list ---- */

static bool is_selected(const struct tensors_run *run, uint64_t i)
{
    return quant_selection_has(&run->tensors->job->selection,
                               run->tensors->file->tensors[run->first + i].name);
}

static uint64_t nelems(void *context, uint64_t i)
{
    const struct tensors_run *run = context;
    const struct quant_tensor_info *info = &run->tensors->file->tensors[run->first + i];
    return is_selected(run, i) ? quant_stored_elements(info->type, info->nbytes) : 0;
}

static void work(void *context, struct quant_work_item *item)
{
    const struct tensors_run *run = context;
    struct place *place = &run->places[item->place];
    struct quant_tensor tensor = {.source = NULL};
    place->status = QUANT_OK;
    if (!is_selected(run, item->i))
        return;
    run->tensors->describe(run->tensors->context, run->first + (size_t)item->i, &place->inspected);
    if (!quant_dtype_info(place->inspected.dtype))
        return;
    place->status = measure(run, place, item, &tensor);
    place->inspected.has_statistics = place->status == QUANT_OK;
    quant_tensor_close(&tensor);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct tensors_run *run = context;
    const struct place *place = &run->places[number];
    const struct quant_control *control = &run->tensors->job->control;
    const bool failed = place->status != QUANT_OK;
    if (!is_selected(run, i))
        return true;
    const struct quant_tensor_result shown = {
        .tensor = run->first + (size_t)i,
        .ntensors = run->tensors->file->n,
        .name = run->tensors->file->tensors[run->first + i].name,
        .status = place->status,
        .error = failed ? &place->error : NULL,
        .nbytes = place->inspected.nbytes,
        .inspected = &place->inspected,
    };
    run->tensors->result->nunread += failed;
    if (failed && run->status == QUANT_OK) {
        run->status = place->status;
        if (run->error)
            *run->error = place->error;
    }
    if (place->status == QUANT_CANCELLED || quant_control_report(control, &shown, NULL) != QUANT_OK)
        run->status = quant_error_set(run->error, QUANT_CANCELLED, "cancelled");
    return run->status != QUANT_CANCELLED;
}

enum quant_status quant_inspect_tensors(const struct quant_inspected_tensors *tensors,
                                        struct quant_error *error)
{
    const struct quant_control *control = &tensors->job->control;
    struct quant_progress progress = {.call = control->progress, .context = control->context};
    struct tensors_run run = {.tensors = tensors, .error = error};
    struct quant_work_list list = {.n = tensors->file->n,
                                   .pool = tensors->pool,
                                   .progress = &progress,
                                   .context = &run,
                                   .nelems = nelems,
                                   .work = work,
                                   .deliver = deliver};
    if (tensors->job->input.tensor &&
        quant_tensor_file_find(tensors->file, tensors->job->input.tensor, &run.first))
        list.n = 1;
    run.nplaces = quant_work_list_places(&list);
    run.places = calloc(run.nplaces, sizeof *run.places);
    if (!run.places)
        return quant_error_no_memory(error, run.nplaces * sizeof *run.places, "buffers");
    quant_work_list_run(&list);
    for (unsigned i = 0; i < run.nplaces; i++)
        quant_pool_free(run.places[i].pool);
    free(run.places);
    return run.status;
}
