/* SPDX-License-Identifier: MIT */
/*
 * A batch of groups: from each input its elements are read once and sorted by group, those of the
 * next input after those before. Then the groups are calibrated by all threads.
 *
 *     memory   | group 0: input 0, input 1, ... |  | group 1: input 0, input 1, ... |  | ...
 */
#include "engine/calibration/group_batches.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "engine/tensor/slices.h"
#include "engine/work/pool.h"
#include "io/cancel.h"
#include "methods/calibration_buffers.h"
#include "methods/group_calibration.h"

/* Elements in memory at a time: half of them sorted, and half as one input has them. */
enum { MEMORY = 8 << 20, SORTED = MEMORY / 2 };

/* Elements of a part of the work, about. */
enum { PART = 64 << 10 };

struct batch {
    const struct quant_grouped_inputs *grouped;
    size_t ninputs;
    uint64_t room;    /* for a group: its elements in all inputs, at most */
    uint64_t ngroups; /* of a full batch */
    uint64_t begin;   /* the first group of this one, */
    uint64_t end;     /* and the one after the last */
    float *x;         /* owned: ngroups * room */
    float *unsorted;  /* owned: as many */
    uint32_t *used;   /* owned: elements of each group so far */
    size_t *lengths;  /* owned: ninputs for each worker */
    struct quant_calibration_buffers *buffers; /* owned: of each worker */
    uint64_t groups_of_part;
    pthread_mutex_t mutex; /* for the rest */
    enum quant_status status;
};

static uint64_t room_for_group(const struct quant_grouped_inputs *grouped)
{
    uint64_t room = 0;
    for (size_t i = grouped->first; i < grouped->last; i++) {
        const uint64_t most =
            grouped->groupings[i].nelems > 0 ? quant_group_most(&grouped->groupings[i]) : 0;
        if (most > SORTED - room)
            return SORTED + 1;
        room += most;
    }
    return room;
}

bool quant_group_batches_fit(const struct quant_grouped_inputs *grouped)
{
    return room_for_group(grouped) <= SORTED;
}

/* ---- Reading ---- */

/* x has the elements of the groups of the slices, row by row. */
static void sort_slices(struct batch *batch, const struct quant_slices *slices, const float *x)
{
    const struct quant_grouping *grouping = slices->grouping;
    const uint64_t nelems = quant_slices_nelems(slices);
    const bool is_apart = grouping->ngroups == 1;
    const struct quant_grouping own = {.ngroups = slices->ncolumns,
                                       .repeat = is_apart ? nelems : grouping->repeat,
                                       .row =
                                           is_apart ? nelems : nelems / quant_slices_rows(slices)};
    const uint64_t first = slices->panel.first_group + slices->column - batch->begin;
    for (uint64_t i = 0; i < slices->ncolumns; i++) {
        const uint64_t group = first + i;
        float *end = batch->x + group * batch->room + batch->used[group];
        batch->used[group] += (uint32_t)quant_panel_gather(&own, x, (size_t)nelems, i, end);
    }
}

static enum quant_status read_slices(struct batch *batch, const struct quant_slices *slices,
                                     void *stage, struct quant_error *error)
{
    const enum quant_status status =
        quant_slices_read(slices, 0, quant_slices_rows(slices), batch->unsorted, stage, error);
    if (status == QUANT_OK)
        sort_slices(batch, slices, batch->unsorted);
    return status;
}

/* Whole panels follow each other: one call reads them all. */
static enum quant_status read_panels(struct batch *batch, struct quant_slices *slices,
                                     uint64_t npanels, void *stage, struct quant_error *error)
{
    const struct quant_grouping *grouping = slices->grouping;
    const uint64_t first = slices->panel.first;
    const struct quant_panel last = quant_panel_at(grouping, slices->panel.index + npanels - 1);
    const enum quant_status status =
        slices->reader->ops->read_at(slices->reader, first, batch->unsorted,
                                     (size_t)(last.first + last.nelems - first), stage, error);
    for (uint64_t i = 0; status == QUANT_OK && i < npanels; i++) {
        sort_slices(batch, slices, batch->unsorted + (slices->panel.first - first));
        slices->panel = quant_panel_next(grouping, &slices->panel);
    }
    return status;
}

static enum quant_status read_one(void *context, const struct quant_scan *scan, size_t i,
                                  struct quant_error *error)
{
    struct batch *batch = context;
    const struct quant_grouping *grouping = &batch->grouped->groupings[i];
    void *stage = scan->buffers[0].stage;
    enum quant_status status = quant_grouped_inputs_check(batch->grouped, scan, i, error);
    uint64_t group = grouping->nelems > 0 ? batch->begin : batch->end;
    while (status == QUANT_OK && group < batch->end) {
        const uint64_t left = batch->end - group;
        const uint64_t column = group % grouping->ngroups;
        const uint64_t in_panel = grouping->ngroups - column;
        struct quant_slices slices = {
            .reader = scan->tensor->reader,
            .grouping = grouping,
            .panel = quant_panel_at(grouping, group / grouping->ngroups),
            .column = column,
            .ncolumns = left < in_panel ? left : in_panel,
        };
        const uint64_t npanels = column == 0 ? left / grouping->ngroups : 0;
        status = npanels > 0 ? read_panels(batch, &slices, npanels, stage, error)
                             : read_slices(batch, &slices, stage, error);
        group += npanels > 0 ? npanels * grouping->ngroups : slices.ncolumns;
    }
    quant_progress_add(scan->progress, grouping->nelems);
    return status;
}

/* ---- Calibrating ---- */

static uint64_t length_of(const struct quant_grouping *grouping, uint64_t group)
{
    if (grouping->nelems == 0)
        return 0;
    const struct quant_slices slices = {
        .grouping = grouping,
        .panel = quant_panel_at(grouping, group / grouping->ngroups),
        .column = group % grouping->ngroups,
        .ncolumns = 1,
    };
    return quant_slices_nelems(&slices);
}

static enum quant_status calibrate_group(struct batch *batch, unsigned worker, uint64_t group,
                                         struct quant_error *error)
{
    const struct quant_grouped_inputs *grouped = batch->grouped;
    size_t *lengths = batch->lengths + worker * batch->ninputs;
    double range[2];
    bool has_range;
    if (quant_cancelled(&grouped->run->inputs.cancel))
        return quant_error_set(error, QUANT_CANCELLED, "cancelled");
    for (size_t i = 0; i < batch->ninputs; i++)
        lengths[i] = (size_t)length_of(&grouped->groupings[grouped->first + i], group);
    const enum quant_status status =
        quant_plan_find_range(&grouped->run->plan, &batch->buffers[worker],
                              batch->x + (group - batch->begin) * batch->room, lengths,
                              batch->ninputs, &has_range, range, error);
    for (int end = 0; status == QUANT_OK && has_range && end < 2; end++)
        grouped->ranges[group][end] = range[end];
    return status;
}

static bool calibrate_part(void *context, unsigned worker, uint64_t part)
{
    struct batch *batch = context;
    struct quant_error error;
    enum quant_status status = QUANT_OK;
    const uint64_t first = batch->begin + part * batch->groups_of_part;
    const uint64_t left = batch->end - first;
    const uint64_t n = left < batch->groups_of_part ? left : batch->groups_of_part;
    for (uint64_t i = 0; status == QUANT_OK && i < n; i++)
        status = calibrate_group(batch, worker, first + i, &error);
    pthread_mutex_lock(&batch->mutex);
    if (status != QUANT_OK && batch->status == QUANT_OK) {
        batch->status = status;
        if (batch->grouped->run->error)
            *batch->grouped->run->error = error;
    }
    pthread_mutex_unlock(&batch->mutex);
    return status == QUANT_OK;
}

static bool deliver_part(void *context, unsigned worker, uint64_t part)
{
    (void)context;
    (void)worker;
    (void)part;
    return true; /* each group has its own place */
}

/* ---- Batches ---- */

static enum quant_status find_batch(struct batch *batch)
{
    const struct quant_grouped_inputs *grouped = batch->grouped;
    struct quant_inputs *inputs = &grouped->run->inputs;
    const uint64_t ngroups = batch->end - batch->begin;
    for (uint64_t i = 0; i < ngroups; i++)
        batch->used[i] = 0;
    const enum quant_status status = quant_inputs_visit(inputs, grouped->first, grouped->last,
                                                        read_one, batch, grouped->run->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_pass pass = {
        .n = ngroups / batch->groups_of_part + (ngroups % batch->groups_of_part != 0),
        .threads = inputs->workers,
        .context = batch,
        .work = calibrate_part,
        .deliver = deliver_part,
    };
    quant_pool_run(inputs->pool, &pass);
    return batch->status;
}

static enum quant_status make_room(struct batch *batch)
{
    const unsigned workers = batch->grouped->run->inputs.workers;
    const size_t nelems = (size_t)(batch->ngroups * batch->room);
    batch->x = malloc(nelems * sizeof *batch->x);
    batch->unsorted = malloc(nelems * sizeof *batch->unsorted);
    batch->used = malloc((size_t)batch->ngroups * sizeof *batch->used);
    batch->lengths = calloc(workers * batch->ninputs, sizeof *batch->lengths);
    batch->buffers = calloc(workers, sizeof *batch->buffers);
    return batch->x && batch->unsorted && batch->used && batch->lengths && batch->buffers
               ? QUANT_OK
               : quant_error_no_memory(batch->grouped->run->error, 2 * nelems * sizeof *batch->x,
                                       "calibration");
}

static void release(struct batch *batch)
{
    for (unsigned i = 0; batch->buffers && i < batch->grouped->run->inputs.workers; i++)
        quant_calibration_buffers_release(&batch->buffers[i]);
    pthread_mutex_destroy(&batch->mutex);
    free(batch->buffers);
    free(batch->lengths);
    free(batch->used);
    free(batch->unsorted);
    free(batch->x);
}

enum quant_status quant_group_batches_find(const struct quant_grouped_inputs *grouped)
{
    struct quant_inputs *inputs = &grouped->run->inputs;
    struct batch batch = {.grouped = grouped,
                          .ninputs = grouped->last - grouped->first,
                          .room = room_for_group(grouped),
                          .mutex = PTHREAD_MUTEX_INITIALIZER};
    if (batch.room == 0 || grouped->count == 0)
        return QUANT_OK;
    const uint64_t most = batch.room < SORTED ? SORTED / batch.room : 1;
    batch.ngroups = most < grouped->count ? most : grouped->count;
    batch.groups_of_part = batch.room < PART ? PART / batch.room : 1;
    const uint64_t nbatches =
        grouped->count / batch.ngroups + (grouped->count % batch.ngroups != 0);
    quant_progress_begin_pass(&inputs->progress,
                              nbatches * quant_inputs_weight(inputs, grouped->first, grouped->last),
                              inputs->progress.ahead);
    enum quant_status status = make_room(&batch);
    while (status == QUANT_OK && batch.end < grouped->count) {
        const uint64_t left = grouped->count - batch.end;
        batch.begin = batch.end;
        batch.end += left < batch.ngroups ? left : batch.ngroups;
        status = find_batch(&batch);
    }
    release(&batch);
    return status;
}
