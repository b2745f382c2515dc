/* SPDX-License-Identifier: MIT */
/* A scale for each group, all of which are given: one pass, wherever the elements of a group lie.
 */
#include "engine/tensor/known_groups.h"
#include "engine/tensor/map.h"
#include "methods/plan_choose.h"

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    (void)error;
    run->known = run->given;
    run->scans_first = run->must_scan;
    return QUANT_OK;
}

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    run->choice = quant_plan_choose_nothing(run->plan);
    return quant_known_groups_choose(run, error);
}

const struct quant_map_ops quant_map_given = {
    .name = "given",
    .begin = begin,
    .capacity = quant_known_groups_capacity,
    .limit_workers = quant_known_groups_limit_workers,
    .make_buffers = quant_known_groups_make_buffers,
    .scan = quant_tensor_run_observe,
    .choose = choose,
    .load = quant_known_groups_load,
    .map = quant_known_groups_map,
    .deliver = quant_known_groups_deliver,
};
