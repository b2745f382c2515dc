/* SPDX-License-Identifier: MIT */
/*
 * Many items of very different size, delivered in order. An item that is small is worked on by one
 * thread, several such items side by side. An item that is large comes alone, with all threads,
 * since only a pass over its elements can be shared. Which of the two it is depends on its size
 * alone, never on the threads.
 *
 * The whole list is one pass of a progress, which counts the elements of all items: a small item
 * when it is delivered, a large one while it is worked on.
 */
#ifndef QUANT_ENGINE_WORK_WORK_LIST_H
#define QUANT_ENGINE_WORK_WORK_LIST_H

#include "engine/work/chunks.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"

/* An item of more elements is large: 8 MiB of floats. */
enum { QUANT_SMALL_ITEM = 16 * QUANT_CHUNK };

struct quant_work_list {
    uint64_t n;
    struct quant_pool *pool;
    struct quant_progress *progress; /* of the list */
    void *context;

    uint64_t (*nelems)(void *context, uint64_t i); /* the size of an item */

    /* Works on item i, in any order. What is to be delivered is kept at place, a number below
     * quant_work_list_places; an error too. pool: of a large item, for its passes; NULL for a small
     * one, whose buffers are the place's own. progress: of the item's passes; it is valid during
     * the call. */
    void (*work)(void *context, unsigned place, uint64_t i, struct quant_pool *pool,
                 struct quant_progress *progress);

    /* In order, one at a time. false: the item failed, and no later one is delivered. */
    bool (*deliver)(void *context, unsigned place, uint64_t i);
};

unsigned quant_work_list_places(const struct quant_work_list *list);

/* false if an item failed. Only the thread that made the pool may call it. */
bool quant_work_list_run(const struct quant_work_list *list);

#endif
