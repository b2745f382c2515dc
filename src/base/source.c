/* SPDX-License-Identifier: MIT */
/* What all sources share, and the source that reads from memory. */
#include "base/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum quant_status quant_source_error(const struct quant_source *source, struct quant_error *error,
                                     enum quant_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        error->status = status;
        quant_error_prefix(error, "cannot read", source->name);
    }
    return status;
}

enum quant_status quant_source_read_exactly(struct quant_source *source, uint64_t offset,
                                            void *buffer, size_t nbytes, struct quant_error *error)
{
    size_t got = 0;
    const enum quant_status status =
        source->ops->read_at(source, offset, buffer, nbytes, &got, error);
    if (status == QUANT_OK && got < nbytes)
        return quant_source_error(source, error, QUANT_TRUNCATED,
                                  "it ends at byte %llu, %zu bytes too early",
                                  (unsigned long long)(offset + got), nbytes - got);
    return status;
}

enum quant_status quant_source_check_unchanged(struct quant_source *source,
                                               struct quant_error *error)
{
    return source->ops->check_unchanged ? source->ops->check_unchanged(source, error) : QUANT_OK;
}

void quant_source_close(struct quant_source *source)
{
    if (source)
        source->ops->close(source);
}

struct memory_source {
    struct quant_source head;
    const unsigned char *bytes;
};

static enum quant_status memory_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                        size_t nbytes, size_t *got, struct quant_error *error)
{
    const struct memory_source *memory = (const struct memory_source *)source;
    (void)error;
    *got = 0;
    if (offset >= source->size)
        return QUANT_OK;
    *got = nbytes < source->size - offset ? nbytes : (size_t)(source->size - offset);
    memcpy(buffer, memory->bytes + offset, *got);
    return QUANT_OK;
}

static void memory_close(struct quant_source *source)
{
    free(source);
}

static const struct quant_source_ops memory_ops = {
    .read_at = memory_read_at,
    .close = memory_close,
};

struct quant_source *quant_source_from_memory(const void *bytes, size_t nbytes, const char *name)
{
    struct memory_source *memory = malloc(sizeof *memory);
    if (!memory)
        return NULL;
    *memory = (struct memory_source){
        .head = {.ops = &memory_ops, .name = name, .size = nbytes, .positional = true},
        .bytes = bytes,
    };
    return &memory->head;
}
