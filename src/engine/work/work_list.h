/* SPDX-License-Identifier: MIT */
/*
 * Many items of very different size, such as files or tensors, delivered in order. An item that is
 * small is worked on by one thread, several such items side by side. An item that is large comes
 * alone, with all threads, since only a pass over its elements can be shared. Which of the two it
 * is never depends on the threads.
 *
 * The whole list is one pass of a progress, which counts the elements of all items.
 */
#ifndef QUANT_ENGINE_WORK_WORK_LIST_H
#define QUANT_ENGINE_WORK_WORK_LIST_H

#include "engine/work/chunks.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"

/* An item of more elements is large: 8 MiB of floats. */
enum { QUANT_SMALL_ITEM = 16 * QUANT_CHUNK };

struct quant_work_run; /* of a list */

/* An item at work. */
struct quant_work_item {
    uint64_t i;
    unsigned place;          /* below quant_work_list_places; kept until the item is delivered */
    unsigned worker;         /* below the threads of the list's pool; no other item at work has it;
                              * 0 of a large item */
    struct quant_pool *pool; /* of a large item, for its passes; NULL: a small one, for which the
                              * buffers of its worker or its place are used */
    struct quant_progress *progress; /* of its passes; valid while it is worked on */
    struct quant_work_run *run;
};

struct quant_work_list {
    uint64_t n;
    struct quant_pool *pool;
    struct quant_progress *progress; /* of the list */
    void *context;

    uint64_t (*nelems)(void *context, uint64_t i); /* the size of an item */

    /* The most items that are done and wait for an earlier one; 0: a few. The more there are, the
     * less often a thread sleeps because another one was interrupted. */
    unsigned waiting;

    /* Whether an item is large. NULL: if it has more elements than QUANT_SMALL_ITEM. */
    bool (*is_large)(void *context, uint64_t i);

    /* In any order. What is to be delivered is kept at the item's place, an error too. */
    void (*work)(void *context, struct quant_work_item *item);

    /* In order, one at a time. false: the item failed, and no later one is delivered. */
    bool (*deliver)(void *context, unsigned place, uint64_t i);
};

unsigned quant_work_list_places(const struct quant_work_list *list);

/* false if an item failed. Only the thread that made the pool may call it. */
bool quant_work_list_run(const struct quant_work_list *list);

/* Called within work: waits until all earlier items have been delivered. Until the item's own work
 * ends, nothing is delivered, so that what the caller does meanwhile is in order too. false: an
 * earlier item failed, and this one will not be delivered. */
bool quant_work_item_await_turn(const struct quant_work_item *item);

#endif
