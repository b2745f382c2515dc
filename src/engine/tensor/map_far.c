/* SPDX-License-Identifier: MIT */
/* A scale for each group, where the elements of a group are far apart or many. */
#include <stdlib.h>

#include "base/error.h"
#include "core/profile_params.h"
#include "engine/tensor/far_params.h"
#include "engine/tensor/given_groups.h"
#include "engine/tensor/known_groups.h"
#include "engine/tensor/map.h"

struct far_map {
    struct quant_far_params params; /* finds those of all groups, whose arrays are in known */
    struct quant_given_groups known;
};

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = calloc(1, sizeof *far);
    run->map_state = far;
    if (!far)
        return quant_error_no_memory(error, sizeof *far, "buffers");
    run->known = &far->known;
    far->params.nonfinite = run->plan->nonfinite;
    far->params.cancel = run->cancel;
    far->params.grouping = &run->grouping;
    quant_group_calibration_begin(&far->params.calibration, run->plan, &run->grouping);
    run->scans_first = true;
    return QUANT_OK;
}

static enum quant_status make_buffers(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = run->map_state;
    const enum quant_status status =
        quant_given_groups_init(&far->known, &run->grouping, quant_plan_has_factors(run->plan),
                                quant_plan_has_biases(run->plan), error);
    far->params.all = far->known.groups.all;
    return status == QUANT_OK ? quant_known_groups_make_buffers(run, error) : status;
}

static void release(struct quant_tensor_run *run)
{
    struct far_map *far = run->map_state;
    if (far)
        quant_given_groups_release(&far->known);
}

static enum quant_status scan(struct quant_tensor_run *run, struct quant_error *error)
{
    struct far_map *far = run->map_state;
    const struct quant_scan scan = quant_tensor_run_scan(run);
    run->progress->ahead = run->grouping.nelems;
    const enum quant_status status =
        quant_far_params_find(&far->params, &scan, &run->observed, error);
    far->known.notes = far->params.notes;
    return status == QUANT_OK ? quant_tensor_run_check_finite(run, error) : status;
}

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct far_map *far = run->map_state;
    run->choice = far->params.calibration.nothing;
    return quant_known_groups_choose(run, error);
}

const struct quant_map_ops quant_map_far = {
    .name = "far",
    .begin = begin,
    .capacity = quant_known_groups_capacity,
    .limit_workers = quant_known_groups_limit_workers,
    .make_buffers = make_buffers,
    .scan = scan,
    .choose = choose,
    .load = quant_known_groups_load,
    .map = quant_known_groups_map,
    .deliver = quant_known_groups_deliver,
    .release = release,
};
