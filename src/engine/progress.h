/* SPDX-License-Identifier: MIT */
/* Telling the caller how far the work is. */
#ifndef QUANT_ENGINE_PROGRESS_H
#define QUANT_ENGINE_PROGRESS_H

#include <quant/file.h>

struct quant_progress {
    quant_progress_fn *call; /* NULL: nobody asks */
    void *context;
    uint64_t done;
    uint64_t total; /* 0: not known */
};

static inline void quant_progress_add(struct quant_progress *progress, uint64_t nelems)
{
    progress->done += nelems;
    if (progress->call)
        progress->call(progress->context, progress->done, progress->total);
}

#endif
