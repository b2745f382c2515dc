/* SPDX-License-Identifier: MIT */
/*
 * The threads of one call of the library, which run all its passes, and the buffers they work in.
 * Threads are made when a pass first needs them, and then kept: one small file makes none, and a
 * thousand passes make them once.
 */
#ifndef QUANT_ENGINE_WORK_POOL_H
#define QUANT_ENGINE_WORK_POOL_H

#include "engine/work/buffers.h"
#include "engine/work/pass.h"

struct quant_pool;

/* threads: at most, the calling one among them; 0 counts as 1. NULL: no memory. */
struct quant_pool *quant_pool_new(unsigned threads);

/* The most threads that a pass gets; 1 for NULL. */
unsigned quant_pool_threads(const struct quant_pool *pool);

/*
 * Runs a pass and returns when all of it is done; false: a part failed. The calling thread takes
 * part. If a thread cannot be made, the others do its share. Signals from outside go to the threads
 * of the caller only. NULL: the threads are made for this pass, and ended after it.
 *
 * Only the thread that made the pool may call this, and never from within a pass of the same pool.
 */
bool quant_pool_run(struct quant_pool *pool, const struct quant_pass *pass);

/* The buffers of worker number `worker`, and after them those of the workers with higher numbers,
 * up to the pool's threads. They are empty at first (quant_buffers_reserve), keep their size from
 * one pass and tensor to the next, and are freed with the pool. Within a pass with a turnstile, or
 * with one thread, `worker` is the number that the pass gives. */
struct quant_buffers *quant_pool_buffers(struct quant_pool *pool, unsigned worker);

/* Ends the threads. Accepts NULL. */
void quant_pool_free(struct quant_pool *pool);

#endif
