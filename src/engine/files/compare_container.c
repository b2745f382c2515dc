/* SPDX-License-Identifier: MIT */
/* The header is read once, and the tensors are the items of a work list. */
#include "engine/files/compare_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/file_selection.h"
#include "engine/tensor/compare_tensor.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"

/* What is kept of a tensor from its work until it is delivered. A result takes some 100 KiB. */
struct place {
    struct quant_pool *pool; /* owned: one thread, for small tensors; made when first needed */
    struct quant_compare_result *result; /* owned; the same */
    enum quant_status status;
    struct quant_error error;
};

struct container_run {
    const struct quant_compare_job *job;
    struct quant_container_input input;
    uint32_t *tensors; /* owned: indices in the catalogue of those that are compared */
    size_t n;
    struct place *places; /* owned */
    unsigned nplaces;
    size_t nfailed;
    enum quant_status status; /* of the first tensor that failed */
    struct quant_error *error;
};

static const struct quant_tensor_info *info_of(const struct container_run *run, uint64_t i)
{
    return &run->input.file->tensors[run->tensors[i]];
}

/* The tensors that quantizing would map. */
static enum quant_status choose_tensors(struct container_run *run)
{
    const struct quant_tensor_file *file = run->input.file;
    run->tensors = calloc(file->n + 1, sizeof *run->tensors);
    if (!run->tensors)
        return quant_error_no_memory(run->error, file->n * sizeof *run->tensors, "tensors");
    size_t nselected = 0;
    for (size_t i = 0; i < file->n; i++) {
        if (!quant_selection_has(&run->job->selection, file->tensors[i].name))
            continue;
        nselected++;
        if (quant_container_maps(file->tensors[i].type) &&
            file->tensors[i].ndim >= QUANT_CONTAINER_MIN_DIMS)
            run->tensors[run->n++] = (uint32_t)i;
    }
    if (run->n > 0)
        return QUANT_OK;
    if (nselected == 0 && file->n > 0)
        return quant_selection_error("compare", run->job->input.path, file->n, run->error);
    return quant_error_set(run->error, QUANT_UNSUPPORTED,
                           "cannot compare '%s': it has no %stensor of floats with %d or more "
                           "dimensions",
                           run->job->input.path, nselected < file->n ? "selected " : "",
                           QUANT_CONTAINER_MIN_DIMS);
}

/* ---- One tensor ---- */

static uint64_t nelems(void *context, uint64_t i)
{
    const struct quant_tensor_info *info = info_of(context, i);
    return quant_stored_elements(info->type, info->nbytes);
}

static enum quant_status make_buffers(struct place *place)
{
    if (!place->pool)
        place->pool = quant_pool_new(1);
    if (!place->result)
        place->result = malloc(sizeof *place->result);
    return place->pool && place->result
               ? QUANT_OK
               : quant_error_no_memory(&place->error, sizeof *place->result, "buffers");
}

static void work(void *context, struct quant_work_item *item)
{
    const struct container_run *run = context;
    struct place *place = &run->places[item->place];
    struct quant_tensor tensor = {.source = NULL};
    place->status = make_buffers(place);
    if (place->status == QUANT_OK)
        place->status =
            quant_tensor_file_open_tensor(run->input.file, run->tensors[item->i], QUANT_FLOAT32,
                                          &tensor.source, &tensor.reader, &place->error);
    if (place->status != QUANT_OK)
        return;
    memset(place->result, 0, sizeof *place->result);
    place->status = quant_compare_tensor(run->job, &tensor, item->pool ? item->pool : place->pool,
                                         item->progress, place->result, &place->error);
    quant_tensor_close(&tensor);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct container_run *run = context;
    const struct place *place = &run->places[number];
    const bool failed = place->status != QUANT_OK;
    const struct quant_tensor_result result = {
        .tensor = (size_t)i,
        .ntensors = run->n,
        .name = info_of(run, i)->name,
        .status = place->status,
        .error = failed ? &place->error : NULL,
        .nbytes = info_of(run, i)->nbytes,
        .compared = failed ? NULL : place->result,
    };
    run->nfailed += failed;
    if (failed && run->status == QUANT_OK) {
        run->status = place->status;
        if (run->error)
            *run->error = place->error;
    }
    if (place->status == QUANT_CANCELLED)
        run->status = quant_error_set(run->error, QUANT_CANCELLED, "cancelled");
    if (quant_control_report(&run->job->control, &result, NULL) != QUANT_OK)
        run->status = quant_error_set(run->error, QUANT_CANCELLED, "cancelled");
    return run->status != QUANT_CANCELLED;
}

/* ---- All of them ---- */

static enum quant_status compare_tensors(struct container_run *run, struct quant_pool *pool)
{
    struct quant_progress progress = {.call = run->job->control.progress,
                                      .context = run->job->control.context};
    const struct quant_work_list list = {
        .n = run->n,
        .pool = pool,
        .progress = &progress,
        .context = run,
        .nelems = nelems,
        .work = work,
        .deliver = deliver,
    };
    run->nplaces = quant_work_list_places(&list);
    run->places = calloc(run->nplaces, sizeof *run->places);
    if (!run->places)
        return quant_error_no_memory(run->error, run->nplaces * sizeof *run->places, "buffers");
    quant_work_list_run(&list);
    return run->status;
}

static void close_all(struct container_run *run)
{
    for (unsigned i = 0; run->places && i < run->nplaces; i++) {
        quant_pool_free(run->places[i].pool);
        free(run->places[i].result);
    }
    free(run->places);
    free(run->tensors);
    quant_container_input_close(&run->input);
}

enum quant_status
quant_compare_container(const struct quant_compare_job *job, struct quant_source *source,
                        const struct quant_format *format, struct quant_pool *pool,
                        struct quant_compare_result *result, struct quant_error *error)
{
    struct container_run run = {.job = job, .error = error};
    enum quant_status status =
        quant_container_input_open(&run.input, source, format, &job->control.cancel, error);
    if (status == QUANT_OK)
        status = choose_tensors(&run);
    if (status == QUANT_OK)
        status = compare_tensors(&run, pool);
    if (status == QUANT_OK)
        status = quant_container_input_finish(&run.input, error);
    result->ntensors = run.n;
    result->nfailed = run.nfailed;
    result->source_format = format->name;
    close_all(&run);
    return status;
}
