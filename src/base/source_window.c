/* SPDX-License-Identifier: MIT */
/* Adding an offset, and ending early. */
#include "base/source_window.h"

#include <stdlib.h>
#include <string.h>

struct window {
    struct quant_source head;
    struct quant_source *inner;
    uint64_t offset;
    char name[]; /* of the head */
};

static enum quant_status window_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                        size_t nbytes, size_t *got, struct quant_error *error)
{
    const struct window *window = (const struct window *)source;
    *got = 0;
    if (offset >= source->size)
        return QUANT_OK;
    if (nbytes > source->size - offset)
        nbytes = (size_t)(source->size - offset);
    return window->inner->ops->read_at(window->inner, window->offset + offset, buffer, nbytes, got,
                                       error);
}

static enum quant_status window_check_unchanged(struct quant_source *source,
                                                struct quant_error *error)
{
    return quant_source_check_unchanged(((struct window *)source)->inner, error);
}

static void window_close(struct quant_source *source)
{
    free(source);
}

static const struct quant_source_ops window_ops = {
    .read_at = window_read_at,
    .check_unchanged = window_check_unchanged,
    .close = window_close,
};

struct quant_source *quant_source_window(struct quant_source *inner, uint64_t offset,
                                         uint64_t nbytes, const char *name)
{
    const size_t before = strlen(inner->name);
    const size_t colon = *name ? 2 : 0;
    const size_t length = strlen(name);
    struct window *window = malloc(sizeof *window + before + colon + length + 1);
    if (!window)
        return NULL;
    memcpy(window->name, inner->name, before);
    memcpy(window->name + before, ": ", colon);
    memcpy(window->name + before + colon, name, length + 1);
    window->head = (struct quant_source){
        .ops = &window_ops, .name = window->name, .size = nbytes, .positional = inner->positional};
    window->inner = inner;
    window->offset = offset;
    return &window->head;
}

struct quant_source *quant_source_window_of_tensor(struct quant_source *inner,
                                                   const struct quant_tensor_info *info)
{
    return quant_source_window(inner, info->offset, info->nbytes, info->name);
}
