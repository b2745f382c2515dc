/* SPDX-License-Identifier: MIT */
/* A pass goes over the slices that a group has in the inputs, as it goes over whole inputs for one
 * range. */
#include "engine/calibration/group_passes.h"

#include <string.h>

#include "base/grouping.h"
#include "core/observed.h"
#include "engine/tensor/scan_method.h"
#include "engine/tensor/slices.h"
#include "methods/auto.h"

struct group_pass {
    const struct quant_grouped_inputs *grouped;
    uint64_t group;
    struct quant_observed observed;
    struct quant_calibrator *calibrator; /* NULL: observe */
};

/* ---- One input ---- */

/* The rest of the input counts as done with its group: progress is by inputs. */
static void add_rest(const struct quant_scan *scan, uint64_t nelems, uint64_t done)
{
    if (nelems > done)
        quant_progress_add(scan->progress, nelems - done);
}

static enum quant_status pass_slice(struct group_pass *pass, const struct quant_scan *scan,
                                    struct quant_error *error)
{
    struct quant_observed own = QUANT_OBSERVED_INIT;
    if (pass->calibrator)
        return quant_scan_take(scan, pass->calibrator, NULL, error);
    const enum quant_status status = quant_scan_observe(scan, &own, error);
    quant_observed_join(&pass->observed, &own);
    return status;
}

static enum quant_status visit_one(void *context, const struct quant_scan *scan, size_t i,
                                   struct quant_error *error)
{
    struct group_pass *pass = context;
    const struct quant_grouping *grouping = &pass->grouped->groupings[i];
    const enum quant_status status = quant_grouped_inputs_check(pass->grouped, scan, i, error);
    if (status != QUANT_OK)
        return status;
    if (grouping->nelems == 0) /* has no slice, but is an input of the method all the same */
        return pass_slice(pass, scan, error);
    const struct quant_slices slices = {
        .reader = scan->tensor->reader,
        .grouping = grouping,
        .panel = quant_panel_at(grouping, pass->group / grouping->ngroups),
        .column = pass->group % grouping->ngroups,
        .ncolumns = 1,
    };
    struct quant_slice_reader reader;
    quant_slice_reader_init(&reader, &slices);
    struct quant_tensor tensor = {.source = scan->tensor->source, .reader = &reader.head};
    struct quant_scan own = *scan;
    own.tensor = &tensor;
    const enum quant_status passed = pass_slice(pass, &own, error);
    add_rest(scan, grouping->nelems, reader.head.nelems);
    return passed;
}

/* ---- One group ---- */

static enum quant_status visit_all(struct group_pass *pass, uint64_t ahead)
{
    const struct quant_grouped_inputs *grouped = pass->grouped;
    struct quant_inputs *inputs = &grouped->run->inputs;
    quant_progress_begin_pass(&inputs->progress,
                              quant_inputs_weight(inputs, grouped->first, grouped->last), ahead);
    return quant_inputs_visit(inputs, grouped->first, grouped->last, visit_one, pass,
                              grouped->run->error);
}

/* after: what is expected after this group. */
static enum quant_status find_range(const struct quant_grouped_inputs *grouped, uint64_t group,
                                    uint64_t weight, uint64_t after)
{
    struct quant_calibrating *run = grouped->run;
    struct group_pass pass = {.grouped = grouped, .group = group, .observed = QUANT_OBSERVED_INIT};
    enum quant_status status = visit_all(&pass, after + weight * quant_plan_passes(&run->plan));
    if (status != QUANT_OK || pass.observed.count == pass.observed.nonfinite)
        return status;
    pass.calibrator =
        quant_calibrator_new(&run->plan, &pass.observed, run->inputs.workers, run->error);
    if (!pass.calibrator)
        return QUANT_NO_MEMORY;
    while (status == QUANT_OK && !pass.calibrator->done) {
        status = visit_all(&pass, after + weight * quant_calibrator_passes_left(pass.calibrator));
        if (status == QUANT_OK)
            quant_calibrator_end_pass(pass.calibrator);
    }
    memcpy(grouped->ranges[group], pass.calibrator->range, sizeof pass.calibrator->range);
    quant_calibrator_free(pass.calibrator);
    return status;
}

/* ---- All groups ---- */

enum quant_status quant_group_passes_find(const struct quant_grouped_inputs *grouped)
{
    struct quant_calibrating *run = grouped->run;
    const uint64_t after = run->inputs.progress.ahead;
    const uint64_t weight = quant_inputs_weight(&run->inputs, grouped->first, grouped->last);
    const uint64_t of_group = weight * (1 + (uint64_t)quant_plan_passes(&run->plan));
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < grouped->count; i++)
        status = find_range(grouped, i, weight, after + (grouped->count - i - 1) * of_group);
    return status;
}
