/* SPDX-License-Identifier: MIT */
/*
 * Where bytes are written: in order, or by position. Formats write through this interface and do
 * not know whether it is a file, a pipe or a block of memory. Nothing is final until the owner of
 * the sink commits it.
 */
#ifndef QUANT_BASE_SINK_H
#define QUANT_BASE_SINK_H

#include <quant/quant.h>

struct quant_sink;

/* Bytes that lie somewhere in memory. */
struct quant_sink_piece {
    const void *bytes;
    size_t nbytes;
};

struct quant_sink_ops {
    enum quant_status (*write)(struct quant_sink *sink, const void *bytes, size_t nbytes,
                               struct quant_error *error);
    /* Writes at offset. Several threads may call this at once, in any order. NULL if the sink is a
     * stream. */
    enum quant_status (*write_at)(struct quant_sink *sink, uint64_t offset, const void *bytes,
                                  size_t nbytes, struct quant_error *error);
    /* The same with the bytes of n pieces one after the other. NULL: each is written by write_at.
     */
    enum quant_status (*write_pieces_at)(struct quant_sink *sink, uint64_t offset,
                                         const struct quant_sink_piece *pieces, size_t n,
                                         struct quant_error *error);
    /* Announces the total number of bytes for write_at. The sink may reserve the space in advance,
     * which is faster. NULL: has no effect. */
    void (*expect)(struct quant_sink *sink, uint64_t nbytes);
};

/* The first member of every implementation's structure. */
struct quant_sink {
    const struct quant_sink_ops *ops;
    const char *name; /* for messages */
};

enum quant_status quant_sink_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                   struct quant_error *error);

/* write_pieces_at, or write_at for each. */
enum quant_status quant_sink_write_pieces_at(struct quant_sink *sink, uint64_t offset,
                                             const struct quant_sink_piece *pieces, size_t n,
                                             struct quant_error *error);

void quant_sink_expect(struct quant_sink *sink, uint64_t nbytes);

/* Sets the error to "cannot write 'NAME': ", followed by the text. */
enum quant_status quant_sink_error(const struct quant_sink *sink, struct quant_error *error,
                                   enum quant_status status, const char *format, ...)
    QUANT_PRINTF(4, 5);

#endif
