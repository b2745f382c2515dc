/* SPDX-License-Identifier: MIT */
/* The passes that all ways through a tensor share. A scan is a pass of its own only if something
 * must be known before the first integer is written: the range, or the shape for a format whose
 * header has it. Otherwise the pass that maps observes on the way. */
#include "engine/tensor/tensor_run.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/observed.h"
#include "engine/tensor/map.h"
#include "methods/profile_check.h"

static const struct quant_map_ops *choose_map(const struct quant_tensor_run *run)
{
    const struct quant_grouping *grouping = &run->grouping;
    if (!quant_granularity_has_groups(&run->plan->granularity))
        return &quant_map_whole;
    if (run->given)
        return &quant_map_given;
    return grouping->nelems > 0 && grouping->panel <= QUANT_CHUNK ? &quant_map_near
                                                                  : &quant_map_far;
}

enum quant_status quant_tensor_run_begin(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_reader *reader = run->tensor->reader;
    struct quant_error own;
    run->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    if (quant_granularity_has_groups(&run->plan->granularity)) {
        const enum quant_status status = quant_grouping_make(
            &run->plan->granularity, &reader->shape, reader->order, &run->grouping, &own);
        if (status != QUANT_OK)
            return quant_source_error(reader->source, error, status, "%s", own.text);
        const enum quant_status fits = quant_profile_check_shape(run->plan, &reader->shape, &own);
        if (fits != QUANT_OK)
            return quant_error_set(error, fits, "cannot quantize '%s': %s", reader->source->name,
                                   own.text);
    }
    run->map = choose_map(run);
    return run->map->begin(run, error);
}

enum quant_status quant_tensor_run_check_finite(const struct quant_tensor_run *run,
                                                struct quant_error *error)
{
    return quant_check_finite(run->tensor, &run->observed, run->plan->nonfinite, "quantize",
                              run->has_one_policy ? NULL : "maps them", error);
}

struct quant_scan quant_tensor_run_scan(struct quant_tensor_run *run)
{
    return (struct quant_scan){
        .tensor = run->tensor,
        .by_position = run->reads_by_position,
        .pool = run->pool,
        .buffers = run->buffers,
        .workers = run->workers,
        .progress = run->progress,
    };
}

enum quant_status quant_tensor_run_observe(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_scan scan = quant_tensor_run_scan(run);
    const uint64_t nelems = run->grouping.nelems;
    run->progress->ahead = nelems;
    quant_progress_begin_pass(run->progress, nelems, nelems);
    const enum quant_status status = quant_scan_observe(&scan, &run->observed, error);
    return status == QUANT_OK ? quant_tensor_run_check_finite(run, error) : status;
}

/* ---- The steps of the pass that maps ---- */

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quant_tensor_run *run = context;
    return run->map->load(run, chunk, error);
}

static enum quant_status map(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quant_tensor_run *run = context;
    return run->map->map(run, chunk, error);
}

/* After the first non-finite element that is not allowed, elements are only counted. */
static bool is_spoiled(const struct quant_tensor_run *run)
{
    return run->observed.nonfinite > 0 && run->plan->nonfinite != QUANT_NONFINITE_SATURATE;
}

static enum quant_status deliver(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct quant_tensor_run *run = context;
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    enum quant_status status = QUANT_OK;
    if (!run->scans_first)
        quant_observed_join(&run->observed, &buffers->observed);
    quant_progress_add(run->progress, chunk->count);
    if (is_spoiled(run))
        return QUANT_OK;
    if (run->measures)
        quant_measure_join(&run->measure, buffers->part);
    if (run->map->deliver)
        status = run->map->deliver(run, chunk, error);
    if (status == QUANT_OK && run->output)
        status = quant_tensor_output_deliver(run->output, buffers->q, chunk->count, error);
    return status;
}

static enum quant_status write_by_position(void *context, struct quant_chunk *chunk,
                                           struct quant_error *error)
{
    struct quant_tensor_run *run = context;
    return quant_tensor_output_write_at(run->output, chunk->first, run->buffers[chunk->worker].q,
                                        chunk->count, error);
}

/* ---- The passes ---- */

static enum quant_status make_buffers(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_reader *reader = run->tensor->reader;
    const struct quant_buffers_needs needs = {.x = true, .part = run->measures};
    run->reads_by_position = quant_reader_is_positional(reader);
    run->workers = run->reads_by_position ? quant_chunk_workers(run->threads, reader->nelems) : 1;
    if (run->map->limit_workers)
        run->workers = run->map->limit_workers(run);
    const enum quant_status status =
        quant_buffers_reserve(run->buffers, run->workers, run->map->capacity(run), &needs, error);
    return status == QUANT_OK && run->map->make_buffers ? run->map->make_buffers(run, error)
                                                        : status;
}

/* Streams are written by the thread that was called: a signal wakes it if they are full. */
static enum quant_status apply(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_reader *reader = run->tensor->reader;
    struct quant_tensor_output *output = run->output;
    const struct quant_tensor_form form = {.dtype = run->choice.params.dtype,
                                           .shape = &reader->shape,
                                           .order = reader->order,
                                           .has_positions = run->reads_by_position,
                                           .nelems = reader->nelems};
    enum quant_status status = output ? quant_tensor_output_begin(output, &form, error) : QUANT_OK;
    if (status != QUANT_OK)
        return status;
    const bool writes_by_position = output && output->by_position;
    const struct quant_chunk_pass pass = {
        .by_position = run->reads_by_position,
        .nelems = reader->nelems,
        .threads = writes_by_position || !output ? run->workers : 1,
        .pool = run->pool,
        .context = run,
        .load = load,
        .work = map,
        .deliver = deliver,
        .finish = writes_by_position ? write_by_position : NULL,
    };
    if (run->scans_first || reader->knowledge == QUANT_SHAPE_KNOWN)
        quant_progress_begin_pass(run->progress, reader->nelems, 0);
    status = quant_chunk_pass_run(&pass, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_check_finite(run, error);
    if (status == QUANT_OK && output)
        status = quant_tensor_output_finish(output, error);
    return status;
}

enum quant_status quant_tensor_run_make_passes(struct quant_tensor_run *run,
                                               struct quant_error *error)
{
    enum quant_status status = make_buffers(run, error);
    if (status == QUANT_OK && run->scans_first)
        status = run->map->scan(run, error);
    if (status == QUANT_OK)
        status = run->map->choose(run, error);
    const struct quant_group_params one = {.scales = &run->choice.params.scale,
                                           .zero_points = &run->choice.params.zero_point,
                                           .biases = &run->choice.params.bias};
    if (status == QUANT_OK && run->map == &quant_map_whole && run->output && run->output->scales)
        status = quant_scale_store_append(run->output->scales, &one, 1, error);
    return status == QUANT_OK ? apply(run, error) : status;
}

void quant_tensor_run_report(const struct quant_tensor_run *run, struct quant_report *report)
{
    const uint64_t nscales = run->map == &quant_map_whole ? 1 : run->grouping.count;
    quant_measure_report(&run->measure, quant_tensor_origin(run->tensor)->stored, nscales, report);
}

void quant_tensor_run_result(const struct quant_tensor_run *run,
                             struct quant_quantize_result *result)
{
    const struct quant_granularity *granularity = &run->plan->granularity;
    const struct quant_reader *reader = quant_tensor_origin(run->tensor);
    *result = (struct quant_quantize_result){.observed = run->observed, .choice = run->choice};
    result->shape = reader->shape;
    result->order = reader->order;
    result->source_dtype = reader->stored;
    result->source_format = reader->format->name;
    quant_grouping_make(granularity, &reader->shape, reader->order, &result->grouping, NULL);
    if (run->measures)
        quant_tensor_run_report(run, &result->report);
    if (quant_granularity_has_groups(granularity)) {
        result->group_notes = run->notes;
        result->choice.notes = quant_group_notes_any(&run->notes);
        result->worst = run->ranking.worst;
    }
}

void quant_tensor_run_release(struct quant_tensor_run *run)
{
    if (run->map && run->map->release)
        run->map->release(run);
    free(run->map_state);
    run->map_state = NULL;
    quant_group_ranking_release(&run->ranking);
}
