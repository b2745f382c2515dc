/* SPDX-License-Identifier: MIT */
/*
 * A chunk is read, and its smallest and largest integer are found, on any thread; the hash takes
 * the chunks in order. Both work on bytes that are still in the cache. Elements are looked at one
 * by one only in a chunk that has one outside the range.
 */
#include "engine/files/verify_pass.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "kernels/kernels.h"

/* What a worker has found in its chunk. */
struct found {
    uint64_t count; /* integers outside the range */
    uint64_t first; /* of them, in the tensor */
    int32_t value;  /* of that one */
    bool has_padding;
    struct quant_differences differences;
};

struct verifying {
    const struct quant_verify_pass *pass;
    bool by_position;
    struct quant_buffers *buffers;
    struct found *workers; /* owned: one for each */
    struct found all;
};

/* ---- Elements ---- */

static void count_outside(const struct quant_params *params, const void *q, size_t n,
                          struct found *found)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t value =
            quant_element_integer(params->dtype, quant_element_bits(params->dtype, q, i));
        if (value >= params->qmin && value <= params->qmax)
            continue;
        if (found->count++ == 0) {
            found->first = i;
            found->value = value;
        }
    }
}

static void look_at(const struct quant_verify_pass *pass, const void *q,
                    const struct quant_chunk *chunk, struct found *found)
{
    const struct quant_params *params = pass->own.params;
    quant_integer_range_fn *range = quant_kernels()->integer_range[params->dtype];
    int32_t ends[2] = {INT32_MAX, INT32_MIN};
    *found = (struct found){.count = 0};
    if (!range || chunk->count == 0)
        return;
    range(q, chunk->count, ends);
    if (ends[0] < params->qmin || ends[1] > params->qmax)
        count_outside(params, q, chunk->count, found);
    found->first += chunk->first;
    if (quant_dtype_info(params->dtype)->bits == 4 && chunk->count % 2 != 0)
        found->has_padding = ((const unsigned char *)q)[chunk->count / 2] >> 4 != 0;
}

/* ---- The steps of the pass ---- */

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct verifying *run = context;
    const struct quant_verify_pass *pass = run->pass;
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    const enum quant_status status = quant_reader_load(pass->own.reader, run->by_position, chunk,
                                                       buffers->q, buffers->stage, error);
    return status == QUANT_OK && pass->against && chunk->count > 0
               ? quant_compare_load(&pass->own, pass->against, chunk, buffers, error)
               : status;
}

static enum quant_status work(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct verifying *run = context;
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    struct found *found = &run->workers[chunk->worker];
    (void)error;
    look_at(run->pass, buffers->q, chunk, found);
    if (run->pass->against)
        quant_compare_chunk(&run->pass->own, run->pass->against, chunk, buffers,
                            &found->differences);
    return QUANT_OK;
}

static enum quant_status deliver(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct verifying *run = context;
    const struct found *found = &run->workers[chunk->worker];
    struct found *all = &run->all;
    (void)error;
    if (run->by_position)
        quant_checksum_source_update(
            run->pass->checksum, run->buffers[chunk->worker].q,
            (size_t)quant_dtype_bytes(run->pass->own.params->dtype, chunk->count));
    if (all->count == 0) {
        all->first = found->first;
        all->value = found->value;
    }
    all->count += found->count;
    all->has_padding |= found->has_padding;
    quant_differences_join(&all->differences, &found->differences);
    quant_progress_add(run->pass->progress, chunk->count);
    return QUANT_OK;
}

/* ---- The pass ---- */

static void report(const struct verifying *run, struct quant_findings *findings)
{
    const struct quant_verify_pass *pass = run->pass;
    const struct quant_params *params = pass->own.params;
    const unsigned long long more = run->all.count - 1;
    char others[64] = "";
    if (run->all.count > 1)
        snprintf(others, sizeof others, "; so %s %llu more", more == 1 ? "is" : "are", more);
    if (run->all.count > 0)
        quant_findings_add_element(findings, QUANT_FAULT_ELEMENT, pass->own.name, pass->shape,
                                   pass->order, run->all.first, "is %d, outside [%d, %d]%s",
                                   run->all.value, params->qmin, params->qmax, others);
    if (run->all.has_padding)
        quant_findings_add_element(findings, QUANT_FAULT_PADDING, pass->own.name, pass->shape,
                                   pass->order, pass->nelems - 1,
                                   "is the last, and the other half of its byte is not 0");
}

static enum quant_status make_pass(struct verifying *run, struct quant_error *error)
{
    const struct quant_verify_pass *pass = run->pass;
    run->by_position = quant_reader_is_positional(pass->own.reader);
    pass->checksum->by_position = run->by_position;
    const unsigned threads =
        run->by_position ? quant_chunk_workers(quant_pool_threads(pass->pool), pass->nelems) : 1;
    const size_t capacity =
        run->by_position && pass->nelems < QUANT_CHUNK ? (size_t)pass->nelems : QUANT_CHUNK;
    const struct quant_buffers_needs needs = {.x = pass->against};
    run->buffers = pass->pool ? quant_pool_buffers(pass->pool, 0) : pass->buffers;
    run->workers = calloc(threads, sizeof *run->workers);
    if (!run->workers)
        return quant_error_no_memory(error, threads * sizeof *run->workers, "buffers");
    enum quant_status status =
        quant_buffers_reserve(run->buffers, threads, capacity, &needs, error);
    if (status == QUANT_OK && pass->against)
        status = quant_compare_begin(&pass->own, pass->against, threads, error);
    if (status != QUANT_OK)
        return status;
    quant_progress_begin_pass(pass->progress, pass->nelems, 0);
    const struct quant_chunk_pass chunks = {
        .by_position = run->by_position,
        .nelems = pass->nelems,
        .threads = threads,
        .pool = pass->pool,
        .context = run,
        .load = load,
        .work = work,
        .deliver = deliver,
    };
    return quant_chunk_pass_run(&chunks, error);
}

enum quant_status quant_verify_pass_run(const struct quant_verify_pass *pass,
                                        struct quant_findings *findings,
                                        struct quant_differences *differences,
                                        struct quant_error *error)
{
    struct verifying run = {.pass = pass};
    const enum quant_status status = make_pass(&run, error);
    if (status == QUANT_OK)
        report(&run, findings);
    *differences = run.all.differences;
    free(run.workers);
    return status;
}
