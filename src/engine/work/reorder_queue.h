/* SPDX-License-Identifier: MIT */
/*
 * Parts of any size, delivered in order: workers finish parts in any order, and results wait in the
 * queue until every earlier part has been delivered. The thread that finishes the part whose turn
 * it is delivers it, and all finished parts that follow. The queue has a fixed number of places, so
 * a worker that is far ahead waits for one.
 */
#ifndef QUANT_ENGINE_WORK_REORDER_QUEUE_H
#define QUANT_ENGINE_WORK_REORDER_QUEUE_H

#include "engine/work/pass.h"

struct quant_reorder_queue;

/* pass is borrowed until quant_reorder_queue_free. NULL: no memory, or the pass wants no queue: its
 * places are not more than its threads. */
struct quant_reorder_queue *quant_reorder_queue_new(const struct quant_pass *pass);

/* What each thread does; returns when there is nothing left for it. */
void quant_reorder_queue_work(struct quant_reorder_queue *queue);

/* After all threads have returned. false: a part failed. */
bool quant_reorder_queue_free(struct quant_reorder_queue *queue);

#endif
