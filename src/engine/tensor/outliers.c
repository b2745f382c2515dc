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

void quant_outliers_clear(struct quant_outliers *outliers)
{
    *outliers = (struct quant_outliers){0, INFINITY, -INFINITY};
}

void quant_outliers_add(struct quant_outliers *outliers, double half, const float *x, size_t n)
{
    struct quant_outliers found = *outliers; /* in registers */
    for (size_t i = 0; i < n; i++) {
        const float magnitude = fabsf(x[i]);
        if ((double)magnitude <= half) {
            found.min = x[i] < found.min ? x[i] : found.min;
            found.max = x[i] > found.max ? x[i] : found.max;
        } else if (magnitude <= FLT_MAX) { /* false for NaN and infinities */
            found.count++;
        }
    }
    *outliers = found;
}

void quant_outliers_join(struct quant_outliers *outliers, const struct quant_outliers *part)
{
    outliers->count += part->count;
    outliers->min = part->min < outliers->min ? part->min : outliers->min;
    outliers->max = part->max > outliers->max ? part->max : outliers->max;
}

double quant_outliers_half(const struct quant_observed *observed)
{
    return fmax(fabs((double)observed->min), fabs((double)observed->max)) / 2;
}

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct search *search = context;
    struct quant_outliers *part = &search->parts[chunk->worker];
    (void)error;
    quant_outliers_clear(part);
    quant_outliers_add(part, search->half, search->buffers[chunk->worker].x, chunk->count);
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct search *search = context;
    (void)error;
    quant_outliers_join(search->found, &search->parts[chunk->worker]);
    return QUANT_OK;
}

enum quant_status quant_outliers_find(const struct quant_scan *scan,
                                      const struct quant_observed *observed,
                                      struct quant_outliers *outliers, struct quant_error *error)
{
    quant_outliers_clear(outliers);
    if (observed->count == observed->nonfinite)
        return QUANT_OK;
    struct search search = {
        .buffers = scan->buffers,
        .half = quant_outliers_half(observed),
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
