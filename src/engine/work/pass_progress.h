/* SPDX-License-Identifier: MIT */
/*
 * Reporting to the caller how much of the work is done, as a share that never falls although it is
 * not known beforehand how many passes a calibration method needs. Each pass gets its share of what
 * is left when it begins, by its elements and those of the passes expected after it. Where more
 * passes come than expected, the shares become smaller; where fewer come, the last one gets more.
 *
 *     for each pass: begin_pass; where it goes over several inputs, for each: begin_part; add ...
 */
#ifndef QUANT_ENGINE_WORK_PASS_PROGRESS_H
#define QUANT_ENGINE_WORK_PASS_PROGRESS_H

#include <quant/file.h>

/* Begin it with call and context, the rest zeros. */
struct quant_progress {
    quant_progress_fn *call; /* NULL: nobody asks */
    void *context;
    uint64_t done;   /* elements, over all passes */
    uint64_t ahead;  /* elements of the passes expected after the calibration that is to begin */
    uint64_t total;  /* what the caller gets as the total; 0: not known yet */
    bool has_parts;  /* a part of this pass has begun */
    double begin;    /* of the pass: the share that was done before it */
    double end;      /* and the share that is done after it */
    double units;    /* of the pass; parts may count in other units than elements */
    double before;   /* units of the parts before this one */
    double part;     /* units of this one */
    double expected; /* elements of this one */
    double seen;     /* of these, the ones that are done */
};

/* A pass over so many elements begins (0: not known), after which others are expected to go over
 * ahead elements in all. */
static inline void quant_progress_begin_pass(struct quant_progress *progress, uint64_t nelems,
                                             uint64_t ahead)
{
    const double units = (double)nelems;
    const double all = units + (double)ahead;
    if (progress->total == 0 && nelems > 0) { /* it is known from here on */
        progress->total = progress->done + nelems + ahead;
        progress->end = (double)progress->done / (double)progress->total;
    }
    progress->begin = progress->end;
    progress->end += ahead == 0 ? 1 - progress->end : (1 - progress->end) * (units / all);
    progress->units = progress->part = progress->expected = units;
    progress->before = progress->seen = 0;
    progress->has_parts = false;
}

/* The next input of a pass begins: it is worth so many of the pass's units, and has so many
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

#endif
