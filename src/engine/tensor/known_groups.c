/* SPDX-License-Identifier: MIT */
#include "engine/tensor/known_groups.h"

#include "core/measure.h"
#include "core/observed.h"
#include "engine/tensor/given_groups.h"

size_t quant_known_groups_capacity(const struct quant_tensor_run *run)
{
    return run->grouping.nelems < QUANT_CHUNK ? (size_t)run->grouping.nelems : QUANT_CHUNK;
}

unsigned quant_known_groups_limit_workers(const struct quant_tensor_run *run)
{
    return run->measures ? quant_group_workers(&run->grouping, run->workers) : run->workers;
}

enum quant_status quant_known_groups_make_buffers(struct quant_tensor_run *run,
                                                  struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (run->measures)
        status = quant_group_ranking_init(&run->ranking, &run->grouping, error);
    return status == QUANT_OK
               ? quant_group_source_share(&run->known->groups, run->workers, run->measures, error)
               : status;
}

enum quant_status quant_known_groups_choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct quant_group_params *all = &run->known->groups.all;
    run->notes = run->known->notes;
    if (run->measures)
        quant_measure_init_groups(&run->measure, &run->choice.params);
    return run->output ? quant_scale_store_append(run->output->scales, all,
                                                  (size_t)run->grouping.count, error)
                       : QUANT_OK;
}

enum quant_status quant_known_groups_load(struct quant_tensor_run *run, struct quant_chunk *chunk,
                                          struct quant_error *error)
{
    const struct quant_buffers *buffers = &run->buffers[chunk->worker];
    return quant_reader_load(run->tensor->reader, true, chunk, buffers->x, buffers->stage, error);
}

enum quant_status quant_known_groups_map(struct quant_tensor_run *run,
                                         const struct quant_chunk *chunk, struct quant_error *error)
{
    struct quant_buffers *buffers = &run->buffers[chunk->worker];
    const struct quant_group_part part = quant_group_source_part(&run->known->groups, chunk);
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

enum quant_status quant_known_groups_deliver(struct quant_tensor_run *run,
                                             const struct quant_chunk *chunk,
                                             struct quant_error *error)
{
    (void)error;
    if (run->measures) {
        const struct quant_group_part part = quant_group_source_part(&run->known->groups, chunk);
        quant_group_ranking_join(&run->ranking, &part, chunk->count);
    }
    return QUANT_OK;
}
