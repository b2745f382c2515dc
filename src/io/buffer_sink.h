/* SPDX-License-Identifier: MIT */
/* A sink before another one, for many short texts that are written in order: they are kept, and
 * passed on 64 KiB at a time. An error of writing is returned to a later caller. */
#ifndef QUANT_IO_BUFFER_SINK_H
#define QUANT_IO_BUFFER_SINK_H

#include "base/sink.h"

enum { QUANT_BUFFER_SINK = 64 << 10 };

/* All zeros: not opened. */
struct quant_buffer_sink {
    struct quant_sink sink;    /* in order */
    struct quant_sink *target; /* borrowed; in order */
    unsigned char *bytes;      /* owned */
    size_t nbytes;
};

/* QUANT_NO_MEMORY. */
enum quant_status quant_buffer_sink_open(struct quant_buffer_sink *buffer,
                                         struct quant_sink *target, struct quant_error *error);

/* Writes what is kept. */
enum quant_status quant_buffer_sink_flush(struct quant_buffer_sink *buffer,
                                          struct quant_error *error);

/* Without writing what is kept. Fine on zeros. */
void quant_buffer_sink_release(struct quant_buffer_sink *buffer);

#endif
