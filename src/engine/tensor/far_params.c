/* SPDX-License-Identifier: MIT */
/*
 * The parameters of groups that are far apart or many. Where the extremes are all that is wanted,
 * one pass finds those of all groups. Any other method gets its groups one after the other: as many
 * at a time as memory has room for, or, a group that is longer than that, in passes of its own.
 */
#include "engine/tensor/far_params.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "core/observed.h"
#include "engine/tensor/scan_choose.h"
#include "engine/tensor/scan_extremes.h"
#include "engine/tensor/slices.h"
#include "engine/work/pool.h"
#include "io/cancel.h"
#include "methods/auto.h"
#include "methods/extremes.h"

/* Elements in memory at a time, of all workers together. */
enum { MEMORY = 8 << 20 };

static enum quant_status check_cancelled(const struct quant_far_params *far,
                                         struct quant_error *error)
{
    return quant_cancelled(far->cancel) ? quant_error_set(error, QUANT_CANCELLED, "cancelled")
                                        : QUANT_OK;
}

/* ---- By extremes ---- */

/* The extremes are where the parameters come after them: groups may be many millions, and take 8
 * bytes each instead of 16. */
static void choose_in_place(struct quant_far_params *far)
{
    enum { GROUPS = 1024 };
    const size_t count = (size_t)far->grouping->count;
    float min[GROUPS];
    float max[GROUPS];
    for (size_t i = 0; i < count; i += GROUPS) {
        const size_t n = count - i < GROUPS ? count - i : GROUPS;
        const struct quant_extremes some = {i, min, max};
        memcpy(min, far->all.scales + i, n * sizeof *min);
        memcpy(max, far->all.zero_points + i, n * sizeof *max);
        quant_extremes_choose(&some, n, &far->calibration, &far->all, &far->notes);
    }
}

static enum quant_status scan_extremes(struct quant_far_params *far, const struct quant_scan *scan,
                                       struct quant_observed *observed, struct quant_error *error)
{
    static_assert(sizeof *far->all.zero_points == sizeof(float), "a float fits in its place");
    const struct quant_extremes extremes = {0, far->all.scales, (float *)far->all.zero_points};
    const enum quant_status status =
        quant_scan_extremes(scan, far->grouping, &extremes, observed, error);
    if (status == QUANT_OK)
        choose_in_place(far);
    return status;
}

/* ---- By any method, in memory ---- */

struct batch_scan {
    struct quant_far_params *far;
    const struct quant_scan *scan;
    uint64_t columns;     /* groups of a batch */
    uint64_t batches;     /* of a panel */
    float *memory;        /* for each worker, the rows of a batch, and a group */
    uint64_t memory_each; /* elements */
    struct quant_calibration_buffers *benches; /* of each worker */
    pthread_mutex_t mutex;                     /* for the rest */
    struct quant_group_notes notes;
    enum quant_status status;
    struct quant_error *error;
};

static struct quant_slices batch_at(const struct batch_scan *run, uint64_t part)
{
    const struct quant_grouping *grouping = run->far->grouping;
    const uint64_t column = part % run->batches * run->columns;
    const uint64_t left = grouping->ngroups - column;
    return (struct quant_slices){
        .reader = run->scan->tensor->reader,
        .grouping = grouping,
        .panel = quant_panel_at(grouping, part / run->batches),
        .column = column,
        .ncolumns = left < run->columns ? left : run->columns,
    };
}

/* A batch is read as a panel of its own, and its groups are gathered from there. */
static enum quant_status calibrate_slices(const struct batch_scan *run,
                                          const struct quant_slices *slices, unsigned worker,
                                          struct quant_group_notes *notes,
                                          struct quant_error *error)
{
    const struct quant_far_params *far = run->far;
    const uint64_t nelems = quant_slices_nelems(slices);
    const bool is_apart = far->grouping->ngroups == 1;
    const struct quant_grouping batch = {.ngroups = slices->ncolumns,
                                         .repeat = is_apart ? nelems : far->grouping->repeat,
                                         .row = is_apart ? nelems
                                                         : nelems / quant_slices_rows(slices)};
    float *x = run->memory + worker * run->memory_each;
    float *group = x + nelems;
    enum quant_status status = quant_slices_read(slices, 0, quant_slices_rows(slices), x,
                                                 run->scan->buffers[worker].stage, error);
    for (uint64_t j = 0; status == QUANT_OK && j < slices->ncolumns; j++) {
        const size_t n = quant_panel_gather(&batch, x, (size_t)nelems, j, group);
        const uint64_t number = slices->panel.first_group + slices->column + j;
        status = check_cancelled(far, error);
        if (status == QUANT_OK)
            status = quant_group_calibrate(&far->calibration, &run->benches[worker], number, group,
                                           n, &far->all, notes, error);
    }
    return status;
}

static bool calibrate_batch(void *context, unsigned worker, uint64_t part)
{
    struct batch_scan *run = context;
    const struct quant_slices slices = batch_at(run, part);
    struct quant_error error;
    struct quant_group_notes notes = {{0}, {0}};
    const enum quant_status status = calibrate_slices(run, &slices, worker, &notes, &error);
    pthread_mutex_lock(&run->mutex);
    quant_group_notes_join(&run->notes, &notes);
    if (status != QUANT_OK && run->status == QUANT_OK) {
        run->status = status;
        if (run->error)
            *run->error = error;
    }
    pthread_mutex_unlock(&run->mutex);
    return status == QUANT_OK;
}

static bool tell_progress(void *context, unsigned worker, uint64_t part)
{
    const struct batch_scan *run = context;
    const struct quant_slices slices = batch_at(run, part);
    (void)worker;
    quant_progress_add(run->scan->progress, quant_slices_nelems(&slices));
    return true;
}

static enum quant_status calibrate_in_memory(struct quant_far_params *far,
                                             const struct quant_scan *scan, uint64_t length,
                                             struct quant_error *error)
{
    const uint64_t ngroups = far->grouping->ngroups;
    const uint64_t room = MEMORY / scan->workers / length - 1; /* one more is gathered */
    const uint64_t columns = room < ngroups ? room : ngroups;
    struct batch_scan run = {.far = far,
                             .scan = scan,
                             .columns = columns,
                             .batches = ngroups / columns + (ngroups % columns != 0),
                             .memory_each = (columns + 1) * length,
                             .mutex = PTHREAD_MUTEX_INITIALIZER,
                             .error = error};
    const size_t nbytes = scan->workers * (size_t)run.memory_each * sizeof *run.memory;
    run.memory = malloc(nbytes);
    run.benches = calloc(scan->workers, sizeof *run.benches);
    if (!run.memory || !run.benches) {
        run.status = quant_error_no_memory(error, nbytes, "calibration");
        goto release;
    }
    const struct quant_pass pass = {
        .n = quant_panel_count(far->grouping) * run.batches,
        .threads = scan->workers,
        .context = &run,
        .work = calibrate_batch,
        .deliver = tell_progress,
    };
    quant_progress_begin_pass(scan->progress, far->grouping->nelems, scan->progress->ahead);
    quant_pool_run(scan->pool, &pass);
    for (unsigned i = 0; i < scan->workers; i++)
        quant_calibration_buffers_release(&run.benches[i]);
release:
    pthread_mutex_destroy(&run.mutex);
    free(run.benches);
    free(run.memory);
    quant_group_notes_join(&far->notes, &run.notes);
    return run.status;
}

/* ---- By any method, in passes ---- */

static enum quant_status calibrate_in_passes(struct quant_far_params *far,
                                             const struct quant_scan *scan,
                                             const struct quant_panel *panel, uint64_t column,
                                             struct quant_error *error)
{
    const struct quant_slices slices = {scan->tensor->reader, far->grouping, *panel, column, 1};
    struct quant_slice_reader reader;
    quant_slice_reader_init(&reader, &slices);
    struct quant_tensor tensor = {.source = scan->tensor->source, .reader = &reader.head};
    struct quant_scan own = *scan;
    own.tensor = &tensor;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    const uint64_t length = reader.head.nelems;
    const unsigned passes = quant_plan_passes(&far->calibration.plan);
    quant_progress_begin_pass(scan->progress, length, scan->progress->ahead + length * passes);
    enum quant_status status = quant_scan_observe(&own, &observed, error);
    if (status == QUANT_OK)
        status = quant_scan_choose(&own, &far->calibration.plan, &observed, &choice, error);
    if (status != QUANT_OK)
        return status;
    quant_group_params_set(&far->all, panel->first_group + column, &choice.params);
    quant_group_notes_add(&far->notes, panel->first_group + column, choice.notes);
    return QUANT_OK;
}

static enum quant_status calibrate_panels(struct quant_far_params *far,
                                          const struct quant_scan *scan, struct quant_error *error)
{
    const struct quant_grouping *grouping = far->grouping;
    struct quant_panel panel = quant_panel_at(grouping, 0);
    enum quant_status status = QUANT_OK;
    const uint64_t after = scan->progress->ahead;
    const unsigned passes = 1 + quant_plan_passes(&far->calibration.plan);
    const uint64_t length = grouping->nelems / grouping->count; /* of a group, about */
    uint64_t ngroups = grouping->count;
    for (uint64_t i = 0; status == QUANT_OK && i < quant_panel_count(grouping); i++) {
        for (uint64_t j = 0; status == QUANT_OK && j < grouping->ngroups; j++) {
            scan->progress->ahead = after + --ngroups * passes * length;
            status = calibrate_in_passes(far, scan, &panel, j, error);
        }
        panel = quant_panel_next(grouping, &panel);
    }
    return status;
}

static enum quant_status scan_panels(struct quant_far_params *far, const struct quant_scan *scan,
                                     struct quant_observed *observed, struct quant_error *error)
{
    const uint64_t length = quant_group_most(far->grouping);
    const bool in_memory = 2 * length * scan->workers <= MEMORY;
    const uint64_t nelems = far->grouping->nelems;
    const uint64_t passes = in_memory ? 1 : 1 + (uint64_t)quant_plan_passes(&far->calibration.plan);
    quant_progress_begin_pass(scan->progress, nelems, scan->progress->ahead + nelems * passes);
    enum quant_status status = quant_scan_observe(scan, observed, error);
    if (status == QUANT_OK)
        status = quant_check_finite(scan->tensor, observed, far->nonfinite, "quantize", "maps them",
                                    error);
    if (status != QUANT_OK)
        return status;
    return in_memory ? calibrate_in_memory(far, scan, length, error)
                     : calibrate_panels(far, scan, error);
}

enum quant_status quant_far_params_find(struct quant_far_params *far, const struct quant_scan *scan,
                                        struct quant_observed *observed, struct quant_error *error)
{
    if (!far->calibration.by_extremes && far->grouping->nelems > 0)
        return scan_panels(far, scan, observed, error);
    quant_progress_begin_pass(scan->progress, far->grouping->nelems, scan->progress->ahead);
    return scan_extremes(far, scan, observed, error);
}
