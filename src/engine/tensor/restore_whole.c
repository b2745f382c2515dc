/* SPDX-License-Identifier: MIT */
/* Restoring by one scale. */
#include "core/measure.h"
#include "engine/tensor/restore_run.h"

static enum quant_status begin_measure(struct quant_restore_run *run, struct quant_error *error)
{
    (void)error;
    quant_measure_init(&run->measure, run->params);
    return QUANT_OK;
}

static void restore(struct quant_restore_run *run, const struct quant_chunk *chunk)
{
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    if (run->original)
        quant_measure_part_take(buffers->part, &run->measure, buffers->x, buffers->q, chunk->count);
    if (run->output)
        quant_dequantize(run->params, buffers->q, chunk->count, buffers->restored);
}

const struct quant_restore_ops quant_restore_whole = {
    .begin_measure = begin_measure,
    .restore = restore,
};
