/* SPDX-License-Identifier: MIT */
/* Opening, scanning and closing one input after the other. */
#include "engine/calibration/calibration_inputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/source.h"

/* The bytes of a file; 0 where that is not known, which only makes the progress less even. */
static uint64_t weigh(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode)
               ? (uint64_t)status.st_size
               : 0;
}

uint64_t quant_inputs_weight(const struct quant_inputs *inputs, size_t first, size_t last)
{
    uint64_t sum = 0;
    for (size_t i = first; i < last; i++)
        sum += inputs->weights[i];
    return sum;
}

enum quant_status quant_inputs_init(struct quant_inputs *inputs, struct quant_error *error)
{
    const struct quant_buffers_needs needs = {.x = true};
    inputs->workers = quant_chunk_workers(inputs->threads, INT64_MAX);
    inputs->kept = calloc(inputs->n, sizeof *inputs->kept);
    inputs->weights = calloc(inputs->n, sizeof *inputs->weights);
    if (!inputs->kept || !inputs->weights)
        return quant_error_no_memory(error, inputs->n * sizeof *inputs->kept, "inputs");
    for (size_t i = 0; inputs->progress.call && i < inputs->n; i++)
        inputs->weights[i] = weigh(inputs->paths[i]);
    inputs->pool = quant_pool_new(inputs->workers);
    if (!inputs->pool)
        return quant_error_no_memory(error, inputs->workers * sizeof(struct quant_buffers),
                                     "buffers");
    return quant_buffers_reserve(quant_pool_buffers(inputs->pool, 0), inputs->workers, QUANT_CHUNK,
                                 &needs, error);
}

static struct quant_scan make_scan(struct quant_inputs *inputs, struct quant_tensor *tensor)
{
    const bool by_position = quant_reader_is_positional(tensor->reader);
    return (struct quant_scan){
        .tensor = tensor,
        .by_position = by_position,
        .pool = inputs->pool,
        .buffers = quant_pool_buffers(inputs->pool, 0),
        .workers = by_position ? quant_chunk_workers(inputs->workers, tensor->reader->nelems) : 1,
        .progress = &inputs->progress,
    };
}

enum quant_status quant_inputs_visit(struct quant_inputs *inputs, size_t i, quant_input_fn *visit,
                                     void *context, struct quant_error *error)
{
    struct quant_tensor tensor = inputs->kept[i];
    struct quant_input input = inputs->common;
    input.path = inputs->paths[i];
    enum quant_status status = QUANT_OK;
    if (!tensor.source)
        status = quant_tensor_open(&tensor, &input, NULL, &inputs->cancel, error);
    if (status != QUANT_OK)
        return status;
    const bool is_known = tensor.reader->knowledge == QUANT_SHAPE_KNOWN;
    const struct quant_scan scan = make_scan(inputs, &tensor);
    quant_progress_begin_part(&inputs->progress, inputs->weights[i],
                              is_known ? tensor.reader->nelems : 0);
    if (inputs->begin_input)
        inputs->begin_input(inputs->progress.context, i);
    status = visit(context, &scan, i, error);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(tensor.source, error);
    if (tensor.source->positional)
        quant_tensor_close(&tensor);
    else
        inputs->kept[i] = tensor;
    return status;
}

void quant_inputs_release(struct quant_inputs *inputs)
{
    for (size_t i = 0; inputs->kept && i < inputs->n; i++)
        quant_tensor_close(&inputs->kept[i]);
    free(inputs->kept);
    free(inputs->weights);
    quant_pool_free(inputs->pool);
}
