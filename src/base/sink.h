/* SPDX-License-Identifier: MIT */
/*
 * Where bytes go: in order, or by position. Formats write through this and do not know whether a
 * file, a pipe or a block of memory is behind it. Nothing is final until the owner of the sink says
 * so.
 */
#ifndef QUANT_BASE_SINK_H
#define QUANT_BASE_SINK_H

#include <quant/quant.h>

struct quant_sink;

struct quant_sink_ops {
    enum quant_status (*write)(struct quant_sink *sink, const void *bytes, size_t nbytes,
                               struct quant_error *error);
    /* Writes at offset, from several threads at once; the order of writes is the caller's affair.
     * NULL where the sink is a stream. */
    enum quant_status (*write_at)(struct quant_sink *sink, uint64_t offset, const void *bytes,
                                  size_t nbytes, struct quant_error *error);
    /* Tells how many bytes write_at will write in all: room for them may then be taken ahead of
     * them, which is quicker. NULL: makes no difference. */
    void (*expect)(struct quant_sink *sink, uint64_t nbytes);
};

/* The head of every implementation's own structure. */
struct quant_sink {
    const struct quant_sink_ops *ops;
    const char *name; /* for messages */
};

enum quant_status quant_sink_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                   struct quant_error *error);

void quant_sink_expect(struct quant_sink *sink, uint64_t nbytes);

/* Sets "cannot write 'NAME': " and the text. */
enum quant_status quant_sink_error(const struct quant_sink *sink, struct quant_error *error,
                                   enum quant_status status, const char *format, ...)
    QUANT_PRINTF(4, 5);

#endif
