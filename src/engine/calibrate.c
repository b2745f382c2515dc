/* SPDX-License-Identifier: MIT */
/* Passes until the method has its range. */
#include "engine/calibrate.h"

#include <string.h>

#include "core/calibrator.h"

_Static_assert((int)QUANT_CHUNK <= (int)QUANT_PART_MOST, "a chunk is one part");
_Static_assert(QUANT_CHUNK % QUANT_MEASURE_BLOCK == 0, "blocks end where chunks end");

struct passes {
    const struct quant_calibration_run *run;
    struct quant_calibrator *calibrator;
};

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct passes *passes = context;
    const struct quant_calibration_run *run = passes->run;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    return quant_reader_load(run->reader, run->by_position, chunk, bench->x, bench->stage, error);
}

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct passes *passes = context;
    (void)error;
    quant_calibrator_take(passes->calibrator, chunk->worker, passes->run->benches[chunk->worker].x,
                          chunk->count);
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct passes *passes = context;
    (void)error;
    quant_calibrator_join(passes->calibrator, chunk->worker);
    quant_progress_add(passes->run->progress, chunk->count);
    return QUANT_OK;
}

static enum quant_status run_pass(struct passes *passes, struct quant_error *error)
{
    const struct quant_calibration_run *run = passes->run;
    const struct quant_chunk_pass pass = {
        .by_position = run->by_position,
        .nelems = run->reader->nelems,
        .threads = run->workers,
        .context = passes,
        .load = load,
        .work = take,
        .deliver = join,
    };
    if (run->progress->total > 0)
        run->progress->total += run->observed->count;
    enum quant_status status = quant_chunk_pass_run(&pass, error);
    if (status == QUANT_OK)
        status = run->reader->ops->rewind(run->reader, error);
    if (status == QUANT_OK)
        quant_calibrator_end_pass(passes->calibrator);
    return status;
}

enum quant_status quant_calibration_run(const struct quant_calibration_run *run, double range[2],
                                        bool *has_range, struct quant_error *error)
{
    *has_range = run->observed->count > run->observed->nonfinite;
    if (!*has_range)
        return QUANT_OK;
    struct passes passes = {run,
                            quant_calibrator_new(run->spec, run->observed, run->workers, error)};
    if (!passes.calibrator)
        return QUANT_NO_MEMORY;
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && !passes.calibrator->done)
        status = run_pass(&passes, error);
    memcpy(range, passes.calibrator->range, sizeof passes.calibrator->range);
    quant_calibrator_free(passes.calibrator);
    return status;
}
