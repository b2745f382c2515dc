/* SPDX-License-Identifier: MIT */
/*
 * One pass over each input finds the extremes of all its groups. For minmax they are the ranges;
 * other methods go on with the groups in memory, or in passes. With a moving average each input has
 * ranges of its own.
 */
#include "engine/calibration/calibrate_file_groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "core/observed.h"
#include "engine/calibration/calibration_rounds.h"
#include "engine/calibration/group_arrangement.h"
#include "engine/calibration/group_batches.h"
#include "engine/calibration/group_passes.h"
#include "engine/tensor/scan_extremes.h"
#include "methods/method.h"

struct groups_run {
    struct quant_calibrating *run;
    struct quant_calibration_groups *groups; /* of run->file */
    struct quant_grouping *groupings;        /* owned: of each input, once it was observed */
    bool has_first;
    size_t first; /* the input that was observed first */
    struct quant_shape shape;
    struct quant_group_arrangement arrangement; /* its shape, and its groups */
    struct quant_extremes extremes;             /* min is owned: of the input at work */
    double (*ranges)[2];                        /* owned: the same, with a moving average */
};

/* ---- The same groups in all inputs ---- */

/* Room for what is known of each group. */
static enum quant_status make_room(struct groups_run *own, struct quant_error *error)
{
    struct quant_calibration_groups *groups = own->groups;
    const size_t count = (size_t)own->arrangement.count;
    if (count > SIZE_MAX / sizeof *groups->ranges - 1)
        return quant_error_no_memory(error, SIZE_MAX, "calibration");
    groups->ranges = calloc(count + 1, sizeof *groups->ranges);
    groups->observed = malloc((count + 1) * sizeof *groups->observed);
    own->extremes.min = malloc((count + 1) * 2 * sizeof *own->extremes.min);
    if (own->run->job->has_ema)
        own->ranges = malloc((count + 1) * sizeof *own->ranges);
    if (!groups->ranges || !groups->observed || !own->extremes.min ||
        (own->run->job->has_ema && !own->ranges))
        return quant_error_no_memory(error, count * sizeof *groups->ranges, "calibration");
    own->extremes.max = own->extremes.min + count;
    for (size_t i = 0; i < count; i++) {
        groups->observed[i][0] = INFINITY;
        groups->observed[i][1] = -INFINITY;
    }
    return QUANT_OK;
}

static enum quant_status begin_groups(struct groups_run *own, size_t i,
                                      const struct quant_shape *shape,
                                      const struct quant_group_arrangement *arrangement,
                                      struct quant_error *error)
{
    struct quant_calibration_groups *groups = own->groups;
    const struct quant_granularity *granularity = &arrangement->granularity;
    own->has_first = true;
    own->first = i;
    own->shape = *shape;
    own->arrangement = *arrangement;
    groups->axis = granularity->has_axis ? granularity->axis : -1;
    groups->block_size = granularity->block_size;
    groups->block_rows = granularity->block_rows;
    groups->scale_shape = arrangement->scale_shape;
    groups->order = arrangement->order;
    groups->count = arrangement->count;
    return make_room(own, error);
}

static enum quant_status refuse_groups(const struct groups_run *own, size_t i,
                                       const struct quant_shape *shape,
                                       const struct quant_group_arrangement *arrangement,
                                       struct quant_error *error)
{
    const struct quant_inputs *inputs = &own->run->inputs;
    char names[2][QUANT_INPUT_NAME];
    char shapes[2][QUANT_SHAPE_TEXT];
    char groups[2][QUANT_ARRANGEMENT_TEXT];
    return quant_error_set(
        error, QUANT_INVALID,
        "cannot calibrate '%s' with '%s': the shape %s has %s, but the shape %s has %s",
        quant_inputs_name(inputs, i, names[0]), quant_inputs_name(inputs, own->first, names[1]),
        quant_shape_text(shape, shapes[0]), quant_group_arrangement_text(arrangement, groups[0]),
        quant_shape_text(&own->shape, shapes[1]),
        quant_group_arrangement_text(&own->arrangement, groups[1]));
}

static enum quant_status settle_groups(struct groups_run *own, const struct quant_reader *reader,
                                       size_t i, struct quant_error *error)
{
    char name[QUANT_INPUT_NAME];
    struct quant_grouping *grouping = &own->groupings[i];
    const enum quant_status status = quant_grouping_make(
        &own->run->job->granularity, &reader->shape, reader->order, grouping, error);
    if (status != QUANT_OK) {
        quant_error_prefix(error, "cannot calibrate",
                           quant_inputs_name(&own->run->inputs, i, name));
        return status;
    }
    const struct quant_group_arrangement arrangement =
        quant_group_arrangement_of(grouping, &reader->shape, reader->order);
    if (!own->has_first)
        return begin_groups(own, i, &reader->shape, &arrangement, error);
    return quant_group_arrangement_equal(&arrangement, &own->arrangement)
               ? QUANT_OK
               : refuse_groups(own, i, &reader->shape, &arrangement, error);
}

/* ---- Observing ---- */

static void join_extremes(struct groups_run *own)
{
    const struct quant_extremes *extremes = &own->extremes;
    for (uint64_t i = 0; i < own->groups->count; i++) {
        float *observed = own->groups->observed[i];
        observed[0] = fminf(observed[0], extremes->min[i]);
        observed[1] = fmaxf(observed[1], extremes->max[i]);
    }
}

static enum quant_status observe_one(void *context, const struct quant_scan *scan, size_t i,
                                     struct quant_error *error)
{
    struct groups_run *own = context;
    struct quant_calibrating *run = own->run;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    enum quant_status status = settle_groups(own, scan->tensor->reader, i, error);
    if (status == QUANT_OK)
        status = quant_scan_extremes(scan, &own->groupings[i], &own->extremes, &observed, error);
    if (status == QUANT_OK)
        status = quant_check_finite(scan->tensor, &observed, run->plan.nonfinite, "calibrate",
                                    "leaves them out", error);
    if (status != QUANT_OK)
        return status;
    run->counts[i] = observed.count;
    quant_observed_join(&run->observed, &observed);
    if (!run->job->has_ema)
        join_extremes(own);
    return QUANT_OK;
}

static enum quant_status observe(struct groups_run *own, size_t first, size_t last)
{
    return quant_inputs_visit(&own->run->inputs, first, last, observe_one, own, own->run->error);
}

/* ---- Ranges ---- */

static bool is_by_extremes(const struct quant_calibrating *run)
{
    return run->plan.method == &quant_calibration_minmax;
}

/* By another method than minmax, over inputs first..last-1. */
static enum quant_status find_ranges(struct groups_run *own, size_t first, size_t last,
                                     double (*ranges)[2])
{
    struct quant_progress *progress = &own->run->inputs.progress;
    const struct quant_grouped_inputs grouped = {
        .run = own->run,
        .groupings = own->groupings,
        .count = own->groups->count,
        .first = first,
        .last = last,
        .ranges = ranges,
    };
    const enum quant_status status = quant_group_batches_fit(&grouped)
                                         ? quant_group_batches_find(&grouped)
                                         : quant_group_passes_find(&grouped);
    quant_progress_begin_pass(progress, 1, progress->ahead); /* there may be fewer than expected */
    quant_progress_add(progress, 1);
    return status;
}

static enum quant_status calibrate_all(struct groups_run *own)
{
    struct quant_calibrating *run = own->run;
    const size_t n = run->inputs.n;
    const uint64_t weight = quant_inputs_weight(&run->inputs, 0, n);
    quant_progress_begin_pass(&run->inputs.progress, weight, is_by_extremes(run) ? 0 : weight);
    const enum quant_status status = observe(own, 0, n);
    if (status != QUANT_OK)
        return status;
    memcpy(run->inputs.weights, run->counts, n * sizeof *run->counts); /* pipes have one now too */
    if (!is_by_extremes(run))
        return find_ranges(own, 0, n, own->groups->ranges);
    for (uint64_t i = 0; i < own->groups->count; i++)
        for (int end = 0; end < 2 && quant_calibration_groups_have(own->groups, i); end++)
            own->groups->ranges[i][end] = (double)own->groups->observed[i][end] + 0.0;
    return QUANT_OK;
}

/* ---- With a moving average ---- */

static bool is_present(const struct groups_run *own, uint64_t group)
{
    return own->extremes.min[group] <= own->extremes.max[group];
}

/* Until something finite was observed in a group it has no average yet. */
static void average(struct groups_run *own)
{
    for (uint64_t i = 0; i < own->groups->count; i++)
        if (is_present(own, i))
            quant_rounds_average_one(own->run->job->ema,
                                     quant_calibration_groups_have(own->groups, i), own->ranges[i],
                                     own->groups->ranges[i]);
    join_extremes(own);
}

static enum quant_status find_own_ranges(struct groups_run *own, size_t i)
{
    if (!is_by_extremes(own->run))
        return find_ranges(own, i, i + 1, own->ranges);
    for (uint64_t k = 0; k < own->groups->count; k++) {
        own->ranges[k][0] = (double)own->extremes.min[k] + 0.0; /* -0 becomes 0 */
        own->ranges[k][1] = (double)own->extremes.max[k] + 0.0;
    }
    return QUANT_OK;
}

static enum quant_status calibrate_one_by_one(struct groups_run *own)
{
    struct quant_calibrating *run = own->run;
    struct quant_progress *progress = &run->inputs.progress;
    const unsigned passes = is_by_extremes(run) ? 0 : 1;
    uint64_t left = quant_inputs_weight(&run->inputs, 0, run->inputs.n);
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < run->inputs.n; i++) {
        const uint64_t weight = run->inputs.weights[i];
        left -= weight;
        progress->ahead = left * (passes + 1);
        quant_progress_begin_pass(progress, weight, weight * passes + progress->ahead);
        status = observe(own, i, i + 1);
        if (status == QUANT_OK)
            status = find_own_ranges(own, i);
        if (status == QUANT_OK)
            average(own);
    }
    return status;
}

/* ---- All of it ---- */

enum quant_status quant_calibrating_groups(struct quant_calibrating *run)
{
    struct groups_run own = {.run = run, .groups = &run->file.groups};
    const size_t n = run->inputs.n;
    run->file.has_groups = true;
    run->inputs.needs_shape = true;
    run->inputs.needs_positions = !is_by_extremes(run);
    own.groupings = calloc(n, sizeof *own.groupings);
    enum quant_status status =
        own.groupings ? QUANT_OK
                      : quant_error_no_memory(run->error, n * sizeof *own.groupings, "inputs");
    if (status == QUANT_OK)
        status = run->job->has_ema ? calibrate_one_by_one(&own) : calibrate_all(&own);
    run->file.has_ema = run->job->has_ema;
    run->file.ema = run->job->ema;
    free(own.groupings);
    free(own.extremes.min);
    free(own.ranges);
    return status;
}

static double width_of(const double range[2])
{
    return range[1] - range[0];
}

static void note(struct quant_calibrated_group *noted, uint64_t group, const double range[2])
{
    noted->group = group;
    noted->range[0] = range[0];
    noted->range[1] = range[1];
}

void quant_calibrating_groups_report(const struct quant_calibration_groups *groups,
                                     struct quant_calibrate_result *result)
{
    bool any = false;
    result->ngroups = groups->count;
    for (uint64_t i = 0; i < groups->count; i++) {
        if (!quant_calibration_groups_have(groups, i)) {
            result->nempty++;
            continue;
        }
        const double width = width_of(groups->ranges[i]);
        if (!any || width < width_of(result->narrowest.range))
            note(&result->narrowest, i, groups->ranges[i]);
        if (!any || width > width_of(result->widest.range))
            note(&result->widest, i, groups->ranges[i]);
        any = true;
    }
}
