/* SPDX-License-Identifier: MIT */
/* Parts of about the same size, delivered in order: a worker that is early waits at the turnstile
 * with its part. So each worker has one part at a time, and one set of buffers. */
#ifndef QUANT_ENGINE_WORK_TURNSTILE_H
#define QUANT_ENGINE_WORK_TURNSTILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/work/pass.h"

struct quant_turnstile {
    const struct quant_pass *pass; /* borrowed */
    atomic_uint_fast64_t next;     /* part to begin */
    atomic_uint_fast64_t turn;     /* part to deliver */
    atomic_bool failed;
    pthread_mutex_t mutex; /* for the two below */
    pthread_cond_t turned;
    unsigned sleepers;
};

void quant_turnstile_init(struct quant_turnstile *turnstile, const struct quant_pass *pass);

/* What each thread does, each with a number of its own. Returns when there is nothing left for it.
 */
void quant_turnstile_work(struct quant_turnstile *turnstile, unsigned worker);

/* After all threads have returned. false: a part failed. */
bool quant_turnstile_end(struct quant_turnstile *turnstile);

#endif
