/* SPDX-License-Identifier: MIT */
/* A sink that writes nothing, but compares what it is given with a file: the first difference ends
 * the work with an error. */
#ifndef QUANT_IO_COMPARE_SINK_H
#define QUANT_IO_COMPARE_SINK_H

#include <stdatomic.h>

#include "base/sink.h"

struct quant_compare_sink {
    struct quant_sink sink;
    int fd;
    uint64_t size;            /* of the file */
    uint64_t position;        /* bytes that were written in order */
    atomic_uint_fast64_t end; /* of the last byte that was written */
    atomic_bool differs;      /* a write failed because of a difference */
};

/* Returns false if path is not a regular file that can be read. To be closed if not. */
bool quant_compare_sink_open(struct quant_compare_sink *compare, const char *path);

void quant_compare_sink_close(struct quant_compare_sink *compare);

#endif
