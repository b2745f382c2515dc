/* SPDX-License-Identifier: MIT */
/* What all containers share once their header is read. */
#include "formats/tensor_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "base/source_window.h"
#include "formats/container.h"

enum quant_status quant_tensor_file_open(struct quant_source *source,
                                         const struct quant_format *format,
                                         struct quant_tensor_file **file, struct quant_error *error)
{
    struct quant_tensor_file *made = calloc(1, sizeof *made);
    *file = NULL;
    if (!made)
        return quant_error_no_memory(error, sizeof *made, "catalogue");
    made->format = format;
    made->source = source;
    const enum quant_status status = format->container->open(made, error);
    if (status != QUANT_OK) {
        quant_tensor_file_close(made);
        return status;
    }
    *file = made;
    return QUANT_OK;
}

void quant_tensor_file_close(struct quant_tensor_file *file)
{
    if (file && file->format->container->close)
        file->format->container->close(file);
    if (file)
        quant_arena_release(&file->arena);
    free(file);
}

bool quant_tensor_file_find(const struct quant_tensor_file *file, const char *name, size_t *index)
{
    size_t from = 0;
    size_t to = file->n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = strcmp(file->tensors[file->by_name[middle]].name, name);
        if (order == 0) {
            *index = file->by_name[middle];
            return true;
        }
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

/* Whether elements of this type can be delivered as another. */
static bool can_deliver(const struct quant_stored_type *type, enum quant_dtype deliver)
{
    const struct quant_dtype_info *stored = quant_dtype_info(type->dtype);
    return stored && (type->dtype == deliver || (deliver == QUANT_FLOAT32 &&
                                                 (stored->is_source || stored->block_nelems > 0)));
}

static enum quant_status open_reader(const struct quant_tensor_file *file,
                                     const struct quant_tensor_info *info, enum quant_dtype deliver,
                                     struct quant_source *window, struct quant_reader **reader,
                                     struct quant_error *error)
{
    struct quant_reader head = {
        .format = file->format,
        .stored = info->type->dtype,
        .delivered = deliver,
        .byte_order = (enum quant_byte_order)info->byte_order,
        .order = (enum quant_order)info->order,
        .knowledge = QUANT_SHAPE_KNOWN,
    };
    if (!can_deliver(info->type, deliver))
        return quant_source_error(window, error, QUANT_UNSUPPORTED,
                                  "its dtype %s cannot be read as %s", info->type->name,
                                  quant_dtype_info(deliver)->name);
    if (info->ndim > QUANT_MAX_DIMS)
        return quant_source_error(window, error, QUANT_UNSUPPORTED,
                                  "it has %u dimensions, more than %d", info->ndim, QUANT_MAX_DIMS);
    head.shape.ndim = (int)info->ndim;
    for (uint32_t i = 0; i < info->ndim; i++)
        head.shape.dims[i] = info->dims[i];
    return quant_flat_open_reader(window, &head, 0, reader, error);
}

enum quant_status quant_tensor_file_open_tensor(const struct quant_tensor_file *file, size_t i,
                                                enum quant_dtype deliver,
                                                struct quant_source **window,
                                                struct quant_reader **reader,
                                                struct quant_error *error)
{
    const struct quant_tensor_info *info = &file->tensors[i];
    *reader = NULL;
    *window = quant_source_window_of_tensor(file->source, info);
    if (!*window)
        return quant_error_no_memory(error, strlen(info->name), "tensor");
    const enum quant_status status = open_reader(file, info, deliver, *window, reader, error);
    if (status != QUANT_OK) {
        quant_source_close(*window);
        *window = NULL;
    }
    return status;
}

/* ---- The index by name ---- */

struct named {
    const char *name;
    uint32_t index;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

enum quant_status quant_tensor_file_index(struct quant_tensor_file *file, struct quant_error *error)
{
    struct named *named = calloc(file->n + 1, sizeof *named);
    uint32_t *by_name = quant_arena_take(&file->arena, (file->n + 1) * sizeof *by_name);
    enum quant_status status = QUANT_OK;
    if (!named || !by_name || file->n > UINT32_MAX) {
        status = quant_error_no_memory(error, file->n * sizeof *named, "catalogue");
        goto done;
    }
    for (size_t i = 0; i < file->n; i++)
        named[i] = (struct named){file->tensors[i].name, (uint32_t)i};
    quant_sort(named, file->n, sizeof *named, compare_names);
    for (size_t i = 0; i < file->n; i++)
        by_name[i] = named[i].index;
    file->by_name = by_name;
    for (size_t i = 1; status == QUANT_OK && i < file->n; i++)
        if (strcmp(named[i - 1].name, named[i].name) == 0)
            status = quant_source_error(file->source, error, QUANT_CORRUPT,
                                        "two tensors are called '%.200s'", named[i].name);
done:
    free(named);
    return status;
}
