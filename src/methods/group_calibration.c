/* SPDX-License-Identifier: MIT */
/* Calibration group by group, each in memory. */
#include "methods/group_calibration.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/group_notes.h"
#include "methods/method.h"
#include "methods/plan_choose.h"
#include "methods/plan_make.h"

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
                                        struct quant_calibration_bench *bench, uint64_t group,
                                        const float *x, size_t n,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error)
{
    struct quant_choice choice;
    const enum quant_status status =
        quant_plan_calibrate(&calibration->plan, bench, x, n, &choice, error);
    if (status != QUANT_OK)
        return status;
    params->scales[group - params->first] = choice.params.scale;
    params->zero_points[group - params->first] = choice.params.zero_point;
    quant_group_notes_add(notes, group, choice.notes);
    return QUANT_OK;
}

size_t quant_panel_gather(const struct quant_grouping *grouping, const float *x, size_t nelems,
                          uint64_t column, float *group)
{
    const size_t repeat = (size_t)grouping->repeat;
    const size_t row = (size_t)grouping->ngroups * repeat;
    size_t n = 0;
    for (size_t i = (size_t)column * repeat; i < nelems; i += row, n += repeat)
        memcpy(group + n, x + i, repeat * sizeof *x);
    return n;
}

enum quant_status quant_panel_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_bench *bench, uint64_t index,
                                        const float *x, float *scratch,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const struct quant_panel panel = quant_panel_at(grouping, index);
    const size_t nelems = (size_t)panel.nelems;
    if (grouping->ngroups == 1)
        return quant_group_calibrate(calibration, bench, panel.first_group, x, nelems, params,
                                     notes, error);
    enum quant_status status = QUANT_OK;
    for (uint64_t j = 0; status == QUANT_OK && j < grouping->ngroups; j++) {
        const size_t n = quant_panel_gather(grouping, x, nelems, j, scratch);
        status = quant_group_calibrate(calibration, bench, panel.first_group + j, scratch, n,
                                       params, notes, error);
    }
    return status;
}

/* ---- The whole tensor in memory ---- */

static void fill(const struct quant_group_params *groups, uint64_t count,
                 const struct quant_params *params)
{
    for (uint64_t i = 0; i < count; i++) {
        groups->scales[i] = params->scale;
        groups->zero_points[i] = params->zero_point;
    }
}

static enum quant_status by_extremes(const struct quant_group_calibration *calibration,
                                     const float *x, const struct quant_group_params *groups,
                                     struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const size_t count = (size_t)grouping->count;
    float *least = calloc(count + 1, 2 * sizeof *least);
    if (!least)
        return quant_error_no_memory(error, (count + 1) * 2 * sizeof *least, "calibration");
    const struct quant_extremes extremes = {0, least, least + count};
    quant_extremes_clear(&extremes, count);
    quant_extremes_add(&extremes, grouping, 0, x, (size_t)grouping->nelems);
    quant_extremes_choose(&extremes, count, calibration, groups, notes);
    free(least);
    return QUANT_OK;
}

static enum quant_status by_panels(const struct quant_group_calibration *calibration,
                                   const float *x, const struct quant_group_params *groups,
                                   struct quant_group_notes *notes, struct quant_error *error)
{
    const struct quant_grouping *grouping = calibration->grouping;
    const size_t most = (size_t)(grouping->panel / grouping->ngroups);
    float *scratch = grouping->ngroups > 1 ? malloc(most * sizeof *scratch) : NULL;
    if (grouping->ngroups > 1 && !scratch)
        return quant_error_no_memory(error, most * sizeof *scratch, "calibration");
    struct quant_calibration_bench bench = {.trial = NULL};
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < quant_panel_count(grouping); i++)
        status =
            quant_panel_calibrate(calibration, &bench, i, x + quant_panel_at(grouping, i).first,
                                  scratch, groups, notes, error);
    quant_calibration_bench_release(&bench);
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
    struct quant_group_calibration calibration;
    struct quant_plan plan;
    enum quant_status status = quant_plan_make(spec, NULL, &plan, error);
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
