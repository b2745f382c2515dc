/* SPDX-License-Identifier: MIT */
/* A text is cut where the buffer is full: a write of whole pages takes a third of the time. */
#include "io/buffer_sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum quant_status quant_buffer_sink_flush(struct quant_buffer_sink *buffer,
                                          struct quant_error *error)
{
    const size_t nbytes = buffer->nbytes;
    buffer->nbytes = 0;
    return quant_sink_write(buffer->target, buffer->bytes, nbytes, error);
}

static enum quant_status buffer_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                      struct quant_error *error)
{
    struct quant_buffer_sink *buffer = (struct quant_buffer_sink *)sink;
    const unsigned char *from = bytes;
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && nbytes > 0) {
        const size_t room = QUANT_BUFFER_SINK - buffer->nbytes;
        const size_t n = nbytes < room ? nbytes : room;
        memcpy(buffer->bytes + buffer->nbytes, from, n);
        buffer->nbytes += n;
        from += n;
        nbytes -= n;
        if (n == room)
            status = quant_buffer_sink_flush(buffer, error);
    }
    return status;
}

static const struct quant_sink_ops buffer_ops = {.write = buffer_write};

enum quant_status quant_buffer_sink_open(struct quant_buffer_sink *buffer,
                                         struct quant_sink *target, struct quant_error *error)
{
    *buffer = (struct quant_buffer_sink){.sink = {.ops = &buffer_ops, .name = target->name},
                                         .target = target,
                                         .bytes = malloc(QUANT_BUFFER_SINK)};
    return buffer->bytes ? QUANT_OK : quant_error_no_memory(error, QUANT_BUFFER_SINK, "buffers");
}

void quant_buffer_sink_release(struct quant_buffer_sink *buffer)
{
    free(buffer->bytes);
    *buffer = (struct quant_buffer_sink){.target = NULL};
}
