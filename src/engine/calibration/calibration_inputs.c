/* SPDX-License-Identifier: MIT */
/* Opening, scanning and closing one tensor after the other. */
#include "engine/calibration/calibration_inputs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/source.h"

static bool is_file(const char *path, uint64_t *nbytes)
{
    struct stat status;
    if (strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    *nbytes = (uint64_t)status.st_size;
    return true;
}

/* ---- Which tensors there are ---- */

static enum quant_status no_memory(const struct quant_inputs *inputs, struct quant_error *error)
{
    return quant_error_no_memory(error, inputs->n * sizeof *inputs->tensors, "inputs");
}

static bool grow(void *list, size_t size, size_t n, size_t room)
{
    void *grown = realloc(*(void **)list, (n + room) * size);
    if (grown) {
        *(void **)list = grown;
        memset((unsigned char *)grown + n * size, 0, room * size);
    }
    return grown;
}

/* Makes room for that many more tensors. */
static bool reserve(struct quant_inputs *inputs, size_t more)
{
    return grow(&inputs->tensors, sizeof *inputs->tensors, inputs->n, more) &&
           grow(&inputs->weights, sizeof *inputs->weights, inputs->n, more) &&
           grow(&inputs->kept, sizeof *inputs->kept, inputs->n, more);
}

/* A weight of 0, of a stream, only makes the progress less even. */
static void add(struct quant_inputs *inputs, size_t path, uint32_t container, uint32_t tensor,
                uint64_t weight)
{
    inputs->weights[inputs->n] = weight;
    inputs->tensors[inputs->n++] = (struct quant_calibration_tensor){path, container, tensor};
}

static bool is_wanted(const struct quant_inputs *inputs, const char *name, unsigned ndim)
{
    return inputs->wanted ? inputs->wanted->wants(inputs->wanted->context, name, ndim)
                          : quant_selection_has(inputs->selection, name);
}

static enum quant_status add_container(struct quant_inputs *inputs, size_t path,
                                       struct quant_tensor *tensor, struct quant_error *error)
{
    struct quant_source *source = tensor->source;
    const struct quant_format *format = tensor->format;
    *tensor = (struct quant_tensor){.source = NULL};
    if (!grow(&inputs->containers, sizeof *inputs->containers, inputs->ncontainers, 1)) {
        quant_source_close(source);
        return no_memory(inputs, error);
    }
    struct quant_container_input *container = &inputs->containers[inputs->ncontainers];
    const enum quant_status status =
        quant_container_input_open(container, source, format, &inputs->cancel, error);
    const uint32_t number = (uint32_t)inputs->ncontainers++;
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_file *file = container->file;
    const size_t before = inputs->n;
    if (!reserve(inputs, file->n))
        return no_memory(inputs, error);
    size_t nselected = 0;
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        if (!quant_container_maps(info->type) && inputs->wanted)
            continue;
        if (!is_wanted(inputs, info->name, info->ndim))
            continue;
        nselected++;
        if (quant_container_maps(info->type) &&
            (inputs->wanted || info->ndim >= QUANT_CONTAINER_MIN_DIMS))
            add(inputs, path, number, (uint32_t)i, file->tensors[i].nbytes);
    }
    if (inputs->n == before && nselected == file->n && !inputs->wanted)
        return quant_source_error(
            file->source, error, QUANT_INVALID,
            "it has no float tensor with %d or more dimensions (tensors: %zu)",
            QUANT_CONTAINER_MIN_DIMS, file->n);
    return QUANT_OK;
}

/* Only a look: what is wrong with a file of one tensor is reported when its turn has come. */
static enum quant_status add_path(struct quant_inputs *inputs, size_t path,
                                  struct quant_error *error)
{
    struct quant_input input = inputs->common;
    struct quant_tensor tensor = {.source = NULL};
    uint64_t nbytes = 0;
    input.path = inputs->paths[path];
    const bool is_regular = is_file(input.path, &nbytes);
    enum quant_status status =
        quant_tensor_recognize(&tensor, &input, &inputs->cancel, is_regular ? NULL : error);
    if (status == QUANT_OK && tensor.format->container)
        return add_container(inputs, path, &tensor, error);
    if (is_regular)
        quant_tensor_close(&tensor);
    else if (status != QUANT_OK)
        return status;
    if (!is_wanted(inputs, input.path, UINT_MAX)) {
        quant_tensor_close(&tensor);
        return QUANT_OK;
    }
    if (!reserve(inputs, 1)) {
        quant_tensor_close(&tensor);
        return no_memory(inputs, error);
    }
    if (!is_regular)
        status = quant_tensor_open_reader(&tensor, &input, NULL, &inputs->cancel, error);
    inputs->kept[inputs->n] = tensor;
    add(inputs, path, QUANT_NO_CONTAINER, 0, nbytes);
    return is_regular ? QUANT_OK : status;
}

enum quant_status quant_inputs_look(struct quant_inputs *inputs, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < inputs->npaths; i++)
        status = add_path(inputs, i, error);
    return status;
}

enum quant_status quant_inputs_init(struct quant_inputs *inputs, struct quant_error *error)
{
    const struct quant_buffers_needs needs = {.x = true};
    enum quant_status status = quant_inputs_look(inputs, error);
    if (status == QUANT_OK && inputs->n == 0)
        status = quant_error_set(error, QUANT_INVALID,
                                 "nothing to calibrate: no tensor of floats is selected");
    if (status != QUANT_OK)
        return status;
    inputs->workers = quant_chunk_workers(inputs->threads, INT64_MAX);
    inputs->pool = quant_pool_new(inputs->workers);
    if (!inputs->pool)
        return quant_error_no_memory(error, inputs->workers * sizeof(struct quant_buffers),
                                     "buffers");
    return quant_buffers_reserve(quant_pool_buffers(inputs->pool, 0), inputs->workers, QUANT_CHUNK,
                                 &needs, error);
}

uint64_t quant_inputs_weight(const struct quant_inputs *inputs, size_t first, size_t last)
{
    uint64_t sum = 0;
    for (size_t i = first; i < last; i++)
        sum += inputs->weights[i];
    return sum;
}

const char *quant_inputs_name(const struct quant_inputs *inputs, size_t i,
                              char text[QUANT_INPUT_NAME])
{
    const struct quant_calibration_tensor *entry = &inputs->tensors[i];
    const char *path = inputs->paths[entry->path];
    if (entry->container == QUANT_NO_CONTAINER)
        return path;
    const struct quant_tensor_file *file = inputs->containers[entry->container].file;
    snprintf(text, QUANT_INPUT_NAME, "%s: %s", path, file->tensors[entry->tensor].name);
    return text;
}

/* ---- Visits ---- */

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

static enum quant_status open_tensor(struct quant_inputs *inputs, size_t i,
                                     struct quant_tensor *tensor, struct quant_error *error)
{
    const struct quant_calibration_tensor *entry = &inputs->tensors[i];
    struct quant_input input = inputs->common;
    *tensor = inputs->kept[i];
    input.path = inputs->paths[entry->path];
    if (tensor->source)
        return QUANT_OK;
    if (entry->container == QUANT_NO_CONTAINER)
        return quant_tensor_open(tensor, &input, NULL, &inputs->cancel, error);
    return quant_tensor_file_open_tensor(inputs->containers[entry->container].file, entry->tensor,
                                         QUANT_FLOAT32, &tensor->source, &tensor->reader, error);
}

static bool needs_copy(const struct quant_inputs *inputs, const struct quant_reader *reader)
{
    return inputs->needs_positions ? !quant_reader_is_positional(reader)
                                   : inputs->needs_shape && reader->knowledge != QUANT_SHAPE_KNOWN;
}

/* Copies take two file descriptors each, so only some are kept for the next visit. */
enum { COPIES_MOST = 64 };

static enum quant_status copy_if_needed(struct quant_inputs *inputs, size_t i,
                                        struct quant_tensor *tensor, struct quant_error *error)
{
    if (!needs_copy(inputs, tensor->reader))
        return QUANT_OK;
    const enum quant_status status = quant_tensor_spool(tensor, &inputs->cancel, error);
    if (status != QUANT_OK)
        return status;
    const bool is_kept = inputs->kept[i].source != NULL;
    if (is_kept || inputs->ncopies < COPIES_MOST)
        inputs->kept[i] = *tensor;
    inputs->ncopies += !is_kept;
    return QUANT_OK;
}

static enum quant_status visit_one(struct quant_inputs *inputs, size_t i, quant_input_fn *visit,
                                   void *context, struct quant_error *error)
{
    struct quant_tensor tensor;
    enum quant_status status = open_tensor(inputs, i, &tensor, error);
    if (status == QUANT_OK)
        status = copy_if_needed(inputs, i, &tensor, error);
    if (status != QUANT_OK)
        goto close;
    const bool is_known = tensor.reader->knowledge == QUANT_SHAPE_KNOWN;
    const struct quant_scan scan = make_scan(inputs, &tensor);
    quant_progress_begin_part(&inputs->progress, inputs->weights[i],
                              is_known ? tensor.reader->nelems : 0);
    if (inputs->begin_file)
        inputs->begin_file(inputs->progress.context, inputs->tensors[i].path);
    status = visit(context, &scan, i, error);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(&tensor), error);
close:
    if (!inputs->kept[i].source)
        quant_tensor_close(&tensor);
    return status;
}

enum quant_status quant_inputs_visit(struct quant_inputs *inputs, size_t first, size_t last,
                                     quant_input_fn *visit, void *context,
                                     struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = first; status == QUANT_OK && i < last; i++)
        status = visit_one(inputs, i, visit, context, error);
    return status;
}

void quant_inputs_release(struct quant_inputs *inputs)
{
    for (size_t i = 0; inputs->kept && i < inputs->n; i++)
        quant_tensor_close(&inputs->kept[i]);
    for (size_t i = 0; i < inputs->ncontainers; i++)
        quant_container_input_close(&inputs->containers[i]);
    free(inputs->kept);
    free(inputs->containers);
    free(inputs->tensors);
    free(inputs->weights);
    quant_pool_free(inputs->pool);
}
