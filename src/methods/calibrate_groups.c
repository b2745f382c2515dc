/* SPDX-License-Identifier: MIT */
/* quant_calibrate_groups: all groups of a tensor in memory. */
#include <stdlib.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "methods/extremes.h"
#include "methods/plan_choose.h"
#include "methods/plan_make.h"

static void fill(const struct quant_group_params *groups, uint64_t count,
                 const struct quant_params *params)
{
    for (uint64_t i = 0; i < count; i++)
        quant_group_params_set(groups, i, params);
}

static enum quant_status by_extremes(const struct quant_group_calibration *calibration,
                                     const float *x, const struct quant_group_params *groups,
                                     struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const size_t count = (size_t)grouping->count;
    float *min = calloc(count + 1, 2 * sizeof *min);
    if (!min)
        return quant_error_no_memory(error, (count + 1) * 2 * sizeof *min, "calibration");
    const struct quant_extremes extremes = {0, min, min + count};
    quant_extremes_clear(&extremes, count);
    quant_extremes_add(&extremes, grouping, 0, x, (size_t)grouping->nelems);
    quant_extremes_choose(&extremes, count, calibration, groups, notes);
    free(min);
    return QUANT_OK;
}

static enum quant_status by_panels(const struct quant_group_calibration *calibration,
                                   const float *x, const struct quant_group_params *groups,
                                   struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const size_t most = (size_t)quant_group_most(grouping);
    float *scratch = grouping->ngroups > 1 ? malloc(most * sizeof *scratch) : NULL;
    if (grouping->ngroups > 1 && !scratch)
        return quant_error_no_memory(error, most * sizeof *scratch, "calibration");
    struct quant_calibration_buffers buffers = {.trial = NULL};
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < quant_panel_count(grouping); i++)
        status =
            quant_panel_calibrate(calibration, &buffers, i, x + quant_panel_at(grouping, i).first,
                                  scratch, groups, notes, error);
    quant_calibration_buffers_release(&buffers);
    free(scratch);
    return status;
}

static enum quant_status check_finite(const struct quant_plan *plan,
                                      const struct quant_grouping *grouping, const float *x,
                                      struct quant_error *error)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    if (plan->nonfinite == QUANT_NONFINITE_SATURATE)
        return QUANT_OK;
    quant_observe(&observed, x, (size_t)grouping->nelems);
    return observed.nonfinite > 0 ? quant_plan_choose(plan, &observed, NULL, &choice, error)
                                  : QUANT_OK;
}

enum quant_status quant_calibrate_groups(const struct quant_spec *spec,
                                         const struct quant_grouping *grouping, const float *x,
                                         struct quant_params *common,
                                         const struct quant_group_params *groups, unsigned *notes,
                                         struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_group_calibration calibration;
    struct quant_plan plan;
    if (!grouping || !common || !notes || (!x && grouping->nelems > 0) || !groups ||
        (grouping->count > 0 && (!groups->scales || !groups->zero_points)))
        return quant_error_set(error, QUANT_INVALID,
                               "a grouping, its elements, and room for parameters and notes are "
                               "needed");
    const struct quant_granularity granularity =
        quant_granularity_again(grouping->axis, grouping->block_size, grouping->block_rows);
    enum quant_status status =
        quant_plan_make(spec, grouping->axis >= 0 ? &granularity : NULL, &plan, error);
    if (status == QUANT_OK)
        status = quant_plan_check_groups(&plan, error);
    if (status == QUANT_OK)
        status = check_finite(&plan, grouping, x, error);
    if (status != QUANT_OK)
        return status;
    quant_group_calibration_begin(&calibration, &plan, grouping);
    *common = calibration.nothing.params;
    *notes = 0;
    fill(groups, grouping->count, common);
    if (grouping->nelems == 0)
        return QUANT_OK;
    struct quant_group_notes by_group = {{0}, {0}};
    status = calibration.by_extremes ? by_extremes(&calibration, x, groups, &by_group, error)
                                     : by_panels(&calibration, x, groups, &by_group, error);
    *notes = quant_group_notes_any(&by_group);
    return status;
}
