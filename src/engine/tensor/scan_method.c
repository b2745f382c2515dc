/* SPDX-License-Identifier: MIT */
/* Makes passes until the method has its range. */
#include "engine/tensor/scan_method.h"

#include "base/sum_order.h"
#include "methods/plan_choose.h"

_Static_assert((int)QUANT_CHUNK <= (int)QUANT_PART_MAX, "a chunk is one part");
_Static_assert(QUANT_CHUNK % QUANT_MEASURE_BLOCK == 0, "blocks end where chunks end");

struct calibration {
    const struct quant_buffers *buffers;
    struct quant_calibrator *calibrator;
};

static enum quant_status take(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct calibration *calibration = context;
    (void)error;
    quant_calibrator_take(calibration->calibrator, chunk->worker,
                          calibration->buffers[chunk->worker].x, chunk->count);
    return QUANT_OK;
}

static enum quant_status join(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    const struct calibration *calibration = context;
    (void)error;
    quant_calibrator_join(calibration->calibrator, chunk->worker);
    return QUANT_OK;
}

enum quant_status quant_scan_take(const struct quant_scan *scan,
                                  struct quant_calibrator *calibrator, double *totals,
                                  struct quant_error *error)
{
    struct calibration calibration = {scan->buffers, calibrator};
    const enum quant_status status = quant_scan_pass(scan, take, join, &calibration, error);
    if (status == QUANT_OK)
        quant_calibrator_end_input(calibrator, totals);
    return status;
}

static enum quant_status run_passes(const struct quant_scan *scan,
                                    struct quant_calibrator *calibrator, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && !calibrator->done) {
        const uint64_t count = calibrator->observed.count;
        quant_progress_begin_pass(scan->progress, count,
                                  scan->progress->ahead +
                                      count * quant_calibrator_passes_left(calibrator));
        status = quant_scan_take(scan, calibrator, NULL, error);
        if (status == QUANT_OK)
            quant_calibrator_end_pass(calibrator);
    }
    return status;
}

enum quant_status quant_scan_choose_by_method(const struct quant_scan *scan,
                                              const struct quant_plan *plan,
                                              const struct quant_observed *observed,
                                              struct quant_choice *choice,
                                              struct quant_error *error)
{
    if (plan->from != QUANT_RANGE_FOUND || observed->count == observed->nonfinite)
        return quant_plan_choose(plan, observed, NULL, choice, error);
    struct quant_calibrator *calibrator =
        quant_calibrator_new(plan, observed, scan->workers, error);
    if (!calibrator)
        return QUANT_NO_MEMORY;
    enum quant_status status = run_passes(scan, calibrator, error);
    if (status == QUANT_OK)
        status = quant_plan_choose(plan, observed, calibrator->range, choice, error);
    quant_calibrator_free(calibrator);
    return status;
}
