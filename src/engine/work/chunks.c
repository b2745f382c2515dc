/* SPDX-License-Identifier: MIT */
/* Passes over chunks, and the error that a pass ends with. */
#include "engine/work/chunks.h"

#include <pthread.h>

#include "engine/work/pool.h"

struct pass_run {
    const struct quant_chunk_pass *pass;
    pthread_mutex_t mutex; /* for the rest */
    uint64_t failed;       /* first element of the first chunk that failed */
    enum quant_status status;
    struct quant_error *error;
};

static void note_failure(struct pass_run *run, const struct quant_chunk *chunk,
                         enum quant_status status, const struct quant_error *error)
{
    pthread_mutex_lock(&run->mutex);
    if (run->status == QUANT_OK || chunk->first < run->failed) {
        run->failed = chunk->first;
        run->status = status;
        if (run->error)
            *run->error = *error;
    }
    pthread_mutex_unlock(&run->mutex);
}

/* Each step has an error of its own: steps of several threads may fail at the same time. */
static bool do_step(struct pass_run *run, quant_chunk_fn *step, struct quant_chunk *chunk)
{
    struct quant_error error;
    const enum quant_status status = step(run->pass->context, chunk, &error);
    if (status != QUANT_OK)
        note_failure(run, chunk, status, &error);
    return status == QUANT_OK;
}

static struct quant_chunk chunk_of(const struct pass_run *run, unsigned worker, uint64_t part)
{
    const uint64_t first = part * QUANT_CHUNK;
    const uint64_t ahead = run->pass->nelems - first;
    return (struct quant_chunk){worker, first, ahead < QUANT_CHUNK ? (size_t)ahead : QUANT_CHUNK};
}

static bool load_and_work(void *context, unsigned worker, uint64_t part)
{
    struct pass_run *run = context;
    struct quant_chunk chunk = chunk_of(run, worker, part);
    return do_step(run, run->pass->load, &chunk) && do_step(run, run->pass->work, &chunk);
}

static bool deliver(void *context, unsigned worker, uint64_t part)
{
    struct pass_run *run = context;
    struct quant_chunk chunk = chunk_of(run, worker, part);
    return do_step(run, run->pass->deliver, &chunk);
}

static bool finish(void *context, unsigned worker, uint64_t part)
{
    struct pass_run *run = context;
    struct quant_chunk chunk = chunk_of(run, worker, part);
    return do_step(run, run->pass->finish, &chunk);
}

static uint64_t count_chunks(uint64_t nelems)
{
    return nelems / QUANT_CHUNK + (nelems % QUANT_CHUNK != 0);
}

static void run_by_position(struct pass_run *run)
{
    const struct quant_pass parts = {
        .n = count_chunks(run->pass->nelems),
        .threads = run->pass->threads,
        .context = run,
        .work = load_and_work,
        .deliver = deliver,
        .finish = run->pass->finish ? finish : NULL,
    };
    quant_pool_run(run->pass->pool, &parts);
}

static void run_in_order(struct pass_run *run)
{
    const struct quant_chunk_pass *pass = run->pass;
    struct quant_chunk chunk = {0, 0, QUANT_CHUNK};
    while (do_step(run, pass->load, &chunk) && chunk.count > 0) {
        if (!do_step(run, pass->work, &chunk) || !do_step(run, pass->deliver, &chunk) ||
            (pass->finish && !do_step(run, pass->finish, &chunk)))
            return;
        chunk = (struct quant_chunk){0, chunk.first + chunk.count, QUANT_CHUNK};
    }
}

enum quant_status quant_chunk_pass_run(const struct quant_chunk_pass *pass,
                                       struct quant_error *error)
{
    struct pass_run run = {.pass = pass, .mutex = PTHREAD_MUTEX_INITIALIZER, .error = error};
    if (pass->by_position)
        run_by_position(&run);
    else
        run_in_order(&run);
    pthread_mutex_destroy(&run.mutex);
    return run.status;
}

unsigned quant_chunk_workers(unsigned wanted, uint64_t nelems)
{
    const uint64_t nchunks = count_chunks(nelems);
    if (wanted == 0)
        wanted = quant_processors();
    if (wanted > QUANT_MOST_THREADS)
        wanted = QUANT_MOST_THREADS;
    if (nchunks < wanted)
        wanted = nchunks > 0 ? (unsigned)nchunks : 1;
    return wanted;
}
