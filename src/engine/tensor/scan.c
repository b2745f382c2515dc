/* SPDX-License-Identifier: MIT */
/* Loading, counting progress and rewinding, around what a pass is for. */
#include "engine/tensor/scan.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/shape.h"
#include "core/observed.h"
#include "engine/tensor/element_digest.h"

struct pass {
    const struct quant_scan *scan;
    quant_chunk_fn *work;
    quant_chunk_fn *deliver;
    void *context;
};

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct pass *pass = context;
    struct quant_buffers *buffers = &pass->scan->buffers[chunk->worker];
    return quant_reader_load(pass->scan->tensor->reader, pass->scan->by_position, chunk, buffers->x,
                             buffers->stage, error);
}

static enum quant_status work(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct pass *pass = context;
    struct quant_buffers *buffers = &pass->scan->buffers[chunk->worker];
    if (pass->scan->digest)
        buffers->digest = quant_digest_chunk(chunk->first, buffers->x, chunk->count);
    return pass->work(pass->context, chunk, error);
}

static enum quant_status deliver(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    const struct pass *pass = context;
    quant_progress_add(pass->scan->progress, chunk->count);
    if (pass->scan->digest)
        *pass->scan->digest += pass->scan->buffers[chunk->worker].digest;
    return pass->deliver(pass->context, chunk, error);
}

enum quant_status quant_scan_pass(const struct quant_scan *scan, quant_chunk_fn *step,
                                  quant_chunk_fn *join, void *context, struct quant_error *error)
{
    struct quant_reader *reader = scan->tensor->reader;
    struct pass pass = {scan, step, join, context};
    const struct quant_chunk_pass chunks = {
        .by_position = scan->by_position,
        .nelems = reader->nelems,
        .threads = scan->workers,
        .pool = scan->pool,
        .context = &pass,
        .load = load,
        .work = work,
        .deliver = deliver,
    };
    if (scan->digest)
        *scan->digest = 0;
    const enum quant_status status = quant_chunk_pass_run(&chunks, error);
    return status == QUANT_OK ? reader->ops->rewind(reader, error) : status;
}

/* ---- Observing ---- */

struct observation {
    struct quant_buffers *buffers;
    struct quant_observed *observed;
};

static enum quant_status observe(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    const struct observation *observation = context;
    struct quant_buffers *buffers = &observation->buffers[chunk->worker];
    (void)error;
    buffers->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    quant_observe(&buffers->observed, buffers->x, chunk->count);
    return QUANT_OK;
}

static enum quant_status join_observed(void *context, struct quant_chunk *chunk,
                                       struct quant_error *error)
{
    const struct observation *observation = context;
    (void)error;
    quant_observed_join(observation->observed, &observation->buffers[chunk->worker].observed);
    return QUANT_OK;
}

enum quant_status quant_scan_observe(const struct quant_scan *scan, struct quant_observed *observed,
                                     struct quant_error *error)
{
    struct observation observation = {scan->buffers, observed};
    return quant_scan_pass(scan, observe, join_observed, &observation, error);
}

/* "the first is inf", or of an element that only float32 cannot hold "1e+300 is beyond float32". */
static void describe_first(const struct quant_tensor *tensor, const struct quant_observed *observed,
                           char *text, size_t room)
{
    struct quant_reader *origin = tensor->spooled_reader ? tensor->spooled_reader : tensor->reader;
    const float value = observed->nonfinite_value;
    const char *word = value > 0 ? "inf" : "-inf";
    char element[QUANT_ELEMENT_TEXT];
    if (isinf(value) && origin->ops->is_beyond &&
        origin->ops->is_beyond(origin, observed->first_nonfinite, element))
        snprintf(text, room, "%s is beyond float32", element);
    else if (isinf(value) && origin->stored == QUANT_FLOAT64 && !origin->source->positional)
        snprintf(text, room, "the first is %s or beyond float32", word);
    else
        snprintf(text, room, "the first is %s", isnan(value) ? "nan" : word);
}

enum quant_status quant_check_finite(const struct quant_tensor *tensor,
                                     const struct quant_observed *observed,
                                     enum quant_nonfinite policy, const char *verb,
                                     const char *saved, struct quant_error *error)
{
    if (observed->nonfinite == 0 || policy == QUANT_NONFINITE_SATURATE)
        return QUANT_OK;
    const struct quant_reader *reader = tensor->reader;
    char first[QUANT_ELEMENT_TEXT + 32];
    char index[QUANT_SHAPE_TEXT];
    describe_first(tensor, observed, first, sizeof first);
    return quant_error_set(
        error, QUANT_NONFINITE,
        "cannot %s '%s': %llu of %llu elements not finite, %s at element %llu, index %s%s%s", verb,
        tensor->source->name, (unsigned long long)observed->nonfinite,
        (unsigned long long)observed->count, first, (unsigned long long)observed->first_nonfinite,
        quant_index_text(&reader->shape, reader->order, observed->first_nonfinite, index),
        saved ? "; --nonfinite saturate " : "", saved ? saved : "");
}
