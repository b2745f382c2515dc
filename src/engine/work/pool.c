/* SPDX-License-Identifier: MIT */
/* Threads sleep between passes. A thread that wakes up late finds that the pass is over, and sleeps
 * again: nobody waits for it, so a pass of few parts is no slower than on one thread. */
#include "engine/work/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "engine/work/reorder_queue.h"
#include "engine/work/turnstile.h"
#include "io/io.h"

struct pool_run {
    struct quant_reorder_queue *queue; /* NULL: the turnstile is used */
    struct quant_turnstile turnstile;
    unsigned nhelpers; /* threads besides the calling one: those numbered 1..nhelpers */
};

struct pool_thread {
    struct quant_pool *pool;
    unsigned number; /* the calling thread is 0 */
    pthread_t thread;
};

struct quant_pool {
    unsigned nthreads;
    struct quant_buffers *buffers; /* owned, nthreads of them */
    struct pool_thread *threads;   /* owned, room for nthreads - 1; NULL: none was needed so far */
    unsigned nstarted;
    pthread_mutex_t mutex; /* for the rest */
    pthread_cond_t begun;  /* a run has begun, or the pool is closing */
    pthread_cond_t left;   /* the last helper has left the run */
    struct pool_run *run;  /* NULL: none is under way */
    uint64_t nruns;        /* that have begun */
    unsigned nhelping;     /* helpers within the run */
    bool closing;
};

struct quant_pool *quant_pool_new(unsigned threads)
{
    const unsigned nthreads = threads > 0 ? threads : 1;
    struct quant_pool *pool = calloc(1, sizeof *pool);
    struct quant_buffers *buffers = calloc(nthreads, sizeof *buffers);
    if (!pool || !buffers) {
        free(buffers);
        free(pool);
        return NULL;
    }
    *pool = (struct quant_pool){.nthreads = nthreads,
                                .buffers = buffers,
                                .mutex = PTHREAD_MUTEX_INITIALIZER,
                                .begun = PTHREAD_COND_INITIALIZER,
                                .left = PTHREAD_COND_INITIALIZER};
    return pool;
}

unsigned quant_pool_threads(const struct quant_pool *pool)
{
    return pool ? pool->nthreads : 1;
}

struct quant_buffers *quant_pool_buffers(struct quant_pool *pool, unsigned worker)
{
    return &pool->buffers[worker];
}

/* ---- What a thread does ---- */

static void do_share(struct pool_run *run, unsigned number)
{
    if (!run->queue) {
        quant_turnstile_work(&run->turnstile, number);
        return;
    }
    struct quant_path_memo memo;
    quant_path_memo_begin(&memo);
    quant_reorder_queue_work(run->queue);
    quant_path_memo_end(&memo);
}

static bool is_needed(const struct pool_thread *self, uint64_t seen)
{
    const struct quant_pool *pool = self->pool;
    return pool->run && pool->nruns != seen && self->number <= pool->run->nhelpers;
}

static void *serve(void *context)
{
    struct pool_thread *self = context;
    struct quant_pool *pool = self->pool;
    uint64_t seen = 0; /* the last run that this thread took part in; runs count from 1 */
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing) {
        if (!is_needed(self, seen)) {
            pthread_cond_wait(&pool->begun, &pool->mutex);
            continue;
        }
        struct pool_run *run = pool->run;
        seen = pool->nruns;
        pool->nhelping++;
        pthread_mutex_unlock(&pool->mutex);
        do_share(run, self->number);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->nhelping == 0)
            pthread_cond_signal(&pool->left);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- Threads ---- */

/* Signals from outside are for the threads of the caller; those that a thread raises itself, such
 * as SIGSEGV, are for that thread. */
static void block_signals(sigset_t *before)
{
    static const int own[] = {SIGABRT, SIGBUS,  SIGFPE,  SIGILL, SIGPIPE,
                              SIGSEGV, SIGTRAP, SIGXFSZ, SIGSYS};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_SETMASK, &set, before);
}

/* So many in all, or as many as there can be. */
static void start_threads(struct quant_pool *pool, unsigned wanted)
{
    if (!pool->threads)
        pool->threads = calloc(pool->nthreads - 1, sizeof *pool->threads);
    if (!pool->threads || pool->nstarted >= wanted)
        return;
    sigset_t before;
    block_signals(&before);
    while (pool->nstarted < wanted) {
        struct pool_thread *next = &pool->threads[pool->nstarted];
        *next = (struct pool_thread){.pool = pool, .number = pool->nstarted + 1};
        if (pthread_create(&next->thread, NULL, serve, next) != 0)
            break;
        pool->nstarted++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void quant_pool_free(struct quant_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->nstarted; i++)
        pthread_join(pool->threads[i].thread, NULL);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->begun);
    pthread_mutex_destroy(&pool->mutex);
    quant_buffers_release(pool->buffers, pool->nthreads);
    free(pool->buffers);
    free(pool->threads);
    free(pool);
}

/* ---- Runs ---- */

static unsigned count_helpers(const struct quant_pool *pool, const struct quant_pass *pass)
{
    uint64_t most = pass->threads < pool->nthreads ? pass->threads : pool->nthreads;
    if (pass->n < most)
        most = pass->n;
    return most > 1 ? (unsigned)most - 1 : 0;
}

static void begin_run(struct quant_pool *pool, struct pool_run *run)
{
    start_threads(pool, run->nhelpers);
    pthread_mutex_lock(&pool->mutex);
    pool->run = run;
    pool->nruns++;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->mutex);
}

/* All parts have been begun, or one has failed: only helpers that are within the run matter. */
static void end_run(struct quant_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->run = NULL;
    while (pool->nhelping > 0)
        pthread_cond_wait(&pool->left, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

/* A small tensor is one part, and there may be very many: no locks. */
static bool run_one(const struct quant_pass *pass)
{
    return pass->work(pass->context, 0, 0) && pass->deliver(pass->context, 0, 0) &&
           (!pass->finish || pass->finish(pass->context, 0, 0));
}

/* pool NULL: on the calling thread alone. */
static bool run_pass(struct quant_pool *pool, const struct quant_pass *pass)
{
    if (pass->n == 1)
        return run_one(pass);
    struct pool_run run = {.queue = quant_reorder_queue_new(pass),
                           .nhelpers = pool ? count_helpers(pool, pass) : 0};
    quant_turnstile_init(&run.turnstile, pass);
    if (run.nhelpers > 0)
        begin_run(pool, &run);
    do_share(&run, 0);
    if (run.nhelpers > 0)
        end_run(pool);
    const bool ok = quant_turnstile_end(&run.turnstile);
    return run.queue ? quant_reorder_queue_free(run.queue) : ok;
}

bool quant_pool_run(struct quant_pool *pool, const struct quant_pass *pass)
{
    if (pool || pass->threads <= 1 || pass->n <= 1)
        return run_pass(pool, pass);
    struct quant_pool *own = quant_pool_new(pass->threads);
    const bool ok = run_pass(own, pass);
    quant_pool_free(own);
    return ok;
}
