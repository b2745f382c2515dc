/* SPDX-License-Identifier: MIT */
/* Parts that were worked on wait in a ring, by their number, for those before them. */
#include "engine/work/reorder_queue.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
    bool worked;
    bool ok;
    unsigned place;
};

struct quant_window {
    const struct quant_parallel *parallel;
    pthread_mutex_t mutex; /* for all that follows */
    pthread_cond_t freed;  /* a place, or it is over */
    uint64_t next;         /* part to begin */
    uint64_t turn;         /* part to deliver; between the two lie fewer than there are places */
    bool delivering;       /* a thread is about it */
    bool stopped;          /* nothing more is begun */
    bool failed;           /* nor delivered */
    unsigned nfree;
    unsigned *free;       /* places; the last one freed is taken first: its memory is warm */
    struct waiting *ring; /* part p at p modulo the number of places */
};

static struct waiting *ring_at(struct quant_window *window, uint64_t part)
{
    return &window->ring[part % window->parallel->window];
}

struct quant_window *quant_window_new(const struct quant_parallel *parallel)
{
    if (parallel->window <= parallel->threads)
        return NULL;
    struct quant_window *window = calloc(1, sizeof *window);
    unsigned *places = calloc(parallel->window, sizeof *places);
    struct waiting *ring = calloc(parallel->window, sizeof *ring);
    if (!window || !places || !ring) {
        free(ring);
        free(places);
        free(window);
        return NULL;
    }
    for (unsigned i = 0; i < parallel->window; i++)
        places[i] = parallel->window - 1 - i;
    *window = (struct quant_window){.parallel = parallel,
                                    .mutex = PTHREAD_MUTEX_INITIALIZER,
                                    .freed = PTHREAD_COND_INITIALIZER,
                                    .nfree = parallel->window,
                                    .free = places,
                                    .ring = ring};
    return window;
}

bool quant_window_free(struct quant_window *window)
{
    const bool ok = !window->failed;
    pthread_cond_destroy(&window->freed);
    pthread_mutex_destroy(&window->mutex);
    free(window->ring);
    free(window->free);
    free(window);
    return ok;
}

/* The mutex is held, but not while a part is delivered: others go on meanwhile. */
static void deliver_one(struct quant_window *window, const struct waiting *part)
{
    const struct quant_parallel *parallel = window->parallel;
    bool ok = part->ok;
    if (ok && !window->failed) {
        pthread_mutex_unlock(&window->mutex);
        ok = parallel->deliver(parallel->context, part->place, window->turn);
        pthread_mutex_lock(&window->mutex);
    }
    if (!ok)
        window->stopped = window->failed = true;
}

/* Who finds another thread at it leaves it to that one, which looks again after each part. */
static void deliver_worked(struct quant_window *window)
{
    if (window->delivering)
        return;
    window->delivering = true;
    for (struct waiting *part = ring_at(window, window->turn); part->worked;
         part = ring_at(window, window->turn)) {
        deliver_one(window, part);
        part->worked = false;
        window->turn++;
        window->free[window->nfree++] = part->place;
        if (window->nfree == 1)
            pthread_cond_broadcast(&window->freed);
    }
    window->delivering = false;
}

/* The mutex is held. Parts are begun in order: the one whose turn it is has a place already, and
 * will free it. */
static bool wait_for_place(struct quant_window *window)
{
    while (window->nfree == 0 && !window->stopped && window->next < window->parallel->n)
        pthread_cond_wait(&window->freed, &window->mutex);
    return !window->stopped && window->next < window->parallel->n;
}

void quant_window_work(struct quant_window *window)
{
    const struct quant_parallel *parallel = window->parallel;
    pthread_mutex_lock(&window->mutex);
    while (wait_for_place(window)) {
        const uint64_t part = window->next++;
        const unsigned place = window->free[--window->nfree];
        pthread_mutex_unlock(&window->mutex);
        const bool ok = parallel->work(parallel->context, place, part);
        pthread_mutex_lock(&window->mutex);
        *ring_at(window, part) = (struct waiting){true, ok, place};
        window->stopped = window->stopped || !ok;
        deliver_worked(window);
    }
    pthread_mutex_unlock(&window->mutex);
}
