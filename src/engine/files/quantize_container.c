/* SPDX-License-Identifier: MIT */
/*
 * The tensors of a container one by one: headers give the plan and with it the place of every byte;
 * workers then map or copy tensors in any order, and what they found is delivered in the order of
 * the file: the entry of the sidecar, the caller's callback, the progress.
 */
#include "engine/files/quantize_container.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "base/utf8.h"
#include "core/group_notes.h"
#include "engine/files/container_entry.h"
#include "engine/files/container_output.h"
#include "engine/files/plan_digest.h"
#include "engine/files/sidecar_record.h"
#include "engine/files/tensor_copy.h"
#include "engine/tensor/container_input.h"
#include "engine/tensor/tensor_run.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"
#include "records/sidecar_tensors.h"

/* What is kept of a tensor from its work until it is delivered. */
struct place {
    struct quant_buffers buffers; /* of a small tensor */
    struct quant_tensor_run run;
    struct quant_tensor_output output;
    struct quant_scale_store scales;
    struct quant_progress progress;
    struct quant_quantize_result result;
    char *entry; /* owned */
    size_t nbytes;
    enum quant_status status;
    struct quant_error error;
};

struct container_run {
    const struct quant_quantize_job *job;
    const struct quant_plan *mapping;
    struct quant_error *error;
    const struct quant_format *format;
    const struct quant_format *output_format;
    const char *sidecar_path;
    struct quant_container_input input;   /* a container, */
    struct quant_tensor *single;          /* or borrowed: a file of one tensor */
    const struct quant_tensor_file *file; /* the catalogue of either */
    struct quant_container_plan plan;
    struct quant_container_output data;
    struct quant_file_output sidecar;
    struct quant_pool *pool; /* owned */
    struct place *places;    /* owned */
    unsigned nplaces;
    struct quant_progress progress; /* in elements of all tensors */
    uint64_t large;                 /* elements of the large tensor at work; 0: none is */
    uint64_t relayed;               /* of these, what is in the progress already */
    enum quant_status status;
};

static const struct quant_tensor_info *info_of(const struct container_run *run,
                                               const struct quant_planned_tensor *planned)
{
    return &run->file->tensors[planned->source];
}

static const struct quant_container_tensor *output_of(const struct container_run *run,
                                                      uint32_t index)
{
    return index == QUANT_NO_TENSOR ? NULL : &run->plan.layout.tensors[index];
}

static uint64_t count_elements(const struct quant_tensor_info *info)
{
    return info->type->bits > 0 ? info->nbytes * 8 / info->type->bits : 0;
}

/* ---- One tensor ---- */

static enum quant_status open_tensor(struct container_run *run,
                                     const struct quant_planned_tensor *planned,
                                     struct quant_tensor *tensor, struct quant_error *error)
{
    if (run->single) {
        *tensor = *run->single;
        return QUANT_OK;
    }
    return quant_tensor_file_open_tensor(run->file, planned->source, QUANT_FLOAT32, &tensor->source,
                                         &tensor->reader, error);
}

static enum quant_status open_output(struct container_run *run, struct place *place,
                                     const struct quant_planned_tensor *planned)
{
    const struct quant_container_tensor *scales = output_of(run, planned->scales);
    const struct quant_container_tensor *zero_points = output_of(run, planned->zero_points);
    const struct quant_scale_records layout = {run->mapping->target.scale_dtype, zero_points};
    place->output = (struct quant_tensor_output){
        .sink = run->data.sink,
        .offset = output_of(run, planned->data)->data.offset,
        .scales = scales ? &place->scales : NULL,
        .is_hashed = true,
    };
    const enum quant_status status = quant_tensor_output_open(&place->output, &place->error);
    if (status != QUANT_OK || !scales)
        return status;
    return quant_scale_store_open_container(
        &place->scales, &layout, run->data.sink, scales->data.offset,
        zero_points ? zero_points->data.offset : 0, &place->error);
}

static void fill_result(const struct container_run *run, struct place *place)
{
    const struct quant_tensor_run *tensor = &place->run;
    const struct quant_reader *reader = tensor->tensor->reader;
    struct quant_quantize_result *result = &place->result;
    *result = (struct quant_quantize_result){.observed = tensor->observed};
    result->choice = tensor->choice;
    result->shape = reader->shape;
    result->order = reader->order;
    result->source_dtype = reader->stored;
    result->source_format = run->format->name;
    quant_grouping_make(&run->job->granularity, &reader->shape, reader->order, &result->grouping,
                        NULL);
    if (run->job->measure)
        quant_tensor_run_report(tensor, &result->report);
    if (quant_granularity_has_groups(&run->mapping->granularity)) {
        result->group_notes = tensor->notes;
        result->choice.notes = quant_group_notes_any(&tensor->notes);
        result->worst = tensor->ranking.worst;
    }
}

static enum quant_status map_tensor(struct container_run *run, struct place *place,
                                    const struct quant_planned_tensor *planned,
                                    struct quant_tensor *tensor, struct quant_pool *pool)
{
    const struct quant_quantize_job *job = run->job;
    struct quant_digests digests = {0};
    place->run =
        (struct quant_tensor_run){.plan = run->mapping,
                                  .cancel = &job->control.cancel,
                                  .tensor = tensor,
                                  .output = &place->output,
                                  .progress = &place->progress,
                                  .pool = pool,
                                  .buffers = pool ? quant_pool_buffers(pool, 0) : &place->buffers,
                                  .threads = quant_pool_threads(pool),
                                  .measures = job->measure};
    enum quant_status status = quant_tensor_run_begin(&place->run, &place->error);
    if (status == QUANT_OK)
        status = open_output(run, place, planned);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(&place->run, &place->error);
    if (status != QUANT_OK)
        return status;
    fill_result(run, place);
    digests.data = quant_checksum_sink_digest(&place->output.checksum);
    if (place->scales.ops)
        digests.scales = quant_checksum_sink_digest(&place->scales.checksum);
    if (planned->zero_points != QUANT_NO_TENSOR)
        digests.zero_points = quant_checksum_sink_digest(&place->scales.zero_points_checksum);
    const struct quant_entry_tensors tensors = {output_of(run, planned->data),
                                                output_of(run, planned->scales),
                                                output_of(run, planned->zero_points)};
    return quant_entry_print_mapped(&tensors, &place->result, &digests, &place->entry,
                                    &place->nbytes, &place->error);
}

static enum quant_status copy_tensor(struct container_run *run, struct place *place,
                                     const struct quant_planned_tensor *planned)
{
    const struct quant_tensor_info *info = info_of(run, planned);
    const struct quant_container_tensor *output = output_of(run, planned->data);
    const struct quant_extent from = {info->offset, info->nbytes};
    uint64_t digest = 0;
    const enum quant_status status = quant_tensor_copy(run->input.source, &from, run->data.sink,
                                                       output->data.offset, &digest, &place->error);
    return status == QUANT_OK ? quant_entry_print_copied(output, digest, &place->entry,
                                                         &place->nbytes, &place->error)
                              : status;
}

/* ---- The work list ---- */

static uint64_t nelems(void *context, uint64_t i)
{
    const struct container_run *run = context;
    return count_elements(info_of(run, &run->plan.tensors[i]));
}

/* A large tensor is alone: what it reports is added to the progress of the file. */
static void relay_progress(void *context, uint64_t done, uint64_t total)
{
    struct container_run *run = context;
    const double share = total > 0 ? (double)done / (double)total : 0;
    const uint64_t seen = (uint64_t)(share * (double)run->large);
    if (seen <= run->relayed || seen > run->large)
        return;
    quant_progress_add(&run->progress, seen - run->relayed);
    run->relayed = seen;
}

static void work(void *context, unsigned number, uint64_t i, struct quant_pool *pool)
{
    struct container_run *run = context;
    struct place *place = &run->places[number];
    const struct quant_planned_tensor *planned = &run->plan.tensors[i];
    struct quant_tensor tensor = {.source = NULL};
    place->progress = (struct quant_progress){.call = NULL};
    if (nelems(run, i) > QUANT_SMALL_ITEM) {
        place->progress = (struct quant_progress){.call = relay_progress, .context = run};
        run->large = nelems(run, i);
        run->relayed = 0;
    }
    if (planned->is_copied) {
        place->status = copy_tensor(run, place, planned);
        return;
    }
    place->status = open_tensor(run, planned, &tensor, &place->error);
    if (place->status == QUANT_OK)
        place->status = map_tensor(run, place, planned, &tensor, pool);
    quant_tensor_run_release(&place->run);
    quant_tensor_output_release(&place->output);
    quant_scale_store_release(&place->scales);
    place->run = (struct quant_tensor_run){.plan = NULL};
    if (!run->single)
        quant_tensor_close(&tensor);
}

static bool fail(struct container_run *run, enum quant_status status,
                 const struct quant_error *error)
{
    run->status = status;
    if (run->error)
        *run->error = *error;
    return false;
}

/* To the caller. */
static enum quant_status report(const struct container_run *run, const struct place *place,
                                size_t i, struct quant_error *error)
{
    const struct quant_planned_tensor *planned = &run->plan.tensors[i];
    const struct quant_tensor_info *info = info_of(run, planned);
    const bool failed = place->status != QUANT_OK;
    const struct quant_tensor_result result = {
        .tensor = i,
        .ntensors = run->plan.n,
        .name = info->name,
        .status = place->status,
        .error = failed ? &place->error : NULL,
        .is_copied = planned->is_copied,
        .nbytes = info->nbytes,
        .found = planned->is_copied || failed ? NULL : &place->result};
    return quant_control_report(&run->job->control, &result, error);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct container_run *run = context;
    struct place *place = &run->places[number];
    struct quant_error error;
    if (place->status != QUANT_OK) {
        (void)report(run, place, (size_t)i, &error);
        return fail(run, place->status, &place->error);
    }
    enum quant_status status =
        quant_sidecar_append_entry(&run->sidecar.sink, place->entry, place->nbytes, i == 0, &error);
    free(place->entry);
    place->entry = NULL;
    if (status != QUANT_OK)
        return fail(run, status, &error);
    status = report(run, place, (size_t)i, &error);
    if (status != QUANT_OK)
        return fail(run, status, &error);
    quant_progress_add(&run->progress, nelems(run, i) - run->relayed);
    run->large = run->relayed = 0;
    return true;
}

static enum quant_status run_tensors(struct container_run *run)
{
    run->pool = quant_pool_new(quant_chunk_workers(run->job->control.threads, UINT64_MAX));
    const struct quant_work_list list = {.n = run->plan.n,
                                         .pool = run->pool,
                                         .context = run,
                                         .nelems = nelems,
                                         .work = work,
                                         .deliver = deliver};
    uint64_t total = 0;
    if (!list.pool)
        return quant_error_no_memory(run->error, sizeof(struct quant_buffers), "buffers");
    for (uint64_t i = 0; i < list.n; i++)
        total += nelems(run, i);
    quant_progress_begin_pass(&run->progress, total, 0);
    run->nplaces = quant_work_list_places(&list);
    run->places = calloc(run->nplaces, sizeof *run->places);
    if (!run->places)
        return quant_error_no_memory(run->error, run->nplaces * sizeof *run->places, "buffers");
    run->status = QUANT_OK;
    quant_work_list_run(&list);
    return run->status;
}

/* ---- The file ---- */

/* What the caller named, before it was spooled. */
static struct quant_source *input_source(const struct container_run *run)
{
    if (run->single)
        return quant_tensor_source(run->single);
    return run->input.stream ? run->input.stream : run->input.source;
}

static enum quant_status make_plan(struct container_run *run)
{
    const struct quant_quantize_job *job = run->job;
    const struct quant_container_rules rules = {
        .format = run->output_format->container,
        .plan = run->mapping,
        .min_dims = job->has_min_dims ? job->min_dims
                    : run->single     ? 0
                                      : QUANT_CONTAINER_MIN_DIMS,
    };
    return quant_container_plan_quantize(&run->plan, run->file, &rules, run->error);
}

static enum quant_status choose_format(struct container_run *run)
{
    const enum quant_status status =
        quant_output_format(&run->job->output, run->format, &run->output_format, run->error);
    if (status != QUANT_OK || run->output_format->container)
        return status;
    return quant_error_set(
        run->error, QUANT_INVALID,
        "cannot quantize '%s': a file of named tensors cannot be written in the format %s",
        run->file->source->name, run->output_format->name);
}

static enum quant_status open_outputs(struct container_run *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_cancel *cancel = &run->job->control.cancel;
    enum quant_status status =
        quant_container_output_open(&run->data, output->path, output->force, cancel, run->error);
    if (status == QUANT_OK)
        status =
            quant_output_open(&run->sidecar, run->sidecar_path, output->force, cancel, run->error);
    if (status == QUANT_OK)
        status = quant_container_output_begin(&run->data, &run->plan.layout, run->error);
    return status;
}

static enum quant_status begin_sidecar(struct container_run *run)
{
    const struct quant_quantize_job *job = run->job;
    const struct quant_container_layout *layout = &run->plan.layout;
    char *source = NULL;
    char *data = NULL;
    enum quant_status status = quant_record_path(
        &source, job->input.path, input_source(run)->positional, run->sidecar_path, run->error);
    if (status == QUANT_OK)
        status =
            quant_record_path(&data, job->output.path, !quant_output_is_stream(&run->data.final),
                              run->sidecar_path, run->error);
    const struct quant_sidecar_head head = {
        .source_path = source,
        .source_format = run->format->name,
        .source_nbytes = input_source(run)->size,
        .data_path = data,
        .data_format = run->output_format->name,
        .data_nbytes = layout->nbytes,
        .header_nbytes = layout->header_nbytes,
        .header_xxh3_64 = XXH3_64bits(layout->header, layout->header_nbytes),
        .plan_xxh3_64 = quant_plan_digest(run->mapping, job, run->output_format->name),
    };
    if (status == QUANT_OK)
        status = quant_sidecar_begin_tensors(&run->sidecar.sink, &head, run->error);
    free(source);
    free(data);
    return status;
}

static enum quant_status finish(struct container_run *run)
{
    enum quant_status status = quant_sidecar_end_tensors(&run->sidecar.sink, run->error);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(input_source(run), run->error);
    if (status == QUANT_OK)
        status = quant_container_output_finish(&run->data, run->error);
    struct quant_file_output *const outputs[] = {&run->data.final};
    return status == QUANT_OK ? quant_output_commit_n(outputs, 1, &run->sidecar, run->error)
                              : status;
}

static enum quant_status run_file(struct container_run *run)
{
    enum quant_status status = make_plan(run);
    if (status == QUANT_OK)
        status = open_outputs(run);
    if (status == QUANT_OK)
        status = begin_sidecar(run);
    if (status == QUANT_OK)
        status = run_tensors(run);
    return status == QUANT_OK ? finish(run) : status;
}

static void close_all(struct container_run *run)
{
    for (unsigned i = 0; i < run->nplaces && run->places; i++) {
        free(run->places[i].entry);
        quant_buffers_release(&run->places[i].buffers, 1);
    }
    quant_pool_free(run->pool);
    free(run->places);
    quant_output_discard(&run->sidecar);
    quant_container_output_discard(&run->data);
    quant_container_plan_release(&run->plan);
    quant_container_input_close(&run->input);
}

/* NULL: no memory. */
static struct container_run *make_run(const struct quant_quantize_job *job,
                                      const struct quant_plan *plan, const char *sidecar_path,
                                      struct quant_error *error)
{
    struct container_run *run = calloc(1, sizeof *run);
    if (!run) {
        quant_error_no_memory(error, sizeof *run, "buffers");
        return NULL;
    }
    run->job = job;
    run->mapping = plan;
    run->error = error;
    run->sidecar_path = sidecar_path;
    run->sidecar.fd = run->data.final.fd = run->data.spool.fd = -1;
    run->progress =
        (struct quant_progress){.call = job->control.progress, .context = job->control.context};
    return run;
}

static enum quant_status end_run(struct container_run *run, enum quant_status status,
                                 struct quant_quantize_result *result)
{
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
quant_quantize_container(const struct quant_quantize_job *job, const struct quant_plan *plan,
                         struct quant_source *source, const struct quant_format *format,
                         const char *sidecar_path, struct quant_quantize_result *result,
                         struct quant_error *error)
{
    struct container_run *run = make_run(job, plan, sidecar_path, error);
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
    return end_run(run, status, result);
}

/* ---- A file of one tensor ---- */

/* The name of a file without its directory and its extension; owned. */
static char *tensor_name(const char *path)
{
    if (strcmp(path, "-") == 0)
        return strdup("tensor");
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

static enum quant_status check_single(const struct container_run *run, const char *name)
{
    const struct quant_reader *reader = quant_tensor_origin(run->single);
    const char *path = run->job->input.path;
    if (!name)
        return quant_error_no_memory(run->error, strlen(path), "names");
    if (!quant_is_utf8(name))
        return quant_error_set(run->error, QUANT_INVALID,
                               "cannot name a tensor after '%s', which is not UTF-8", path);
    if (reader->order == QUANT_ORDER_FORTRAN && quant_shape_has_order(&reader->shape))
        return quant_error_set(run->error, QUANT_UNSUPPORTED,
                               "cannot quantize '%s' to the format %s: its elements are in Fortran "
                               "order, which that format does not have",
                               path, run->output_format->name);
    return QUANT_OK;
}

/* As if the file were a container with one tensor. */
static enum quant_status run_single(struct container_run *run)
{
    const struct quant_reader *reader = quant_tensor_origin(run->single);
    const uint32_t by_name[] = {0};
    char *name =
        run->job->input.tensor ? strdup(run->job->input.tensor) : tensor_name(run->job->input.path);
    const struct quant_tensor_info info = {
        .name = name,
        .type = run->output_format->container->type_of(reader->stored),
        .dims = reader->shape.dims,
        .ndim = (uint32_t)reader->shape.ndim,
        .nbytes = quant_dtype_bytes(reader->stored, reader->nelems),
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
quant_quantize_into_container(const struct quant_quantize_job *job, const struct quant_plan *plan,
                              struct quant_tensor *tensor, const struct quant_format *output_format,
                              const char *sidecar_path, struct quant_quantize_result *result,
                              struct quant_error *error)
{
    struct container_run *run = make_run(job, plan, sidecar_path, error);
    if (!run)
        return QUANT_NO_MEMORY;
    run->single = tensor;
    run->format = tensor->format;
    run->output_format = output_format;
    enum quant_status status = QUANT_OK;
    if (!quant_reader_is_positional(tensor->reader))
        status = quant_tensor_spool(tensor, &job->control.cancel, error);
    if (status == QUANT_OK)
        status = run_single(run);
    return end_run(run, status, result);
}
