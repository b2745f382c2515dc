/* SPDX-License-Identifier: MIT */
/* Each worker has extremes of its own for all groups; they are joined at the end. */
#include "engine/tensor/scan_extremes.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "core/group_sums.h"
#include "core/observed.h"

struct extremes_scan {
    const struct quant_grouping *grouping;
    const struct quant_scan *scan;
    struct quant_extremes *extremes; /* of each worker */
    struct quant_observed *observed;
};

static enum quant_status take_extremes(void *context, struct quant_chunk *chunk,
                                       struct quant_error *error)
{
    const struct extremes_scan *run = context;
    struct quant_buffers *buffers = &run->scan->buffers[chunk->worker];
    (void)error;
    buffers->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    if (quant_extremes_add(&run->extremes[chunk->worker], run->grouping, chunk->first, buffers->x,
                           chunk->count))
        buffers->observed.count = chunk->count; /* the groups have the rest */
    else
        quant_observe(&buffers->observed, buffers->x, chunk->count);
    return QUANT_OK;
}

static enum quant_status join_observed(void *context, struct quant_chunk *chunk,
                                       struct quant_error *error)
{
    const struct extremes_scan *run = context;
    (void)error;
    quant_observed_join(run->observed, &run->scan->buffers[chunk->worker].observed);
    return QUANT_OK;
}

static void join_extremes(const struct extremes_scan *run, size_t workers, uint64_t count)
{
    const struct quant_extremes *all = &run->extremes[0];
    for (uint64_t i = 0; i < count; i++) {
        for (size_t k = 1; k < workers; k++) {
            all->min[i] = fminf(all->min[i], run->extremes[k].min[i]);
            all->max[i] = fmaxf(all->max[i], run->extremes[k].max[i]);
        }
        run->observed->min = fminf(run->observed->min, all->min[i]);
        run->observed->max = fmaxf(run->observed->max, all->max[i]);
    }
}

enum quant_status quant_scan_extremes(const struct quant_scan *scan,
                                      const struct quant_grouping *grouping,
                                      const struct quant_extremes *extremes,
                                      struct quant_observed *observed, struct quant_error *error)
{
    const size_t count = (size_t)grouping->count;
    struct quant_scan by_few = *scan;
    by_few.workers = quant_group_workers(grouping, scan->workers);
    const size_t workers = by_few.workers;
    const size_t nfloats = 2 * (workers - 1) * count;
    struct quant_extremes *each = calloc(workers, sizeof *each);
    float *memory = malloc((nfloats + 1) * sizeof *memory);
    enum quant_status status = QUANT_OK;
    if (!each || !memory)
        status = quant_error_no_memory(error, nfloats * sizeof *memory, "calibration");
    for (size_t i = 0; status == QUANT_OK && i < workers; i++) {
        float *own = i > 0 ? memory + 2 * (i - 1) * count : extremes->min;
        each[i] = (struct quant_extremes){0, own, i > 0 ? own + count : extremes->max};
        quant_extremes_clear(&each[i], count);
    }
    struct extremes_scan run = {grouping, &by_few, each, observed};
    if (status == QUANT_OK)
        status = quant_scan_pass(&by_few, take_extremes, join_observed, &run, error);
    if (status == QUANT_OK)
        join_extremes(&run, workers, count);
    free(memory);
    free(each);
    return status;
}
