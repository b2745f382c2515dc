/* SPDX-License-Identifier: MIT */
/* One scale for all elements. */
#include "base/error.h"
#include "core/measure.h"
#include "core/observed.h"
#include "engine/tensor/map.h"
#include "engine/tensor/scan_choose.h"
#include "engine/tensor/tensor_run.h"
#include "kernels/ggml_blocks.h"
#include "methods/auto.h"

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    struct quant_source *source = run->tensor->source;
    (void)error;
    run->scans_first = run->must_scan || run->plan->from == QUANT_RANGE_FOUND;
    if (!run->scans_first && source->ops->forward_only)
        source->ops->forward_only(source);
    return QUANT_OK;
}

static size_t capacity(const struct quant_tensor_run *run)
{
    const struct quant_reader *reader = run->tensor->reader;
    return run->reads_by_position && reader->nelems < QUANT_CHUNK ? (size_t)reader->nelems
                                                                  : QUANT_CHUNK;
}

/* The number of elements of a stream is not known before its end. */
static enum quant_status scan(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_reader *reader = run->tensor->reader;
    const struct quant_scan scan = quant_tensor_run_scan(run);
    const unsigned passes = quant_plan_passes(run->plan);
    if (reader->knowledge == QUANT_SHAPE_KNOWN)
        quant_progress_begin_pass(run->progress, reader->nelems, reader->nelems * (passes + 1));
    const enum quant_status status = quant_scan_observe(&scan, &run->observed, error);
    run->is_loaded = run->reads_by_position && reader->nelems <= QUANT_CHUNK;
    return status == QUANT_OK ? quant_tensor_run_check_finite(run, error) : status;
}

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_scan scan = quant_tensor_run_scan(run);
    const struct quant_observed *observed = run->scans_first ? &run->observed : NULL;
    run->progress->ahead = observed ? observed->count : 0; /* the pass that quantizes */
    const enum quant_status status =
        quant_scan_choose(&scan, run->plan, observed, &run->choice, error);
    if (status == QUANT_OK && run->measures)
        quant_measure_init(&run->measure, &run->choice.params);
    return status;
}

static enum quant_status load(struct quant_tensor_run *run, struct quant_chunk *chunk,
                              struct quant_error *error)
{
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    if (run->is_loaded)
        return QUANT_OK;
    return quant_reader_load(run->tensor->reader, run->reads_by_position, chunk, buffers->x,
                             buffers->stage, error);
}

/* No program loads a block whose scale or minimum is beyond float16. What the elements make of it
 * that are not finite is another error, at the end. */
static enum quant_status check_blocks(const struct quant_tensor_run *run,
                                      const struct quant_chunk *chunk, struct quant_error *error)
{
    const enum quant_dtype dtype = run->choice.params.dtype;
    const struct quant_block_type *block = quant_ggml_block(dtype);
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    if (!block || buffers->observed.nonfinite > 0)
        return QUANT_OK;
    const size_t nblocks = chunk->count / block->nelems;
    const size_t first = quant_ggml_find_infinite(block, buffers->q, nblocks);
    if (first == nblocks)
        return QUANT_OK;
    return quant_error_set(error, QUANT_OUT_OF_RANGE,
                           "cannot quantize '%s': the elements from index %llu on are too large "
                           "for a block of %s, whose scale is a float16",
                           quant_tensor_source(run->tensor)->name,
                           (unsigned long long)(chunk->first + first * block->nelems), block->name);
}

static enum quant_status map(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                             struct quant_error *error)
{
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    if (!run->scans_first) {
        buffers->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
        quant_observe(&buffers->observed, buffers->x, chunk->count);
    }
    quant_quantize(&run->choice.params, buffers->x, chunk->count, buffers->q);
    if (run->measures)
        quant_measure_part_take(buffers->part, &run->measure, buffers->x, buffers->q, chunk->count);
    return check_blocks(run, chunk, error);
}

const struct quant_map_ops quant_map_whole = {
    .name = "whole",
    .begin = begin,
    .capacity = capacity,
    .scan = scan,
    .choose = choose,
    .load = load,
    .map = map,
};
