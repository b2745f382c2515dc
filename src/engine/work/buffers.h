/* SPDX-License-Identifier: MIT */
/* The buffers of each worker of a pass. */
#ifndef QUANT_ENGINE_WORK_BUFFERS_H
#define QUANT_ENGINE_WORK_BUFFERS_H

#include "core/measure.h"
#include "engine/work/chunks.h"

struct quant_workbench {
    float *x;             /* the originals of a chunk */
    float *restored;      /* what came back, where that is written */
    uint16_t *q;          /* room for the widest integers */
    unsigned char *stage; /* QUANT_STAGE_BYTES */
    struct quant_observed observed;
    uint64_t digest;                 /* of a chunk's elements, where it is wanted */
    struct quant_measure_part *part; /* where a report is made */
};

/* What a pass needs. */
struct quant_workbench_needs {
    bool x;
    bool restored;
    bool part;
};

/* Makes count benches for chunks of at most capacity elements. NULL: no memory, *error is set. */
struct quant_workbench *quant_workbenches_new(size_t count, size_t capacity,
                                              const struct quant_workbench_needs *needs,
                                              struct quant_error *error);

/* Accepts NULL. */
void quant_workbenches_free(struct quant_workbench *benches, size_t count);

#endif
