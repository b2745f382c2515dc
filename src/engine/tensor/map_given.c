/* SPDX-License-Identifier: MIT */
/* A scale for each group, all of which are given: one pass, wherever the elements of a group lie.
 */
#include "core/measure.h"
#include "core/observed.h"
#include "engine/tensor/given_groups.h"
#include "engine/tensor/map.h"
#include "engine/tensor/tensor_run.h"
#include "methods/plan_choose.h"

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    (void)error;
    run->scans_first = run->must_scan;
    return QUANT_OK;
}

static size_t capacity(const struct quant_tensor_run *run)
{
    return run->grouping.nelems < QUANT_CHUNK ? (size_t)run->grouping.nelems : QUANT_CHUNK;
}

static unsigned limit_workers(const struct quant_tensor_run *run)
{
    return quant_group_source_workers(&run->given->groups, run->workers, run->measures);
}

static enum quant_status make_buffers(struct quant_tensor_run *run, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (run->measures)
        status = quant_group_ranking_init(&run->ranking, &run->grouping, error);
    return status == QUANT_OK
               ? quant_group_source_share(&run->given->groups, run->workers, run->measures, error)
               : status;
}

static enum quant_status scan(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_scan scan = quant_tensor_run_scan(run);
    const uint64_t nelems = run->grouping.nelems;
    run->progress->ahead = nelems;
    quant_progress_begin_pass(run->progress, nelems, nelems);
    const enum quant_status status = quant_scan_observe(&scan, &run->observed, error);
    return status == QUANT_OK ? quant_tensor_run_check_finite(run, error) : status;
}

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_group_params *all = &run->given->groups.all;
    run->choice = quant_plan_choose_nothing(run->plan);
    run->notes = run->given->notes;
    if (run->measures)
        quant_measure_init_groups(&run->measure, &run->choice.params);
    return run->output
               ? quant_scale_store_append(run->output->scales, all->scales, all->zero_points,
                                          (size_t)run->grouping.count, error)
               : QUANT_OK;
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
    const struct quant_group_part part = quant_group_source_part(&run->given->groups, chunk);
    (void)error;
    buffers->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    if (!run->scans_first)
        quant_observe(&buffers->observed, buffers->x, chunk->count);
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
        const struct quant_group_part part = quant_group_source_part(&run->given->groups, chunk);
        quant_group_ranking_join(&run->ranking, &part, chunk->count);
    }
    return QUANT_OK;
}

const struct quant_map_ops quant_map_given = {
    .name = "given",
    .begin = begin,
    .capacity = capacity,
    .limit_workers = limit_workers,
    .make_buffers = make_buffers,
    .scan = scan,
    .choose = choose,
    .load = load,
    .map = map,
    .deliver = deliver,
};
