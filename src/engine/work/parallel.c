/* SPDX-License-Identifier: MIT */
/*
 * Numbered parts on several threads. Parts are begun in order, and a turnstile lets them through
 * `deliver` in order: a thread that comes early waits there, first awake, since turns are short,
 * then asleep. That is for parts of one size, such as chunks, whose buffers are large. For others
 * there is the window.
 */
#include <pthread.h>
#include <quant/file.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/work/reorder_queue.h"
#include "io/io.h"

struct crew {
    const struct quant_parallel *parallel;
    struct quant_window *window; /* NULL: the turnstile */
    atomic_uint_fast64_t next;   /* part to begin */
    atomic_uint_fast64_t turn;   /* part to deliver */
    atomic_bool failed;
    pthread_mutex_t mutex; /* for the two below */
    pthread_cond_t turned;
    unsigned sleepers;
};

struct worker {
    struct crew *crew;
    unsigned number;
};

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_for_turn(struct crew *crew, uint64_t part)
{
    enum { SPINS = 2000 };
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&crew->turn, memory_order_acquire) == part)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&crew->mutex);
    crew->sleepers++;
    while (atomic_load_explicit(&crew->turn, memory_order_acquire) != part)
        pthread_cond_wait(&crew->turned, &crew->mutex);
    crew->sleepers--;
    pthread_mutex_unlock(&crew->mutex);
}

/* The mutex around the change keeps a thread from going to sleep just after it was made. */
static void pass_turn(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    atomic_fetch_add_explicit(&crew->turn, 1, memory_order_release);
    if (crew->sleepers > 0)
        pthread_cond_broadcast(&crew->turned);
    pthread_mutex_unlock(&crew->mutex);
}

/* A part that failed still passes its turn on, else those behind it would wait for ever. */
static void do_part(struct crew *crew, unsigned number, uint64_t part)
{
    const struct quant_parallel *parallel = crew->parallel;
    bool ok = parallel->work(parallel->context, number, part);
    wait_for_turn(crew, part);
    if (atomic_load(&crew->failed))
        ok = false; /* one before this: what it would deliver is of no use */
    else if (ok)
        ok = parallel->deliver(parallel->context, number, part);
    if (!ok)
        atomic_store(&crew->failed, true);
    pass_turn(crew);
    if (ok && parallel->finish && !parallel->finish(parallel->context, number, part))
        atomic_store(&crew->failed, true);
}

static void *do_parts(void *context)
{
    const struct worker *worker = context;
    struct crew *crew = worker->crew;
    if (crew->window) {
        struct quant_path_memo memo;
        quant_path_memo_begin(&memo);
        quant_window_work(crew->window);
        quant_path_memo_end(&memo);
        return NULL;
    }
    while (!atomic_load(&crew->failed)) {
        const uint64_t part = atomic_fetch_add(&crew->next, 1);
        if (part >= crew->parallel->n)
            break;
        do_part(crew, worker->number, part);
    }
    return NULL;
}

/* What comes from outside is for the threads that the caller made; what a thread brings upon itself
 * is for that thread. */
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

static unsigned start_threads(struct crew *crew, struct worker *workers, pthread_t *threads,
                              unsigned wanted)
{
    sigset_t before;
    block_signals(&before);
    unsigned started = 0;
    while (started < wanted) {
        workers[started] = (struct worker){crew, started + 1};
        if (pthread_create(&threads[started], NULL, do_parts, &workers[started]) != 0)
            break;
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool quant_parallel_run(const struct quant_parallel *parallel)
{
    struct crew crew = {.parallel = parallel,
                        .window = quant_window_new(parallel),
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .turned = PTHREAD_COND_INITIALIZER};
    unsigned others = parallel->threads > 1 ? parallel->threads - 1 : 0;
    if (others >= parallel->n)
        others = parallel->n > 0 ? (unsigned)parallel->n - 1 : 0;
    struct worker *workers = others > 0 ? calloc(others, sizeof *workers) : NULL;
    pthread_t *threads = others > 0 ? calloc(others, sizeof *threads) : NULL;
    unsigned started = 0;
    if (workers && threads)
        started = start_threads(&crew, workers, threads, others);
    struct worker self = {&crew, 0};
    do_parts(&self);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    free(workers);
    pthread_cond_destroy(&crew.turned);
    pthread_mutex_destroy(&crew.mutex);
    return crew.window ? quant_window_free(crew.window) : !atomic_load(&crew.failed);
}

unsigned quant_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t has room for */
    return online > 0 ? (unsigned)online : 1;
}
