/* SPDX-License-Identifier: MIT */
/*
 * One pass over the elements of a tensor, a chunk at a time: by position on several threads, or in
 * order on one thread. A pass has the same four steps in both cases, and writes the same bytes.
 */
#ifndef QUANT_ENGINE_WORK_CHUNKS_H
#define QUANT_ENGINE_WORK_CHUNKS_H

#include <quant/file.h>

#include "base/sum_order.h"

/* Elements of a chunk: half a MiB of floats. A chunk and its results then stay in a second-level
 * cache. (A quarter of a MiB made writing a seventh slower, a whole one was no faster.) It is a
 * multiple of QUANT_MEASURE_BLOCK. */
enum { QUANT_CHUNK = 128 << 10 };

/* A chunk that worker number `worker` has at the moment. */
struct quant_chunk {
    unsigned worker;
    uint64_t first; /* element */
    size_t count;   /* elements; before load, how many there is room for */
};

typedef enum quant_status quant_chunk_fn(void *context, struct quant_chunk *chunk,
                                         struct quant_error *error);

struct quant_pool;

struct quant_chunk_pass {
    bool by_position; /* chunks are loaded in parallel, nelems is known */
    uint64_t nelems;
    unsigned threads;        /* with by_position; more than the pool has are not used */
    struct quant_pool *pool; /* NULL: threads are made for this pass */
    void *context;
    quant_chunk_fn *load;    /* sets count; 0 ends a pass in order */
    quant_chunk_fn *work;    /* in parallel */
    quant_chunk_fn *deliver; /* one at a time, in order */
    quant_chunk_fn *finish;  /* in parallel again; may be NULL */
};

/* If several chunks fail, the error is that of the first chunk. */
enum quant_status quant_chunk_pass_run(const struct quant_chunk_pass *pass,
                                       struct quant_error *error);

/* How many workers a pass over nelems elements can use, of those wanted (0: one for each
 * processor). */
unsigned quant_chunk_workers(unsigned wanted, uint64_t nelems);

#endif
