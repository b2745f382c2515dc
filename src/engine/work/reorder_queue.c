/* SPDX-License-Identifier: MIT */
/* Finished parts wait in a ring, by their number. */
#include "engine/work/reorder_queue.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
    bool worked;
    bool ok;
    unsigned place;
};

struct quant_reorder_queue {
    const struct quant_pass *pass;
    pthread_mutex_t mutex; /* for all that follows */
    pthread_cond_t freed;  /* several places are free, or there is nothing left to do */
    uint64_t next;         /* part to begin */
    uint64_t turn;         /* part to deliver; next - turn is at most the number of places */
    bool delivering;       /* a thread is delivering */
    bool stopped;          /* no more parts are begun */
    bool failed;           /* and none is delivered */
    unsigned nfree;
    unsigned enough;      /* places to be free before those who wait for one are woken */
    unsigned *free;       /* places; the last one freed is taken first: its memory is warm */
    struct waiting *ring; /* part p at p modulo the number of places */
};

static struct waiting *ring_at(struct quant_reorder_queue *queue, uint64_t part)
{
    return &queue->ring[part % queue->pass->places];
}

struct quant_reorder_queue *quant_reorder_queue_new(const struct quant_pass *pass)
{
    if (pass->places <= pass->threads)
        return NULL;
    struct quant_reorder_queue *queue = calloc(1, sizeof *queue);
    unsigned *places = calloc(pass->places, sizeof *places);
    struct waiting *ring = calloc(pass->places, sizeof *ring);
    if (!queue || !places || !ring) {
        free(ring);
        free(places);
        free(queue);
        return NULL;
    }
    for (unsigned i = 0; i < pass->places; i++)
        places[i] = pass->places - 1 - i;
    *queue = (struct quant_reorder_queue){.pass = pass,
                                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                                          .freed = PTHREAD_COND_INITIALIZER,
                                          .nfree = pass->places,
                                          .enough = 1 + (pass->places - pass->threads) / 2,
                                          .free = places,
                                          .ring = ring};
    return queue;
}

bool quant_reorder_queue_free(struct quant_reorder_queue *queue)
{
    const bool ok = !queue->failed;
    pthread_cond_destroy(&queue->freed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->ring);
    free(queue->free);
    free(queue);
    return ok;
}

/* Called with the mutex held, which is released while a part is delivered: others go on then. */
static void deliver_one(struct quant_reorder_queue *queue, const struct waiting *part)
{
    const struct quant_pass *pass = queue->pass;
    bool ok = part->ok;
    if (ok && !queue->failed) {
        pthread_mutex_unlock(&queue->mutex);
        ok = pass->deliver(pass->context, part->place, queue->turn);
        pthread_mutex_lock(&queue->mutex);
    }
    if (!ok)
        queue->stopped = queue->failed = true;
}

/* If another thread is delivering, it also delivers these: it looks again after each part. */
static void deliver_worked(struct quant_reorder_queue *queue)
{
    if (queue->delivering)
        return;
    queue->delivering = true;
    for (struct waiting *part = ring_at(queue, queue->turn); part->worked;
         part = ring_at(queue, queue->turn)) {
        deliver_one(queue, part);
        part->worked = false;
        queue->turn++;
        queue->free[queue->nfree++] = part->place;
        if (queue->nfree == queue->enough)
            pthread_cond_broadcast(&queue->freed);
    }
    queue->delivering = false;
}

/* Called with the mutex held. The wait ends: parts are begun in order, so the part whose turn it is
 * has a place already, and will free it, and so will those that are done after it. Woken for each
 * place, two threads on one processor would take turns with every part. */
static bool wait_for_place(struct quant_reorder_queue *queue)
{
    while (queue->nfree == 0 && !queue->stopped && queue->next < queue->pass->n)
        pthread_cond_wait(&queue->freed, &queue->mutex);
    return !queue->stopped && queue->next < queue->pass->n;
}

void quant_reorder_queue_work(struct quant_reorder_queue *queue)
{
    const struct quant_pass *pass = queue->pass;
    pthread_mutex_lock(&queue->mutex);
    while (wait_for_place(queue)) {
        const uint64_t part = queue->next++;
        const unsigned place = queue->free[--queue->nfree];
        pthread_mutex_unlock(&queue->mutex);
        const bool ok = pass->work(pass->context, place, part);
        pthread_mutex_lock(&queue->mutex);
        *ring_at(queue, part) = (struct waiting){true, ok, place};
        queue->stopped = queue->stopped || !ok;
        deliver_worked(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
}
