/* SPDX-License-Identifier: MIT */
/* The tensors of a container one by one: workers map or copy them in any order, and what they found
 * is delivered in the order of the file: the entry of the sidecar, the caller's function, the
 * progress. */
#include "engine/files/container_quantization.h"

#include <quant/profiles.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/packed_sink.h"
#include "engine/files/container_entry.h"
#include "engine/files/given_params.h"
#include "engine/files/tensor_copy.h"
#include "engine/tensor/tensor_run.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"
#include "records/sidecar_tensors.h"

struct quant_container_place {
    struct quant_buffers buffers; /* without a pool, whose workers have their own */
    struct quant_tensor_run run;
    struct quant_tensor_output output;
    struct quant_packed_sink packed;
    struct quant_scale_store scales;
    struct quant_given_groups given;
    struct quant_progress *progress; /* of its passes, while it is worked on */
    struct quant_quantize_result result;
    char *entry; /* owned */
    size_t nbytes;
    enum quant_status status;
    struct quant_error error;
};

static const struct quant_tensor_info *info_of(const struct quant_container_quantization *run,
                                               const struct quant_planned_tensor *planned)
{
    return &run->file->tensors[planned->source];
}

static const struct quant_container_tensor *
output_of(const struct quant_container_quantization *run, uint32_t index)
{
    return index == QUANT_NO_TENSOR ? NULL : &run->plan.layout.tensors[index];
}

static uint64_t count_elements(const struct quant_tensor_info *info)
{
    return quant_stored_elements(info->type, info->nbytes);
}

/* ---- One tensor ---- */

static enum quant_status open_tensor(struct quant_container_quantization *run,
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

/* Integers that an engine packs in another way go through a sink that does so. */
static void choose_sink(struct quant_container_quantization *run,
                        struct quant_container_place *place,
                        const struct quant_planned_tensor *planned)
{
    const struct quant_packing *packing = planned->stored ? &planned->stored->stored.packing : NULL;
    place->output.sink = run->data.sink;
    place->output.offset = output_of(run, planned->data)->data.offset;
    if (!packing || packing->bits == 0)
        return;
    quant_packed_sink_open(&place->packed, run->data.sink, place->output.offset, packing,
                           count_elements(info_of(run, planned)));
    place->output.sink = &place->packed.sink;
    place->output.offset = 0;
}

static enum quant_status open_output(struct quant_container_quantization *run,
                                     struct quant_container_place *place,
                                     const struct quant_planned_tensor *planned)
{
    const struct quant_container_tensor *scales = output_of(run, planned->scales);
    const struct quant_container_tensor *zero_points = output_of(run, planned->zero_points);
    const struct quant_profile *profile = planned->plan->target.profile;
    const bool has_biases = profile && profile->has_biases;
    const struct quant_scale_records layout = {planned->plan->target.scale_dtype,
                                               zero_points && !has_biases, has_biases};
    place->output = (struct quant_tensor_output){
        .scales = scales ? &place->scales : NULL,
        .is_hashed = true,
    };
    choose_sink(run, place, planned);
    const enum quant_status status = quant_tensor_output_open(&place->output, &place->error);
    if (status != QUANT_OK || !scales)
        return status;
    const struct quant_scale_places places = {
        .sink = run->data.sink,
        .scales = scales->data.offset,
        .zero_points = zero_points ? zero_points->data.offset : 0,
        .has_narrow_zero_points = planned->stored,
    };
    return quant_scale_store_open_container(&place->scales, &layout, &places, &place->error);
}

/* What a layout says of the tensor without its elements. */
static enum quant_status write_fixed(struct quant_container_quantization *run,
                                     struct quant_container_place *place,
                                     const struct quant_planned_tensor *planned)
{
    struct quant_sink *sink = run->data.sink;
    const struct quant_planned_layout *stored = planned->stored;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; stored && status == QUANT_OK && i < stored->stored.nfixed; i++) {
        const struct quant_layout_fixed *fixed = &stored->stored.fixed[i];
        status = sink->ops->write_at(sink, output_of(run, stored->fixed + (uint32_t)i)->data.offset,
                                     fixed->bytes, fixed->nbytes, &place->error);
    }
    return status;
}

static enum quant_status load_given(struct quant_container_quantization *run,
                                    struct quant_container_place *place,
                                    const struct quant_planned_tensor *planned,
                                    const struct quant_tensor *tensor)
{
    struct quant_error own;
    const struct quant_reader *reader = tensor->reader;
    const struct quant_given_tensor given = {run->only ? quant_given_single_name(&run->job->input)
                                                       : info_of(run, planned)->name,
                                             &reader->shape, reader->order};
    const enum quant_status status = quant_given_params_load(planned->mapping->given, &given,
                                                             planned->plan, &place->given, &own);
    return status == QUANT_OK ? QUANT_OK
                              : quant_error_set(&place->error, status, "cannot quantize '%s': %s",
                                                reader->source->name, own.text);
}

static enum quant_status map_tensor(struct quant_container_quantization *run,
                                    struct quant_container_place *place,
                                    const struct quant_planned_tensor *planned,
                                    struct quant_tensor *tensor, const struct quant_work_item *item)
{
    const struct quant_quantize_job *job = run->job;
    struct quant_digests digests = {0};
    const bool has_groups =
        planned->mapping->given && quant_granularity_has_groups(&planned->plan->granularity);
    enum quant_status status = has_groups ? load_given(run, place, planned, tensor) : QUANT_OK;
    if (status != QUANT_OK)
        return status;
    place->run = (struct quant_tensor_run){
        .plan = planned->plan,
        .given = has_groups ? &place->given : NULL,
        .cancel = &job->control.cancel,
        .tensor = tensor,
        .output = &place->output,
        .progress = place->progress,
        .pool = item->pool,
        .buffers = run->pool ? quant_pool_buffers(run->pool, item->worker) : &place->buffers,
        .threads = quant_pool_threads(item->pool),
        .measures = job->measure};
    status = quant_tensor_run_begin(&place->run, &place->error);
    if (status == QUANT_OK)
        status = open_output(run, place, planned);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(&place->run, &place->error);
    if (status == QUANT_OK)
        status = write_fixed(run, place, planned);
    if (status != QUANT_OK)
        return status;
    quant_tensor_run_result(&place->run, &place->result);
    digests.data = quant_checksum_sink_digest(&place->output.checksum);
    if (place->scales.ops)
        digests.scales = quant_checksum_sink_digest(&place->scales.checksum);
    if (planned->zero_points != QUANT_NO_TENSOR)
        digests.zero_points = quant_checksum_sink_digest(&place->scales.zero_points_checksum);
    const struct quant_entry_tensors tensors = {
        .name = info_of(run, planned)->name,
        .stored = planned->stored ? &planned->stored->stored : NULL,
        .data = output_of(run, planned->data),
        .scales = output_of(run, planned->scales),
        .zero_points = output_of(run, planned->zero_points)};
    if (!run->has_sidecar)
        return QUANT_OK;
    return quant_entry_print_mapped(&tensors, &place->result, &digests, &place->entry,
                                    &place->nbytes, &place->error);
}

static enum quant_status copy_tensor(struct quant_container_quantization *run,
                                     struct quant_container_place *place,
                                     const struct quant_planned_tensor *planned)
{
    const struct quant_tensor_info *info = info_of(run, planned);
    const struct quant_container_tensor *output = output_of(run, planned->data);
    const struct quant_extent from = {info->offset, info->nbytes};
    uint64_t digest = 0;
    const enum quant_status status = quant_tensor_copy(run->file->source, &from, run->data.sink,
                                                       output->data.offset, &digest, &place->error);
    return status == QUANT_OK && run->has_sidecar
               ? quant_entry_print_copied(output, digest, &place->entry, &place->nbytes,
                                          &place->error)
               : status;
}

/* Names the option that leaves the tensor as it is. Characters that a pattern would read are
 * escaped. */
static void advise_exclude(const char *name, struct quant_error *error)
{
    char pattern[512];
    size_t n = 0;
    while (*name && n < sizeof pattern - 3) {
        if (strchr("*?[\\", *name))
            pattern[n++] = '\\';
        pattern[n++] = *name++;
    }
    pattern[n] = '\0';
    if (*name) /* too long to be typed */
        return;
    quant_error_append(error, "; --exclude '");
    quant_error_append(error, pattern);
    quant_error_append(error, "' copies the tensor as it is");
}

/* ---- The work list ---- */

static uint64_t nelems(void *context, uint64_t i)
{
    const struct quant_container_quantization *run = context;
    return count_elements(info_of(run, &run->plan.tensors[i]));
}

static void work(void *context, struct quant_work_item *item)
{
    struct quant_container_quantization *run = context;
    struct quant_container_place *place = &run->places[item->place];
    const struct quant_planned_tensor *planned = &run->plan.tensors[item->i];
    struct quant_tensor tensor = {.source = NULL};
    place->progress = item->progress;
    if (planned->is_copied) {
        place->status = copy_tensor(run, place, planned);
        return;
    }
    place->status = open_tensor(run, planned, &tensor, &place->error);
    if (place->status == QUANT_OK)
        place->status = map_tensor(run, place, planned, &tensor, item);
    if (place->status == QUANT_NONFINITE && !run->single)
        advise_exclude(info_of(run, planned)->name, &place->error);
    quant_tensor_run_release(&place->run);
    quant_tensor_output_release(&place->output);
    quant_scale_store_release(&place->scales);
    quant_given_groups_release(&place->given);
    place->run = (struct quant_tensor_run){.plan = NULL};
    if (!run->single)
        quant_tensor_close(&tensor);
}

static bool fail(struct quant_container_quantization *run, enum quant_status status,
                 const struct quant_error *error)
{
    run->status = status;
    if (run->error)
        *run->error = *error;
    return false;
}

/* To the caller. */
static enum quant_status report(const struct quant_container_quantization *run,
                                const struct quant_container_place *place, size_t i,
                                struct quant_error *error)
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
    struct quant_container_quantization *run = context;
    struct quant_container_place *place = &run->places[number];
    struct quant_error error;
    if (place->status != QUANT_OK) {
        (void)report(run, place, (size_t)i, &error);
        return fail(run, place->status, &place->error);
    }
    enum quant_status status = QUANT_OK;
    if (run->has_sidecar)
        status = quant_sidecar_append_entry(&run->entries.sink, place->entry, place->nbytes, i == 0,
                                            &error);
    free(place->entry);
    place->entry = NULL;
    if (status != QUANT_OK)
        return fail(run, status, &error);
    status = report(run, place, (size_t)i, &error);
    return status == QUANT_OK || fail(run, status, &error);
}

enum quant_status quant_container_quantize_tensors(struct quant_container_quantization *run)
{
    enum { WAITING = 120 }; /* results and entries, a few KiB each */
    const struct quant_work_list list = {.n = run->plan.n,
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

void quant_container_release_tensors(struct quant_container_quantization *run)
{
    for (unsigned i = 0; i < run->nplaces && run->places; i++) {
        free(run->places[i].entry);
        quant_buffers_release(&run->places[i].buffers, 1);
    }
    free(run->places);
}
