/* SPDX-License-Identifier: MIT */
/* A scale for each group, where the elements of a group are far apart or many. */
#include <stdlib.h>

#include "base/error.h"
#include "core/group_notes.h"
#include "core/measure.h"
#include "core/profile_params.h"
#include "engine/tensor/far_params.h"
#include "engine/tensor/map.h"
#include "engine/tensor/tensor_run.h"

struct far_map {
    struct quant_far_params params;
    struct quant_group_sums **sums; /* owned: of all groups, one array a worker, if measured */
    unsigned nsums;
};

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = calloc(1, sizeof *far);
    run->map_state = far;
    if (!far)
        return quant_error_no_memory(error, sizeof *far, "buffers");
    far->params.nonfinite = run->plan->nonfinite;
    far->params.cancel = run->cancel;
    far->params.grouping = &run->grouping;
    quant_group_calibration_begin(&far->params.calibration, run->plan, &run->grouping);
    run->scans_first = true;
    return QUANT_OK;
}

static size_t capacity(const struct quant_tensor_run *run)
{
    return run->grouping.nelems < QUANT_CHUNK ? (size_t)run->grouping.nelems : QUANT_CHUNK;
}

static unsigned limit_workers(const struct quant_tensor_run *run)
{
    return run->measures ? quant_group_workers(&run->grouping, run->workers) : run->workers;
}

static enum quant_status make_buffers(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = run->map_state;
    const size_t ngroups = (size_t)run->grouping.count;
    struct quant_group_params *all = &far->params.all;
    bool ok = true;
    if (run->measures) {
        const enum quant_status status =
            quant_group_ranking_init(&run->ranking, &run->grouping, error);
        if (status != QUANT_OK)
            return status;
        far->sums = calloc(run->workers, sizeof(void *));
        ok = far->sums;
    }
    while (ok && run->measures && far->nsums < run->workers) {
        far->sums[far->nsums] = calloc(ngroups + 1, sizeof **far->sums);
        ok = far->sums[far->nsums++];
    }
    all->scales = malloc((ngroups + 1) * sizeof *all->scales);
    all->zero_points = malloc((ngroups + 1) * sizeof *all->zero_points);
    if (quant_plan_has_factors(run->plan)) {
        all->factors = malloc((ngroups + 1) * sizeof *all->factors);
        ok = ok && all->factors;
    }
    return ok && all->scales && all->zero_points
               ? QUANT_OK
               : quant_error_no_memory(error, ngroups * sizeof(float), "scales");
}

static void release(struct quant_tensor_run *run)
{
    struct far_map *far = run->map_state;
    if (!far)
        return;
    for (unsigned i = 0; i < far->nsums; i++)
        free(far->sums[i]);
    free(far->sums);
    free(far->params.all.scales);
    free(far->params.all.zero_points);
    free(far->params.all.factors);
}

static enum quant_status scan(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = run->map_state;
    const struct quant_scan scan = quant_tensor_run_scan(run);
    const struct quant_group_params *all = &far->params.all;
    run->progress->ahead = run->grouping.nelems;
    enum quant_status status = quant_far_params_find(&far->params, &scan, &run->observed, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_check_finite(run, error);
    if (status == QUANT_OK && run->output)
        status = quant_scale_store_append(run->output->scales, all->scales, all->zero_points,
                                          (size_t)run->grouping.count, error);
    run->notes = far->params.notes;
    return status;
}

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct far_map *far = run->map_state;
    (void)error;
    run->choice = far->params.calibration.nothing;
    if (run->measures)
        quant_measure_init_groups(&run->measure, &run->choice.params);
    return QUANT_OK;
}

static struct quant_group_part part_of(const struct quant_tensor_run *run,
                                       const struct quant_chunk *chunk)
{
    const struct far_map *far = run->map_state;
    return (struct quant_group_part){.grouping = &run->grouping,
                                     .params = far->params.all,
                                     .sums = far->sums ? far->sums[chunk->worker] : NULL,
                                     .first = chunk->first};
}

static enum quant_status load(struct quant_tensor_run *run, struct quant_chunk *chunk,
                              struct quant_error *error)
{
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    return quant_reader_load(run->tensor->reader, true, chunk, buffers->x, buffers->stage, error);
}

static enum quant_status map(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                             struct quant_error *error)
{
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    const struct quant_group_part part = part_of(run, chunk);
    (void)error;
    quant_quantize_groups(&run->choice.params, part.grouping, &part.params, chunk->first,
                          buffers->x, chunk->count, buffers->q);
    if (run->measures)
        quant_measure_part_take_groups(buffers->part, &run->measure, &part, buffers->x, buffers->q,
                                       chunk->count);
    return QUANT_OK;
}

static enum quant_status deliver(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    (void)error;
    if (run->measures) {
        const struct quant_group_part part = part_of(run, chunk);
        quant_group_ranking_join(&run->ranking, &part, chunk->count);
    }
    return QUANT_OK;
}

const struct quant_map_ops quant_map_far = {
    .name = "far",
    .begin = begin,
    .capacity = capacity,
    .limit_workers = limit_workers,
    .make_buffers = make_buffers,
    .scan = scan,
    .choose = choose,
    .load = load,
    .map = map,
    .deliver = deliver,
    .release = release,
};
