/* SPDX-License-Identifier: MIT */
/* Two batches: while a thread writes one, others fill the other. */
#include "io/gather_sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The bytes should stay in a second-level cache. With a scale for each 4 KiB of integers, they are
 * full before the pieces. */
enum { MOST_BYTES = 256 << 10, MOST_PIECES = 4096, MOST_ADJACENT = 256 };

/* ---- Out ---- */

static int compare_pieces(const void *a, const void *b)
{
    const struct quant_gather_piece *one = a;
    const struct quant_gather_piece *other = b;
    return (one->offset > other->offset) - (one->offset < other->offset);
}

/* The first pieces that follow one another. Returns their number. */
static size_t take_adjacent(const struct quant_gather_piece *pieces, size_t n,
                            struct quant_sink_piece adjacent[MOST_ADJACENT])
{
    uint64_t end = pieces->offset;
    size_t count = 0;
    while (count < n && count < MOST_ADJACENT && pieces[count].offset == end) {
        adjacent[count] = (struct quant_sink_piece){pieces[count].bytes, pieces[count].nbytes};
        end += pieces[count++].nbytes;
    }
    return count;
}

/* Called with `out` held. */
static enum quant_status write_batch(struct quant_gather_sink *gather,
                                     struct quant_gather_batch *batch, struct quant_error *error)
{
    struct quant_sink_piece adjacent[MOST_ADJACENT];
    enum quant_status status = QUANT_OK;
    qsort(batch->pieces, batch->n, sizeof *batch->pieces, compare_pieces);
    for (size_t i = 0; status == QUANT_OK && i < batch->n;) {
        const struct quant_gather_piece *first = &batch->pieces[i];
        const size_t n = take_adjacent(first, batch->n - i, adjacent);
        status = quant_sink_write_pieces_at(gather->target, first->offset, adjacent, n, error);
        i += n;
    }
    batch->nbytes = batch->n = 0;
    return status;
}

/* ---- In ---- */

static bool has_room(const struct quant_gather_sink *gather, size_t nbytes)
{
    const struct quant_gather_batch *batch = gather->filling;
    return nbytes <= gather->room - batch->nbytes && batch->n < MOST_PIECES;
}

static void keep(struct quant_gather_batch *batch, uint64_t offset, const void *bytes,
                 size_t nbytes)
{
    unsigned char *to = batch->bytes + batch->nbytes;
    memcpy(to, bytes, nbytes);
    batch->pieces[batch->n++] = (struct quant_gather_piece){offset, nbytes, to};
    batch->nbytes += nbytes;
}

static enum quant_status gather_write_at(struct quant_sink *sink, uint64_t offset,
                                         const void *bytes, size_t nbytes,
                                         struct quant_error *error)
{
    struct quant_gather_sink *gather = (struct quant_gather_sink *)sink;
    struct quant_gather_batch *full = NULL;
    enum quant_status status = QUANT_OK;
    if (nbytes == 0)
        return QUANT_OK;
    if (nbytes > QUANT_GATHER_PIECE || nbytes > gather->room)
        return gather->target->ops->write_at(gather->target, offset, bytes, nbytes, error);
    pthread_mutex_lock(&gather->mutex);
    if (!has_room(gather, nbytes)) {
        pthread_mutex_lock(&gather->out); /* waits until the other batch is empty */
        full = gather->filling;
        gather->filling = gather->emptying;
        gather->emptying = full;
    }
    keep(gather->filling, offset, bytes, nbytes);
    pthread_mutex_unlock(&gather->mutex);
    if (full) {
        status = write_batch(gather, full, error);
        pthread_mutex_unlock(&gather->out);
    }
    return status;
}

static void gather_expect(struct quant_sink *sink, uint64_t nbytes)
{
    quant_sink_expect(((struct quant_gather_sink *)sink)->target, nbytes);
}

static const struct quant_sink_ops gather_ops = {.write_at = gather_write_at,
                                                 .expect = gather_expect};

/* ---- Opening and closing ---- */

static bool make_batch(struct quant_gather_batch *batch, size_t room)
{
    const size_t npieces = room < MOST_PIECES ? room : MOST_PIECES; /* none is empty */
    batch->bytes = malloc(room);
    batch->pieces = malloc(npieces * sizeof *batch->pieces);
    return batch->bytes && batch->pieces;
}

enum quant_status quant_gather_sink_open(struct quant_gather_sink *gather,
                                         struct quant_sink *target, uint64_t nbytes,
                                         struct quant_error *error)
{
    const size_t room = nbytes < MOST_BYTES ? (size_t)nbytes + 1 : MOST_BYTES;
    *gather = (struct quant_gather_sink){
        .sink = {.ops = &gather_ops, .name = target->name},
        .target = target,
        .room = room,
        .filling = &gather->batches[0],
        .emptying = &gather->batches[1],
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .out = PTHREAD_MUTEX_INITIALIZER,
    };
    const bool has_memory = make_batch(gather->filling, room) && make_batch(gather->emptying, room);
    return has_memory ? QUANT_OK : quant_error_no_memory(error, room, "buffers");
}

enum quant_status quant_gather_sink_flush(struct quant_gather_sink *gather,
                                          struct quant_error *error)
{
    return write_batch(gather, gather->filling, error);
}

void quant_gather_sink_release(struct quant_gather_sink *gather)
{
    if (!gather->target)
        return;
    for (size_t i = 0; i < sizeof gather->batches / sizeof gather->batches[0]; i++) {
        free(gather->batches[i].bytes);
        free(gather->batches[i].pieces);
    }
    pthread_mutex_destroy(&gather->mutex);
    pthread_mutex_destroy(&gather->out);
    *gather = (struct quant_gather_sink){.target = NULL};
}
