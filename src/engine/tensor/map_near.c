/* SPDX-License-Identifier: MIT */
/*
 * A scale for each group, where a group lies within a stretch of one chunk. The elements of a
 * worker are a window: the chunk, and before and after it what belongs to panels that it shares
 * with its neighbours.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "core/measure.h"
#include "core/observed.h"
#include "core/profile_params.h"
#include "engine/tensor/map.h"
#include "engine/tensor/tensor_run.h"
#include "io/cancel.h"
#include "methods/extremes.h"

/* What each worker needs besides its buffers. */
struct near_buffers {
    size_t lead;                                  /* elements of the window before the chunk */
    struct quant_panel panels;                    /* the window's first */
    uint64_t npanels;                             /* of the window */
    struct quant_group_params params;             /* of the window's groups */
    struct quant_extremes extremes;               /* of the same */
    float *scratch;                               /* for the elements of one group */
    struct quant_calibration_buffers calibration; /* kept from group to group */
    struct quant_group_sums sums;                 /* of the window's groups, if measured */
    struct quant_group_notes notes; /* of the window, without a panel that began before the chunk */
};

struct near_map {
    struct quant_group_calibration calibration;
    struct near_buffers *buffers; /* owned: one a worker */
    unsigned nbuffers;
};

static size_t capacity(const struct quant_tensor_run *run)
{
    const uint64_t window = QUANT_CHUNK + 2 * run->grouping.panel;
    return (size_t)(window < run->grouping.nelems ? window : run->grouping.nelems);
}

static enum quant_status begin(struct quant_tensor_run *run, struct quant_error *error)
{
    struct near_map *near = calloc(1, sizeof *near);
    run->map_state = near;
    if (!near)
        return quant_error_no_memory(error, sizeof *near, "buffers");
    quant_group_calibration_begin(&near->calibration, run->plan, &run->grouping);
    run->scans_first = run->must_scan;
    return QUANT_OK;
}

/* ---- Buffers ---- */

static bool make_one(const struct quant_tensor_run *run, struct near_buffers *buffers)
{
    const struct quant_grouping *grouping = &run->grouping;
    const size_t most = (size_t)quant_groups_most(grouping, capacity(run));
    buffers->extremes.min = malloc(most * sizeof *buffers->extremes.min);
    buffers->extremes.max = malloc(most * sizeof *buffers->extremes.max);
    buffers->scratch = malloc(((size_t)grouping->panel + 1) * sizeof *buffers->scratch);
    const bool has_sums = !run->measures || quant_group_sums_init(&buffers->sums, most);
    return quant_group_params_init(&buffers->params, most, quant_plan_has_factors(run->plan),
                                   quant_plan_has_biases(run->plan)) &&
           buffers->extremes.min && buffers->extremes.max && buffers->scratch && has_sums;
}

static enum quant_status make_buffers(struct quant_tensor_run *run, struct quant_error *error)
{
    struct near_map *near = run->map_state;
    if (run->measures) {
        const enum quant_status status =
            quant_group_ranking_init(&run->ranking, &run->grouping, error);
        if (status != QUANT_OK)
            return status;
    }
    near->buffers = calloc(run->workers, sizeof *near->buffers);
    bool ok = near->buffers;
    for (unsigned i = 0; ok && i < run->workers; i++) {
        near->nbuffers++;
        ok = make_one(run, &near->buffers[i]);
    }
    return ok ? QUANT_OK : quant_error_no_memory(error, capacity(run) * sizeof(float), "scales");
}

static void release(struct quant_tensor_run *run)
{
    struct near_map *near = run->map_state;
    for (unsigned i = 0; near && i < near->nbuffers; i++) {
        struct near_buffers *buffers = &near->buffers[i];
        quant_group_params_release(&buffers->params);
        free(buffers->extremes.min);
        free(buffers->extremes.max);
        free(buffers->scratch);
        quant_calibration_buffers_release(&buffers->calibration);
        quant_group_sums_release(&buffers->sums);
    }
    if (near)
        free(near->buffers);
}

/* ---- The passes ---- */

static enum quant_status choose(struct quant_tensor_run *run, struct quant_error *error)
{
    const struct near_map *near = run->map_state;
    (void)error;
    run->choice = near->calibration.nothing;
    if (run->measures)
        quant_measure_init_groups(&run->measure, &run->choice.params);
    return QUANT_OK;
}

static uint64_t end_of(const struct quant_panel *panel)
{
    return panel->first + panel->nelems;
}

static enum quant_status load(struct quant_tensor_run *run, struct quant_chunk *chunk,
                              struct quant_error *error)
{
    const struct quant_grouping *grouping = &run->grouping;
    const struct near_map *near = run->map_state;
    const struct quant_buffers *common = &run->buffers[chunk->worker];
    struct near_buffers *buffers = &near->buffers[chunk->worker];
    struct quant_chunk window = *chunk;
    buffers->lead = 0;
    if (chunk->count > 0) {
        const uint64_t last = chunk->first + chunk->count - 1;
        buffers->panels = quant_panel_at(grouping, quant_panel_of(grouping, chunk->first));
        const struct quant_panel end = quant_panel_at(grouping, quant_panel_of(grouping, last));
        buffers->npanels = end.index - buffers->panels.index + 1;
        buffers->lead = (size_t)(chunk->first - buffers->panels.first);
        window.first = buffers->panels.first;
        window.count = (size_t)(end_of(&end) - window.first);
    }
    return quant_reader_load(run->tensor->reader, true, &window, common->x, common->stage, error);
}

/* ---- Parameters of a window ---- */

/* Groups of the window that the chunk before delivers: those of the first panel, if a part of it
 * lies there. */
static uint64_t count_delivered(const struct quant_tensor_run *run,
                                const struct near_buffers *buffers)
{
    return buffers->lead > 0 ? run->grouping.ngroups : 0;
}

/* As long as all elements are finite, the extremes of the window's groups say as much as a look at
 * the chunk. */
static void observe_by_groups(const struct near_buffers *buffers, uint64_t ngroups,
                              const struct quant_chunk *chunk, struct quant_observed *observed)
{
    const struct quant_extremes *extremes = &buffers->extremes;
    float min = INFINITY;
    float max = -INFINITY;
    for (uint64_t i = 0; i < ngroups; i++) {
        min = extremes->min[i] < min ? extremes->min[i] : min;
        max = extremes->max[i] > max ? extremes->max[i] : max;
    }
    observed->count = chunk->count;
    observed->min = min;
    observed->max = max;
}

static void choose_by_extremes(const struct quant_tensor_run *run, struct near_buffers *buffers,
                               uint64_t ngroups)
{
    const struct near_map *near = run->map_state;
    const uint64_t delivered = count_delivered(run, buffers);
    const struct quant_extremes others = {buffers->extremes.first + delivered,
                                          buffers->extremes.min + delivered,
                                          buffers->extremes.max + delivered};
    struct quant_group_notes again = {{0}, {0}};
    quant_extremes_choose(&buffers->extremes, delivered, &near->calibration, &buffers->params,
                          &again);
    quant_extremes_choose(&others, ngroups - delivered, &near->calibration, &buffers->params,
                          &buffers->notes);
}

static void calibrate_by_extremes(const struct quant_tensor_run *run, struct near_buffers *buffers,
                                  const struct quant_chunk *chunk, const float *x,
                                  struct quant_observed *observed)
{
    const struct quant_grouping *grouping = &run->grouping;
    const uint64_t ngroups = buffers->npanels * grouping->ngroups;
    const struct quant_panel last =
        quant_panel_at(grouping, buffers->panels.index + buffers->npanels - 1);
    quant_extremes_clear(&buffers->extremes, ngroups);
    if (quant_extremes_add(&buffers->extremes, grouping, buffers->panels.first, x,
                           (size_t)(end_of(&last) - buffers->panels.first)))
        observe_by_groups(buffers, ngroups, chunk, observed);
    else
        quant_observe(observed, x + buffers->lead, chunk->count);
    choose_by_extremes(run, buffers, ngroups);
}

static enum quant_status calibrate_panels(const struct quant_tensor_run *run,
                                          struct near_buffers *buffers, const float *x,
                                          struct quant_error *error)
{
    const struct near_map *near = run->map_state;
    struct quant_panel panel = buffers->panels;
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < buffers->npanels; i++) {
        struct quant_group_notes notes = {{0}, {0}};
        if (quant_cancelled(run->cancel)) /* many groups may take long */
            status = quant_error_set(error, QUANT_CANCELLED, "cancelled");
        else
            status = quant_panel_calibrate(&near->calibration, &buffers->calibration, panel.index,
                                           x, buffers->scratch, &buffers->params, &notes, error);
        if (i > 0 || buffers->lead == 0)
            quant_group_notes_join(&buffers->notes, &notes);
        x += panel.nelems;
        panel = quant_panel_next(&run->grouping, &panel);
    }
    return status;
}

static enum quant_status calibrate(const struct quant_tensor_run *run, struct near_buffers *buffers,
                                   const struct quant_chunk *chunk, const float *x,
                                   struct quant_observed *observed, struct quant_error *error)
{
    const struct near_map *near = run->map_state;
    buffers->params.first = buffers->panels.first_group;
    buffers->extremes.first = buffers->panels.first_group;
    buffers->notes = (struct quant_group_notes){{0}, {0}};
    if (near->calibration.by_extremes) {
        calibrate_by_extremes(run, buffers, chunk, x, observed);
        return QUANT_OK;
    }
    quant_observe(observed, x + buffers->lead, chunk->count);
    return calibrate_panels(run, buffers, x, error);
}

/* ---- The pass that maps ---- */

static struct quant_group_part part_of(const struct quant_tensor_run *run,
                                       const struct near_buffers *buffers,
                                       const struct quant_chunk *chunk)
{
    return (struct quant_group_part){.grouping = &run->grouping,
                                     .params = buffers->params,
                                     .sums = buffers->sums,
                                     .first = chunk->first};
}

static enum quant_status map(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                             struct quant_error *error)
{
    const struct near_map *near = run->map_state;
    struct quant_buffers *common = &run->buffers[chunk->worker];
    struct near_buffers *buffers = &near->buffers[chunk->worker];
    common->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    if (chunk->count == 0)
        return QUANT_OK;
    const enum quant_status status =
        calibrate(run, buffers, chunk, common->x, &common->observed, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_group_part part = part_of(run, buffers, chunk);
    const float *x = common->x + buffers->lead;
    quant_quantize_groups(&run->choice.params, part.grouping, &part.params, chunk->first, x,
                          chunk->count, common->q);
    if (run->measures)
        quant_measure_part_take_groups(common->part, &run->measure, &part, x, common->q,
                                       chunk->count);
    return QUANT_OK;
}

static enum quant_status deliver(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    const struct near_map *near = run->map_state;
    const struct near_buffers *buffers = &near->buffers[chunk->worker];
    if (run->measures) {
        const struct quant_group_part part = part_of(run, buffers, chunk);
        quant_group_ranking_join(&run->ranking, &part, chunk->count);
    }
    if (chunk->count == 0)
        return QUANT_OK;
    quant_group_notes_join(&run->notes, &buffers->notes);
    if (!run->output)
        return QUANT_OK;
    const uint64_t delivered = count_delivered(run, buffers);
    const uint64_t ngroups = buffers->npanels * run->grouping.ngroups;
    const struct quant_group_params own = quant_group_params_from(&buffers->params, delivered);
    return quant_scale_store_append(run->output->scales, &own, (size_t)(ngroups - delivered),
                                    error);
}

const struct quant_map_ops quant_map_near = {
    .name = "near",
    .begin = begin,
    .capacity = capacity,
    .make_buffers = make_buffers,
    .scan = quant_tensor_run_observe,
    .choose = choose,
    .load = load,
    .map = map,
    .deliver = deliver,
    .release = release,
};
