/* SPDX-License-Identifier: MIT */
/* No size is believed further than the file goes. */
#include "formats/gguf_cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"

enum quant_status quant_gguf_error(const struct quant_gguf_cursor *cursor, enum quant_status status,
                                   const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return quant_source_error(cursor->source, cursor->error, status, "%s", text);
}

uint64_t quant_gguf_left(const struct quant_gguf_cursor *cursor)
{
    return cursor->source->size - cursor->offset;
}

static enum quant_status check_left(const struct quant_gguf_cursor *cursor, uint64_t nbytes)
{
    if (nbytes <= quant_gguf_left(cursor))
        return QUANT_OK;
    return quant_gguf_error(cursor, QUANT_TRUNCATED,
                            "%s needs %llu bytes from byte %llu on, but the file ends at byte %llu",
                            cursor->what, (unsigned long long)nbytes,
                            (unsigned long long)cursor->offset,
                            (unsigned long long)cursor->source->size);
}

static enum quant_status fill(struct quant_gguf_cursor *cursor)
{
    const uint64_t left = quant_gguf_left(cursor);
    cursor->first = cursor->offset;
    cursor->nbytes = left < sizeof cursor->bytes ? (size_t)left : sizeof cursor->bytes;
    return quant_source_read_exactly(cursor->source, cursor->first, cursor->bytes, cursor->nbytes,
                                     cursor->error);
}

enum quant_status quant_gguf_take(struct quant_gguf_cursor *cursor, void *to, size_t nbytes)
{
    enum quant_status status = check_left(cursor, nbytes);
    unsigned char *bytes = to;
    while (status == QUANT_OK && nbytes > 0) {
        uint64_t at = cursor->offset - cursor->first;
        if (at >= cursor->nbytes) {
            status = fill(cursor);
            at = 0;
        }
        if (status != QUANT_OK)
            return status;
        const size_t ready = cursor->nbytes - (size_t)at;
        const size_t n = nbytes < ready ? nbytes : ready;
        memcpy(bytes, cursor->bytes + at, n);
        bytes += n;
        nbytes -= n;
        cursor->offset += n;
    }
    return status;
}

enum quant_status quant_gguf_take_32(struct quant_gguf_cursor *cursor, uint32_t *value)
{
    unsigned char bytes[4] = {0};
    const enum quant_status status = quant_gguf_take(cursor, bytes, sizeof bytes);
    *value = quant_load_32(bytes, false);
    return status;
}

enum quant_status quant_gguf_take_64(struct quant_gguf_cursor *cursor, uint64_t *value)
{
    unsigned char bytes[8] = {0};
    const enum quant_status status = quant_gguf_take(cursor, bytes, sizeof bytes);
    *value = quant_load_64(bytes, false);
    return status;
}

enum quant_status quant_gguf_skip(struct quant_gguf_cursor *cursor, uint64_t nbytes)
{
    const enum quant_status status = check_left(cursor, nbytes);
    if (status == QUANT_OK)
        cursor->offset += nbytes;
    return status;
}

enum quant_status quant_gguf_take_text(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                       uint64_t most, char **text, size_t *length)
{
    uint64_t nbytes;
    enum quant_status status = quant_gguf_take_64(cursor, &nbytes);
    *text = NULL;
    if (status == QUANT_OK && nbytes > most)
        status = quant_gguf_error(cursor, QUANT_OUT_OF_RANGE,
                                  "%s at byte %llu is %llu bytes long; at most %llu are allowed",
                                  cursor->what, (unsigned long long)(cursor->offset - 8),
                                  (unsigned long long)nbytes, (unsigned long long)most);
    if (status == QUANT_OK)
        status = check_left(cursor, nbytes);
    if (status != QUANT_OK)
        return status;
    *length = (size_t)nbytes;
    *text = quant_arena_take(arena, *length + 1);
    if (!*text)
        return quant_error_no_memory(cursor->error, *length, "catalogue");
    (*text)[*length] = '\0';
    return quant_gguf_take(cursor, *text, *length);
}
