/* SPDX-License-Identifier: MIT */
/* The pass that both kinds share: integers are read once and hashed on the way, restored, measured
 * and written; the original is read beside them. */
#include "engine/tensor/restore_run.h"

#include "base/error.h"

enum quant_status quant_restore_run_begin(struct quant_restore_run *run, struct quant_error *error)
{
    run->ops = run->groups ? &quant_restore_groups : &quant_restore_whole;
    return run->original ? run->ops->begin_measure(run, error) : QUANT_OK;
}

/* ---- The steps of the pass ---- */

static enum quant_status load_original(struct quant_restore_run *run,
                                       const struct quant_chunk *chunk, struct quant_error *error)
{
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    struct quant_chunk found = *chunk;
    const enum quant_status status = quant_reader_load(
        run->original->reader, run->reads_by_position, &found, buffers->x, buffers->stage, error);
    if (status == QUANT_OK && found.count < chunk->count)
        return quant_source_error(run->original->source, error, QUANT_CORRUPT,
                                  "it has fewer elements than the quantized tensor");
    return status;
}

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quant_restore_run *run = context;
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    enum quant_status status = quant_reader_load(run->reader, run->reads_by_position, chunk,
                                                 buffers->q, buffers->stage, error);
    if (status == QUANT_OK && chunk->count > 0 && run->ops->load)
        status = run->ops->load(run, chunk, error);
    if (status == QUANT_OK && chunk->count > 0 && run->original)
        status = load_original(run, chunk, error);
    return status;
}

static enum quant_status restore(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct quant_restore_run *run = context;
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    (void)error;
    run->ops->restore(run, chunk);
    if (run->output && run->dtype != QUANT_FLOAT32) {
        /* The integers are still needed, for their checksum, so the narrow floats go over x. */
        const struct quant_params narrow = {.dtype = run->dtype, .scale = 1};
        quant_quantize(&narrow, buffers->restored, chunk->count, buffers->x);
    }
    return QUANT_OK;
}

static const void *written(const struct quant_restore_run *run, const struct quant_chunk *chunk)
{
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    return run->dtype == QUANT_FLOAT32 ? buffers->restored : buffers->x;
}

static enum quant_status deliver(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct quant_restore_run *run = context;
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    if (run->reads_by_position)
        quant_checksum_source_update(run->checksum, buffers->q,
                                     (size_t)quant_dtype_bytes(run->reader->stored, chunk->count));
    if (run->original)
        quant_measure_join(&run->measure, buffers->part);
    if (run->original && run->ops->deliver)
        run->ops->deliver(run, chunk);
    quant_progress_add(run->progress, chunk->count);
    return run->output
               ? quant_tensor_output_deliver(run->output, written(run, chunk), chunk->count, error)
               : QUANT_OK;
}

static enum quant_status write_by_position(void *context, struct quant_chunk *chunk,
                                           struct quant_error *error)
{
    struct quant_restore_run *run = context;
    return quant_tensor_output_write_at(run->output, chunk->first, written(run, chunk),
                                        chunk->count, error);
}

/* ---- The pass ---- */

/* Streams are written by the thread that was called: a signal wakes it if they are full. */
static enum quant_status make_buffers(struct quant_restore_run *run, struct quant_error *error)
{
    const struct quant_buffers_needs needs = {.x = run->original || run->dtype != QUANT_FLOAT32,
                                              .restored = run->output,
                                              .part = run->original};
    const bool writes_by_position = run->output && run->output->by_position;
    const bool shares = run->reads_by_position && (writes_by_position || !run->output);
    const bool is_short = run->reads_by_position && run->nelems < QUANT_CHUNK;
    run->workers = shares ? quant_chunk_workers(run->threads, run->nelems) : 1;
    if (run->ops->limit_workers)
        run->workers = run->ops->limit_workers(run);
    const enum quant_status status = quant_buffers_reserve(
        run->buffers, run->workers, is_short ? (size_t)run->nelems : QUANT_CHUNK, &needs, error);
    return status == QUANT_OK && run->ops->make_buffers ? run->ops->make_buffers(run, error)
                                                        : status;
}

/* Chunks have positions only if those of the original have them too. */
static enum quant_status begin_output(struct quant_restore_run *run, struct quant_error *error)
{
    const struct quant_tensor_form form = {.dtype = run->dtype,
                                           .shape = run->shape,
                                           .order = run->order,
                                           .has_positions = run->reads_by_position,
                                           .nelems = run->nelems};
    return quant_tensor_output_begin(run->output, &form, error);
}

enum quant_status quant_restore_run_make_pass(struct quant_restore_run *run,
                                              struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    run->reads_by_position = quant_reader_is_positional(run->reader) &&
                             (!run->original || quant_reader_is_positional(run->original->reader));
    run->checksum->by_position = run->reads_by_position;
    quant_progress_begin_pass(run->progress, run->nelems, 0);
    if (run->output)
        status = begin_output(run, error);
    if (status == QUANT_OK)
        status = make_buffers(run, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_chunk_pass chunks = {
        .by_position = run->reads_by_position,
        .nelems = run->nelems,
        .threads = run->workers,
        .pool = run->pool,
        .context = run,
        .load = load,
        .work = restore,
        .deliver = deliver,
        .finish = run->output && run->output->by_position ? write_by_position : NULL,
    };
    return quant_chunk_pass_run(&chunks, error);
}

void quant_restore_run_release(struct quant_restore_run *run)
{
    quant_group_ranking_release(&run->ranking);
}
