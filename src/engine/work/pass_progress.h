/* SPDX-License-Identifier: MIT */
/*
 * Reports to the caller how much of the work is done, as a share that never falls, although the
 * number of passes that a calibration method needs is not known before. When a pass begins, it gets
 * a share of the work that is left: its elements, divided by those of this pass and of all passes
 * that are expected after it. If there are more passes than expected, their shares are smaller; if
 * there are fewer, the share of the last one is larger.
 *
 *     for each pass: begin_pass; for each input of it, if there are several: begin_part; add ...
 */
#ifndef QUANT_ENGINE_WORK_PASS_PROGRESS_H
#define QUANT_ENGINE_WORK_PASS_PROGRESS_H

#include <pthread.h>
#include <quant/file.h>

/* At first call and context are set, the rest is zeros. */
struct quant_progress {
    quant_progress_fn *call; /* NULL: nothing is reported */
    void *context;
    uint64_t done;   /* elements, over all passes */
    uint64_t ahead;  /* elements of the passes expected after the next calibration */
    uint64_t total;  /* the total for the caller; 0: not known yet */
    bool has_parts;  /* a part of this pass has begun */
    double begin;    /* the share that was done before this pass */
    double end;      /* the share that will be done after it */
    double units;    /* of the pass; parts may have other units than elements */
    double before;   /* units of earlier parts */
    double part;     /* units of this part */
    double expected; /* elements of this part */
    double seen;     /* how many of them are done */
};

/* A pass over nelems elements begins (0: not known). The passes that are expected after it have
 * ahead elements together. */
static inline void quant_progress_begin_pass(struct quant_progress *progress, uint64_t nelems,
                                             uint64_t ahead)
{
    const double units = (double)nelems;
    const double all = units + (double)ahead;
    if (progress->total == 0 && nelems > 0) { /* now it is known */
        progress->total = progress->done + nelems + ahead;
        progress->end = (double)progress->done / (double)progress->total;
    }
    progress->begin = progress->end;
    progress->end += ahead == 0 ? 1 - progress->end : (1 - progress->end) * (units / all);
    progress->units = progress->part = progress->expected = units;
    progress->before = progress->seen = 0;
    progress->has_parts = false;
}

/* The next input of a pass begins. It is `units` of the units of the pass, and has nelems
 * elements (0: not known). */
static inline void quant_progress_begin_part(struct quant_progress *progress, uint64_t units,
                                             uint64_t nelems)
{
    if (progress->has_parts)
        progress->before += progress->part;
    progress->has_parts = true;
    progress->part = (double)units;
    progress->expected = (double)nelems;
    progress->seen = 0;
}

static inline double quant_progress_share(const struct quant_progress *progress)
{
    const double seen = progress->seen < progress->expected ? progress->seen / progress->expected
                        : progress->expected > 0            ? 1
                                                            : 0;
    const double units = progress->before + progress->part * seen;
    const double share = units < progress->units ? units / progress->units : 1;
    return progress->begin + (progress->end - progress->begin) * share;
}

static inline void quant_progress_add(struct quant_progress *progress, uint64_t nelems)
{
    progress->done += nelems;
    progress->seen += (double)nelems;
    if (!progress->call)
        return;
    if (progress->total == 0) {
        progress->call(progress->context, progress->done, 0);
        return;
    }
    const double total = (double)progress->total;
    const double done = quant_progress_share(progress) * total + 0.5;
    progress->call(progress->context, done < total ? (uint64_t)done : progress->total,
                   progress->total);
}

/* An item whose work is passes of its own, and which counts as nelems elements of one larger pass.
 */
struct quant_progress_item {
    struct quant_progress *whole; /* has the larger pass */
    pthread_mutex_t *mutex;       /* for *whole, if several items are at work; else NULL */
    uint64_t nelems;
    uint64_t seen; /* of these, what is in the larger pass already */
};

/* The call of the item's own progress, whose context is the item: adds the share that is done. */
static inline void quant_progress_relay(void *context, uint64_t done, uint64_t total)
{
    struct quant_progress_item *item = context;
    const double share = total > 0 ? (double)done / (double)total : 0;
    const uint64_t seen = done == total ? item->nelems : (uint64_t)(share * (double)item->nelems);
    if (total == 0 || seen <= item->seen || seen > item->nelems)
        return;
    if (item->mutex)
        pthread_mutex_lock(item->mutex);
    quant_progress_add(item->whole, seen - item->seen);
    if (item->mutex)
        pthread_mutex_unlock(item->mutex);
    item->seen = seen;
}

#endif
