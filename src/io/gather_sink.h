/* SPDX-License-Identifier: MIT */
/*
 * A sink before another one, for many small pieces that are written by position: they are kept, and
 * written together once there are enough of them. What lies side by side then takes one write, in
 * whatever order and by whatever threads it came. Large pieces are passed on at once.
 *
 * An error of writing is returned to the caller whose piece was one too many to keep, or by
 * quant_gather_sink_flush: not always to the one whose piece it was.
 */
#ifndef QUANT_IO_GATHER_SINK_H
#define QUANT_IO_GATHER_SINK_H

#include <pthread.h>

#include "base/sink.h"

/* A larger piece is passed on. */
enum { QUANT_GATHER_PIECE = 32 << 10 };

struct quant_gather_piece {
    uint64_t offset;
    size_t nbytes;
    const unsigned char *bytes;
};

/* Pieces that are kept. */
struct quant_gather_batch {
    unsigned char *bytes;              /* owned */
    struct quant_gather_piece *pieces; /* owned; they are in bytes, in the order they came */
    size_t nbytes;
    size_t n;
};

/* All zeros: not opened. */
struct quant_gather_sink {
    struct quant_sink sink;              /* by position */
    struct quant_sink *target;           /* borrowed; by position */
    size_t room;                         /* of a batch, in bytes */
    struct quant_gather_batch *filling;  /* of the two below: takes the next piece */
    struct quant_gather_batch *emptying; /* the other one */
    struct quant_gather_batch batches[2];
    pthread_mutex_t mutex; /* for which of them is filled, and for its contents */
    pthread_mutex_t out;   /* for `emptying`; taken after the other one */
};

/* nbytes: of all pieces, as far as known. Little memory is taken if they are few. target must
 * outlive the sink. QUANT_NO_MEMORY. */
enum quant_status quant_gather_sink_open(struct quant_gather_sink *gather,
                                         struct quant_sink *target, uint64_t nbytes,
                                         struct quant_error *error);

/* Writes what is kept. No thread may write meanwhile. */
enum quant_status quant_gather_sink_flush(struct quant_gather_sink *gather,
                                          struct quant_error *error);

/* Without writing what is kept. Fine on zeros. */
void quant_gather_sink_release(struct quant_gather_sink *gather);

#endif
