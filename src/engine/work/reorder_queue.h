/* SPDX-License-Identifier: MIT */
/*
 * Numbered parts whose workers do not wait: who has worked on one before its turn leaves it in its
 * place and goes on with the next, and who has worked on the one whose turn it is delivers it and
 * all that lie ready behind it. There are so many places and no more, so a worker far ahead waits
 * in the end.
 */
#ifndef QUANT_ENGINE_WORK_REORDER_QUEUE_H
#define QUANT_ENGINE_WORK_REORDER_QUEUE_H

#include <quant/file.h>

struct quant_window;

/* NULL: no memory, or parallel wants none. It must outlive the window. */
struct quant_window *quant_window_new(const struct quant_parallel *parallel);

/* What each thread does; returns when nothing is left for it. */
void quant_window_work(struct quant_window *window);

/* Once all threads are back; false where a part failed. */
bool quant_window_free(struct quant_window *window);

#endif
