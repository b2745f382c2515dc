/* SPDX-License-Identifier: MIT */
/*
 * One pass over the elements of a tensor, a chunk at a time: by position on several threads, or in
 * order on one. What a pass does is the same four steps either way, and so are the bytes.
 */
#ifndef QUANT_ENGINE_WORK_CHUNKS_H
#define QUANT_ENGINE_WORK_CHUNKS_H

#include <quant/file.h>

/* Elements of a chunk: half a MiB of floats, so that it and what is made of it stay in a
 * second-level cache (a quarter made writing a seventh slower, a whole one gained nothing more);
 * and a multiple of QUANT_MEASURE_BLOCK. */
enum { QUANT_CHUNK = 128 << 10 };

/* A chunk in the hands of worker number `worker`. */
struct quant_chunk {
    unsigned worker;
    uint64_t first; /* element */
    size_t count;   /* elements; before load, those there is room for */
};

typedef enum quant_status quant_chunk_fn(void *context, struct quant_chunk *chunk,
                                         struct quant_error *error);

struct quant_chunk_pass {
    bool by_position; /* chunks are loaded side by side, nelems is known */
    uint64_t nelems;
    unsigned threads; /* with by_position */
    void *context;
    quant_chunk_fn *load;    /* sets count; 0 ends a pass in order */
    quant_chunk_fn *work;    /* side by side */
    quant_chunk_fn *deliver; /* one at a time, in order */
    quant_chunk_fn *finish;  /* side by side again; may be NULL */
};

/* Of several errors, the first chunk's is told. */
enum quant_status quant_chunk_pass_run(const struct quant_chunk_pass *pass,
                                       struct quant_error *error);

/* How many workers a pass over nelems elements can use, of those wanted (0: one a processor). */
unsigned quant_chunk_workers(unsigned wanted, uint64_t nelems);

#endif
