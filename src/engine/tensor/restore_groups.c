/* SPDX-License-Identifier: MIT */
/* Restoring by a scale for each channel or block. */
#include "core/measure.h"
#include "engine/tensor/restore_run.h"

static enum quant_status begin_measure(struct quant_restore_run *run, struct quant_error *error)
{
    quant_measure_init_groups(&run->measure, run->params);
    return quant_group_ranking_init(&run->ranking, &run->groups->grouping, error);
}

static unsigned limit_workers(const struct quant_restore_run *run)
{
    return quant_group_source_workers(run->groups, run->workers, run->original);
}

static enum quant_status make_buffers(struct quant_restore_run *run, struct quant_error *error)
{
    return quant_group_source_share(run->groups, run->workers, run->original, error);
}

static enum quant_status load(struct quant_restore_run *run, const struct quant_chunk *chunk,
                              struct quant_error *error)
{
    return quant_group_source_load(run->groups, chunk, error);
}

static void restore(struct quant_restore_run *run, const struct quant_chunk *chunk)
{
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    const struct quant_group_part part = quant_group_source_part(run->groups, chunk);
    if (run->original)
        quant_measure_part_take_groups(buffers->part, &run->measure, &part, buffers->x, buffers->q,
                                       chunk->count);
    if (run->output)
        quant_dequantize_groups(run->params, part.grouping, &part.params, chunk->first, buffers->q,
                                chunk->count, buffers->restored);
}

static void deliver(struct quant_restore_run *run, const struct quant_chunk *chunk)
{
    const struct quant_group_part part = quant_group_source_part(run->groups, chunk);
    quant_group_ranking_join(&run->ranking, &part, chunk->count);
}

const struct quant_restore_ops quant_restore_groups = {
    .begin_measure = begin_measure,
    .limit_workers = limit_workers,
    .make_buffers = make_buffers,
    .load = load,
    .restore = restore,
    .deliver = deliver,
};
