/* SPDX-License-Identifier: MIT */
/*
 * The source that reads a pipe, a device or a terminal. The bytes that were read are kept, first in
 * memory, then in a temporary file without a name, since they may be read a second time. After
 * forward_only they are not kept any more.
 *
 *     bytes   0 ........ in_memory ........ received ........ (still in the pipe)
 *             [ memory  ][ spool file      ][ read on demand
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "io/cancel.h"
#include "io/io.h"
#include "io/temporary.h"

enum { FIRST_MEMORY = 64 << 10, COPY_BYTES = 64 << 10 };

struct stream_source {
    struct quant_source head;
    int fd;
    bool owned;
    bool forward;
    struct quant_cancel cancel;
    uint64_t received;
    unsigned char *memory;
    size_t in_memory;
    size_t memory_size;
    int spool; /* -1: not begun */
};

enum quant_status quant_wait_readable(int fd, const struct quant_cancel *cancel)
{
    struct pollfd waits[2] = {
        {.fd = fd, .events = POLLIN},
        {.fd = quant_cancel_fd(cancel), .events = POLLIN}, /* poll ignores a negative one */
    };
    while (!quant_cancelled(cancel)) {
        const int ready = poll(waits, 2, -1);
        if (ready < 0 && errno != EINTR)
            return QUANT_OK; /* poll cannot wait for this fd: read reports why */
        if (ready > 0 && waits[0].revents)
            return QUANT_OK;
    }
    return QUANT_CANCELLED;
}

/* One read from the pipe. *got 0: the end, and the size is known. */
static enum quant_status receive(struct stream_source *stream, void *buffer, size_t nbytes,
                                 size_t *got, struct quant_error *error)
{
    for (;;) {
        const enum quant_status status = quant_wait_readable(stream->fd, &stream->cancel);
        if (status != QUANT_OK)
            return quant_error_set(error, status, "cancelled");
        const ssize_t count = read(stream->fd, buffer, nbytes);
        if (count >= 0) {
            *got = (size_t)count;
            if (count == 0)
                stream->head.size = stream->received;
            return QUANT_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return quant_error_system(error, errno, "cannot read '%s'", stream->head.name);
    }
}

static enum quant_status grow_memory(struct stream_source *stream, struct quant_error *error)
{
    const size_t size = stream->memory_size ? 2 * stream->memory_size : FIRST_MEMORY;
    unsigned char *memory = realloc(stream->memory, size);
    if (!memory)
        return quant_error_no_memory(error, size, "spool");
    stream->memory = memory;
    stream->memory_size = size;
    return QUANT_OK;
}

static enum quant_status append_to_spool(struct stream_source *stream, const unsigned char *bytes,
                                         size_t nbytes, struct quant_error *error)
{
    if (stream->spool < 0) {
        const enum quant_status status =
            quant_temporary_open(stream->head.name, &stream->spool, error);
        if (status != QUANT_OK)
            return status;
    }
    while (nbytes > 0) {
        const ssize_t count = write(stream->spool, bytes, nbytes);
        if (count < 0 && errno != EINTR)
            return quant_error_system(error, errno, "cannot spool '%s' to a temporary file",
                                      stream->head.name);
        if (count < 0 && quant_cancelled(&stream->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        if (count > 0) {
            bytes += count;
            nbytes -= (size_t)count;
        }
    }
    return QUANT_OK;
}

/* One read that is kept; *got 0 at the end. */
static enum quant_status keep_more(struct stream_source *stream, size_t wanted, size_t *got,
                                   struct quant_error *error)
{
    if (stream->in_memory < QUANT_SPOOL_MEMORY) {
        if (stream->in_memory == stream->memory_size) {
            const enum quant_status status = grow_memory(stream, error);
            if (status != QUANT_OK)
                return status;
        }
        const size_t room = stream->memory_size - stream->in_memory;
        const enum quant_status status = receive(stream, stream->memory + stream->in_memory,
                                                 wanted < room ? wanted : room, got, error);
        if (status == QUANT_OK) {
            stream->in_memory += *got;
            stream->received += *got;
        }
        return status;
    }
    unsigned char copy[COPY_BYTES];
    enum quant_status status =
        receive(stream, copy, wanted < sizeof copy ? wanted : sizeof copy, got, error);
    if (status == QUANT_OK)
        status = append_to_spool(stream, copy, *got, error);
    if (status == QUANT_OK)
        stream->received += *got;
    return status;
}

/* Copies bytes that were kept, from offset on. *got 0: none were kept there. */
static enum quant_status read_kept(struct stream_source *stream, uint64_t offset, void *buffer,
                                   size_t nbytes, size_t *got, struct quant_error *error)
{
    *got = 0;
    if (offset < stream->in_memory) {
        const size_t ahead = stream->in_memory - (size_t)offset;
        *got = nbytes < ahead ? nbytes : ahead;
        memcpy(buffer, stream->memory + offset, *got);
        return QUANT_OK;
    }
    if (stream->spool < 0 || offset >= stream->received)
        return QUANT_OK;
    const uint64_t ahead = stream->received - offset;
    if (nbytes > ahead)
        nbytes = (size_t)ahead;
    ssize_t count;
    do {
        if (quant_cancelled(&stream->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        count = pread(stream->spool, buffer, nbytes, (off_t)(offset - stream->in_memory));
    } while (count < 0 && errno == EINTR);
    if (count <= 0)
        return quant_error_system(error, count < 0 ? errno : EIO,
                                  "cannot read back the spooled '%s'", stream->head.name);
    *got = (size_t)count;
    return QUANT_OK;
}

/* Some bytes at offset: kept ones, else new ones. */
static enum quant_status read_some(struct stream_source *stream, uint64_t offset, void *buffer,
                                   size_t nbytes, size_t *got, struct quant_error *error)
{
    *got = 0;
    if (offset < stream->received)
        return read_kept(stream, offset, buffer, nbytes, got, error);
    if (stream->head.size != QUANT_SIZE_UNKNOWN)
        return QUANT_OK;
    if (stream->forward) {
        const enum quant_status status = receive(stream, buffer, nbytes, got, error);
        if (status == QUANT_OK)
            stream->received += *got;
        return status;
    }
    size_t more = 1;
    while (offset >= stream->received && more > 0) { /* bytes before offset are kept too */
        const uint64_t wanted = offset - stream->received + nbytes;
        const enum quant_status status =
            keep_more(stream, wanted < SIZE_MAX ? (size_t)wanted : SIZE_MAX, &more, error);
        if (status != QUANT_OK)
            return status;
    }
    return more > 0 ? read_kept(stream, offset, buffer, nbytes, got, error) : QUANT_OK;
}

static enum quant_status stream_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                        size_t nbytes, size_t *got, struct quant_error *error)
{
    struct stream_source *stream = (struct stream_source *)source;
    *got = 0;
    while (*got < nbytes) {
        size_t more = 0;
        const enum quant_status status = read_some(
            stream, offset + *got, (unsigned char *)buffer + *got, nbytes - *got, &more, error);
        if (status != QUANT_OK)
            return status;
        if (more == 0)
            break;
        *got += more;
    }
    return QUANT_OK;
}

static void stream_forward_only(struct quant_source *source)
{
    ((struct stream_source *)source)->forward = true;
}

static void stream_close(struct quant_source *source)
{
    struct stream_source *stream = (struct stream_source *)source;
    if (stream->owned)
        close(stream->fd);
    if (stream->spool >= 0)
        close(stream->spool);
    free(stream->memory);
    free(stream);
}

static const struct quant_source_ops stream_ops = {
    .read_at = stream_read_at,
    .forward_only = stream_forward_only,
    .close = stream_close,
};

enum quant_status quant_stream_open(int fd, bool owned, const char *name,
                                    const struct quant_cancel *cancel, struct quant_source **source,
                                    struct quant_error *error)
{
    struct stream_source *stream = malloc(sizeof *stream);
    if (!stream)
        return quant_error_no_memory(error, sizeof *stream, "stream source");
    *stream = (struct stream_source){
        .head = {.ops = &stream_ops, .name = name, .size = QUANT_SIZE_UNKNOWN},
        .fd = fd,
        .owned = owned,
        .cancel = *cancel,
        .spool = -1,
    };
    *source = &stream->head;
    return QUANT_OK;
}
