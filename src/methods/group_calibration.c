/* SPDX-License-Identifier: MIT */
/* Groups one by one, each in memory. */
#include "methods/group_calibration.h"

#include <string.h>

#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "methods/method.h"
#include "methods/plan_choose.h"

/* With auto each group may have another method, so auto is the name for all of them. */
void quant_group_calibration_begin(struct quant_group_calibration *calibration,
                                   const struct quant_plan *plan,
                                   const struct quant_grouping *grouping)
{
    calibration->grouping = grouping;
    calibration->plan = *plan;
    calibration->plan.nonfinite = QUANT_NONFINITE_SATURATE;
    calibration->nothing = quant_plan_choose_nothing(plan);
    if (!plan->method) {
        calibration->nothing.calibration = quant_plan_method_name(plan);
        calibration->nothing.has_calibration_argument = false;
    }
    calibration->by_extremes = plan->method == &quant_calibration_minmax;
}

enum quant_status quant_group_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t group,
                                        const float *x, size_t n,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error)
{
    struct quant_choice choice;
    const enum quant_status status =
        quant_plan_calibrate(&calibration->plan, buffers, x, n, &choice, error);
    if (status != QUANT_OK)
        return status;
    quant_group_params_set(params, group, &choice.params);
    quant_group_notes_add(notes, group, choice.notes);
    return QUANT_OK;
}

size_t quant_panel_gather(const struct quant_grouping *grouping, const float *x, size_t nelems,
                          uint64_t column, float *group)
{
    const size_t row = (size_t)grouping->row;
    const size_t first = (size_t)(column * grouping->repeat);
    const size_t left = row - first;
    const size_t width = left < grouping->repeat ? left : (size_t)grouping->repeat;
    size_t n = 0;
    for (size_t i = first; i < nelems; i += row, n += width)
        memcpy(group + n, x + i, width * sizeof *x);
    return n;
}

enum quant_status quant_panel_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t index,
                                        const float *x, float *scratch,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const struct quant_panel panel = quant_panel_at(grouping, index);
    const size_t nelems = (size_t)panel.nelems;
    if (grouping->ngroups == 1)
        return quant_group_calibrate(calibration, buffers, panel.first_group, x, nelems, params,
                                     notes, error);
    enum quant_status status = QUANT_OK;
    for (uint64_t j = 0; status == QUANT_OK && j < grouping->ngroups; j++) {
        const size_t n = quant_panel_gather(grouping, x, nelems, j, scratch);
        status = quant_group_calibrate(calibration, buffers, panel.first_group + j, scratch, n,
                                       params, notes, error);
    }
    return status;
}
