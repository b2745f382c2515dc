/* SPDX-License-Identifier: MIT */
/* Stretches of small items on several threads, and large ones between them. */
#include "engine/work/work_list.h"

#include <pthread.h>

/* Items that are done and wait for an earlier one, if the list does not say: each may have buffers
 * of a MiB. */
enum { WAITING = 8 };

struct quant_work_run {
    const struct quant_work_list *list;
    uint64_t first; /* of the stretch of small items under way */
    pthread_mutex_t progress_mutex;
    pthread_mutex_t mutex; /* for the rest */
    pthread_cond_t moved;  /* turn or failed has changed */
    uint64_t turn;         /* item to be delivered next */
    bool failed;
    unsigned nidle;
    unsigned idle[QUANT_MOST_THREADS]; /* numbers of workers that have no item */
};

static unsigned count_threads(const struct quant_work_list *list)
{
    const unsigned threads = quant_pool_threads(list->pool);
    return threads < QUANT_MOST_THREADS ? threads : QUANT_MOST_THREADS;
}

unsigned quant_work_list_places(const struct quant_work_list *list)
{
    const unsigned threads = count_threads(list);
    return threads > 1 ? threads + (list->waiting > 0 ? list->waiting : WAITING) : 1;
}

bool quant_work_item_await_turn(const struct quant_work_item *item)
{
    struct quant_work_run *run = item->run;
    pthread_mutex_lock(&run->mutex);
    while (run->turn < item->i && !run->failed)
        pthread_cond_wait(&run->moved, &run->mutex);
    const bool ok = !run->failed;
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

/* ---- One item ---- */

/* As the number of a thread would be, which a reorder queue does not give. */
static unsigned take_worker(struct quant_work_run *run)
{
    pthread_mutex_lock(&run->mutex);
    const unsigned worker = run->idle[--run->nidle];
    pthread_mutex_unlock(&run->mutex);
    return worker;
}

static void return_worker(struct quant_work_run *run, unsigned worker)
{
    pthread_mutex_lock(&run->mutex);
    run->idle[run->nidle++] = worker;
    pthread_mutex_unlock(&run->mutex);
}

static void work_on(struct quant_work_run *run, unsigned place, uint64_t i, struct quant_pool *pool)
{
    const struct quant_work_list *list = run->list;
    struct quant_progress_item share = {.whole = list->progress,
                                        .mutex = &run->progress_mutex,
                                        .nelems = list->nelems(list->context, i)};
    struct quant_progress progress = {.call = list->progress->call ? quant_progress_relay : NULL,
                                      .context = &share};
    const unsigned worker = pool ? 0 : take_worker(run);
    struct quant_work_item item = {i, place, worker, pool, &progress, run};
    list->work(list->context, &item);
    if (!pool)
        return_worker(run, worker);
    quant_progress_relay(&share, 1, 1); /* what its passes have not reported */
}

static bool deliver(struct quant_work_run *run, unsigned place, uint64_t i)
{
    const bool ok = run->list->deliver(run->list->context, place, i);
    pthread_mutex_lock(&run->mutex);
    run->turn = i + 1;
    run->failed = run->failed || !ok;
    pthread_cond_broadcast(&run->moved);
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

/* ---- Small items that follow one another ---- */

static bool work_on_small(void *context, unsigned place, uint64_t part)
{
    struct quant_work_run *run = context;
    work_on(run, place, run->first + part, NULL);
    return true; /* deliver sees errors, in order */
}

static bool deliver_small(void *context, unsigned place, uint64_t part)
{
    struct quant_work_run *run = context;
    return deliver(run, place, run->first + part);
}

static bool is_large(const struct quant_work_list *list, uint64_t i)
{
    return list->is_large ? list->is_large(list->context, i)
                          : list->nelems(list->context, i) > QUANT_SMALL_ITEM;
}

static uint64_t count_small(const struct quant_work_list *list, uint64_t first)
{
    uint64_t n = 0;
    while (first + n < list->n && !is_large(list, first + n))
        n++;
    return n;
}

static bool run_small(struct quant_work_run *run, uint64_t n)
{
    const struct quant_work_list *list = run->list;
    const unsigned threads = count_threads(list);
    const struct quant_pass pass = {
        .n = n,
        .threads = threads,
        .places = quant_work_list_places(list),
        .context = run,
        .work = work_on_small,
        .deliver = deliver_small,
    };
    if (threads > 1 && n > 1)
        return quant_pool_run(list->pool, &pass);
    for (uint64_t i = 0; i < n; i++)
        if (!work_on_small(run, 0, i) || !deliver_small(run, 0, i))
            return false;
    return true;
}

/* ---- The list ---- */

static bool run_all(struct quant_work_run *run)
{
    const struct quant_work_list *list = run->list;
    for (uint64_t i = 0; i < list->n;) {
        const uint64_t n = count_small(list, i);
        run->first = i;
        if (n > 0 && !run_small(run, n))
            return false;
        i += n;
        if (i >= list->n)
            break;
        work_on(run, 0, i, list->pool);
        if (!deliver(run, 0, i++))
            return false;
    }
    return true;
}

bool quant_work_list_run(const struct quant_work_list *list)
{
    struct quant_work_run run = {.list = list,
                                 .progress_mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .moved = PTHREAD_COND_INITIALIZER,
                                 .nidle = count_threads(list)};
    for (unsigned i = 0; i < run.nidle; i++)
        run.idle[i] = run.nidle - 1 - i; /* 0 is taken first */
    uint64_t total = 0;
    for (uint64_t i = 0; i < list->n; i++)
        total += list->nelems(list->context, i);
    quant_progress_begin_pass(list->progress, total, 0);
    const bool ok = run_all(&run);
    pthread_cond_destroy(&run.moved);
    pthread_mutex_destroy(&run.mutex);
    pthread_mutex_destroy(&run.progress_mutex);
    return ok;
}
