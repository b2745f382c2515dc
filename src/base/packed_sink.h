/* SPDX-License-Identifier: MIT */
/* A sink for the elements of a matrix as quant packs them, which writes them as an engine does: the
 * reverse of QUANT_PIECE_ROWS of joined_source.h. */
#ifndef QUANT_BASE_PACKED_SINK_H
#define QUANT_BASE_PACKED_SINK_H

#include "base/packing.h"
#include "base/sink.h"

struct quant_packed_sink {
    struct quant_sink sink; /* from offset 0 on: by position, or where rows split bytes in order */
    struct quant_sink *target; /* borrowed; by position */
    uint64_t offset;           /* there, of the first row */
    struct quant_packing packing;
    uint64_t nelems;

    /* In order only: */
    uint64_t done;      /* elements */
    unsigned char half; /* the low element of a byte whose high one comes next */
};

/* All elements of nelems are to be written, each once. */
void quant_packed_sink_open(struct quant_packed_sink *packed, struct quant_sink *target,
                            uint64_t offset, const struct quant_packing *packing, uint64_t nelems);

#endif
