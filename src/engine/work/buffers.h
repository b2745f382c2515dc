/* SPDX-License-Identifier: MIT */
/* The buffers that a worker needs for one chunk at a time. */
#ifndef QUANT_ENGINE_WORK_BUFFERS_H
#define QUANT_ENGINE_WORK_BUFFERS_H

#include "core/measure.h"

/* All zeros: empty. Each pointer is owned, and NULL until it was first needed. */
struct quant_buffers {
    float *x;                        /* the originals of a chunk */
    float *restored;                 /* the restored floats, if they are written */
    int32_t *q;                      /* the integers, with room for the widest */
    unsigned char *stage;            /* QUANT_STAGE_BYTES */
    struct quant_measure_part *part; /* if a report is made */
    size_t capacity;                 /* elements that x, restored and q have room for */

    /* Found in a chunk, for its delivery: */
    struct quant_observed observed;
    uint64_t digest; /* of its elements, if it is wanted */
};

/* What a pass needs besides q and stage. */
struct quant_buffers_needs {
    bool x;
    bool restored;
    bool part;
};

/* Makes n buffers ready for a tensor: each has room for chunks of capacity elements, what is
 * needed, and a part that is all zeros. Nothing is allocated that was there already; what has to
 * grow loses its contents. On QUANT_NO_MEMORY too they can be reserved again and must be released.
 */
enum quant_status quant_buffers_reserve(struct quant_buffers *buffers, size_t n, size_t capacity,
                                        const struct quant_buffers_needs *needs,
                                        struct quant_error *error);

/* Frees what n buffers hold, and leaves them empty. */
void quant_buffers_release(struct quant_buffers *buffers, size_t n);

#endif
