/* SPDX-License-Identifier: MIT */
/* Counts, minima and maxima: no figure depends on the order of the chunks. */
#include "engine/tensor/outliers.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"

struct search {
    const struct quant_buffers *buffers;
    double half;
    struct quant_outliers *parts; /* owned: one for each worker, of its chunk */
    struct quant_outliers *found;
};

static void clear(struct quant_outliers *outliers)
{
    *outliers = (struct quant_outliers){0, INFINITY, -INFINITY};
}

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct search *search = context;
    const float *x = search->buffers[chunk->worker].x;
    struct quant_outliers *part = &search->parts[chunk->worker];
    (void)error;
    clear(part);
    for (size_t i = 0; i < chunk->count; i++) {
        const float magnitude = fabsf(x[i]);
        if ((double)magnitude <= search->half) {
            part->min = x[i] < part->min ? x[i] : part->min;
            part->max = x[i] > part->max ? x[i] : part->max;
        } else if (magnitude <= FLT_MAX) { /* false for NaN and infinities */
            part->count++;
        }
    }
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct search *search = context;
    const struct quant_outliers *part = &search->parts[chunk->worker];
    struct quant_outliers *found = search->found;
    (void)error;
    found->count += part->count;
    found->min = part->min < found->min ? part->min : found->min;
    found->max = part->max > found->max ? part->max : found->max;
    return QUANT_OK;
}

enum quant_status quant_outliers_find(const struct quant_scan *scan,
                                      const struct quant_observed *observed,
                                      struct quant_outliers *outliers, struct quant_error *error)
{
    clear(outliers);
    if (observed->count == observed->nonfinite)
        return QUANT_OK;
    struct search search = {
        .buffers = scan->buffers,
        .half = fmax(fabs((double)observed->min), fabs((double)observed->max)) / 2,
        .parts = calloc(scan->workers, sizeof *search.parts),
        .found = outliers,
    };
    if (!search.parts)
        return quant_error_no_memory(error, scan->workers * sizeof *search.parts, "buffers");
    quant_progress_begin_pass(scan->progress, scan->tensor->reader->nelems, scan->progress->ahead);
    const enum quant_status status = quant_scan_pass(scan, take, join, &search, error);
    free(search.parts);
    return status;
}
