/* SPDX-License-Identifier: MIT */
/* Windows of whole panels around the chunks, and what is found in them. */
#include "engine/tensor/group_pass.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/observed.h"
#include "io/cancel.h"

size_t quant_group_window(const struct quant_group_pass *pass)
{
    const uint64_t around = pass->is_near ? 2 * pass->grouping.panel : 0;
    const uint64_t window = QUANT_CHUNK + around;
    return (size_t)(window < pass->grouping.nelems ? window : pass->grouping.nelems);
}

enum quant_status quant_group_pass_init(struct quant_group_pass *pass,
                                        const struct quant_quantize_job *job,
                                        const struct quant_reader *reader,
                                        struct quant_error *error)
{
    struct quant_error own;
    pass->spec = &job->spec;
    pass->cancel = &job->cancel;
    const enum quant_status status = quant_grouping_make(&job->granularity, &reader->shape,
                                                         reader->order, &pass->grouping, &own);
    if (status != QUANT_OK)
        return quant_source_error(reader->source, error, status, "%s", own.text);
    pass->is_near = pass->grouping.nelems > 0 && pass->grouping.panel <= QUANT_CHUNK;
    quant_group_calibration_begin(&pass->calibration, pass->spec, &pass->grouping);
    return QUANT_OK;
}

/* ---- Benches ---- */

static bool make_near(const struct quant_group_pass *pass, struct quant_group_bench *bench)
{
    const struct quant_grouping *grouping = &pass->grouping;
    const size_t most = (size_t)quant_groups_most(grouping, quant_group_window(pass));
    bench->params.scales = malloc(most * sizeof *bench->params.scales);
    bench->params.zero_points = malloc(most * sizeof *bench->params.zero_points);
    bench->extremes.least = malloc(most * sizeof *bench->extremes.least);
    bench->extremes.greatest = malloc(most * sizeof *bench->extremes.greatest);
    bench->scratch = malloc(((size_t)grouping->panel + 1) * sizeof *bench->scratch);
    if (pass->measures)
        bench->sums = calloc(most, sizeof *bench->sums);
    return bench->params.scales && bench->params.zero_points && bench->extremes.least &&
           bench->extremes.greatest && bench->scratch && (!pass->measures || bench->sums);
}

static bool make_far(const struct quant_group_pass *pass, struct quant_group_bench *bench)
{
    if (pass->measures)
        bench->sums = calloc((size_t)pass->grouping.count + 1, sizeof *bench->sums);
    return !pass->measures || bench->sums;
}

enum quant_status quant_group_pass_make_benches(struct quant_group_pass *pass, unsigned count,
                                                bool measures, struct quant_error *error)
{
    const size_t ngroups = (size_t)pass->grouping.count;
    enum quant_status status = QUANT_OK;
    pass->measures = measures;
    if (measures)
        status = quant_group_ranking_init(&pass->ranking, &pass->grouping, error);
    pass->benches = calloc(count, sizeof *pass->benches);
    bool ok = pass->benches;
    for (unsigned i = 0; ok && i < count; i++) {
        pass->nbenches++;
        ok = pass->is_near ? make_near(pass, &pass->benches[i]) : make_far(pass, &pass->benches[i]);
    }
    if (ok && !pass->is_near) {
        pass->all.scales = malloc((ngroups + 1) * sizeof *pass->all.scales);
        pass->all.zero_points = malloc((ngroups + 1) * sizeof *pass->all.zero_points);
        ok = pass->all.scales && pass->all.zero_points;
    }
    if (status == QUANT_OK && !ok)
        status = quant_error_no_memory(error, ngroups * sizeof(float), "scales");
    return status;
}

void quant_group_pass_release(struct quant_group_pass *pass)
{
    for (unsigned i = 0; i < pass->nbenches; i++) {
        struct quant_group_bench *bench = &pass->benches[i];
        free(bench->params.scales);
        free(bench->params.zero_points);
        free(bench->extremes.least);
        free(bench->extremes.greatest);
        free(bench->scratch);
        quant_calibration_bench_release(&bench->calibration);
        free(bench->sums);
    }
    free(pass->benches);
    free(pass->all.scales);
    free(pass->all.zero_points);
    quant_group_ranking_release(&pass->ranking);
}

/* ---- The steps ---- */

static uint64_t end_of(const struct quant_panel *panel)
{
    return panel->first + panel->nelems;
}

enum quant_status quant_group_pass_load(struct quant_group_pass *pass, struct quant_reader *reader,
                                        const struct quant_chunk *chunk,
                                        struct quant_workbench *bench, struct quant_error *error)
{
    const struct quant_grouping *grouping = &pass->grouping;
    struct quant_group_bench *own = &pass->benches[chunk->worker];
    struct quant_chunk window = *chunk;
    own->lead = 0;
    if (pass->is_near && chunk->count > 0) {
        const uint64_t last = chunk->first + chunk->count - 1;
        own->panels = quant_panel_at(grouping, quant_panel_of(grouping, chunk->first));
        const struct quant_panel end = quant_panel_at(grouping, quant_panel_of(grouping, last));
        own->npanels = end.index - own->panels.index + 1;
        own->lead = (size_t)(chunk->first - own->panels.first);
        window.first = own->panels.first;
        window.count = (size_t)(end_of(&end) - window.first);
    }
    return quant_reader_load(reader, true, &window, bench->x, bench->stage, error);
}

static void begin_window(struct quant_group_bench *bench)
{
    bench->params.first = bench->panels.first_group;
    bench->extremes.first = bench->panels.first_group;
    bench->notes = (struct quant_group_notes){{0}, {0}};
    bench->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
}

/* What the groups of the window were observed to be is as good as a look at the chunk, as long as
 * all of it is finite. */
static void observe_by_groups(struct quant_group_bench *bench, uint64_t ngroups,
                              const struct quant_chunk *chunk)
{
    float least = INFINITY;
    float greatest = -INFINITY;
    for (uint64_t i = 0; i < ngroups; i++) {
        const struct quant_extremes *extremes = &bench->extremes;
        least = extremes->least[i] < least ? extremes->least[i] : least;
        greatest = extremes->greatest[i] > greatest ? extremes->greatest[i] : greatest;
    }
    bench->observed.count = chunk->count;
    bench->observed.least = least;
    bench->observed.greatest = greatest;
}

enum quant_status quant_group_pass_check_cancelled(const struct quant_group_pass *pass,
                                                   struct quant_error *error)
{
    return quant_cancelled(pass->cancel) ? quant_error_set(error, QUANT_CANCELLED, "cancelled")
                                         : QUANT_OK;
}

static enum quant_status calibrate_panels(const struct quant_group_pass *pass,
                                          struct quant_group_bench *bench, const float *x,
                                          struct quant_error *error)
{
    struct quant_panel panel = bench->panels;
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < bench->npanels; i++) {
        struct quant_group_notes notes = {{0}, {0}};
        status = quant_group_pass_check_cancelled(pass, error);
        if (status == QUANT_OK)
            status = quant_panel_calibrate(&pass->calibration, &bench->calibration, panel.index, x,
                                           bench->scratch, &bench->params, &notes, error);
        if (i > 0 || bench->lead == 0)
            quant_group_notes_join(&bench->notes, &notes);
        x += panel.nelems;
        panel = quant_panel_next(&pass->grouping, &panel);
    }
    return status;
}

/* Groups of the window that the chunk before has delivered: those of the first panel, if a part of
 * it is there. */
static uint64_t count_delivered(const struct quant_group_pass *pass,
                                const struct quant_group_bench *bench)
{
    return bench->lead > 0 ? pass->grouping.ngroups : 0;
}

static void choose_by_extremes(const struct quant_group_pass *pass, struct quant_group_bench *bench,
                               uint64_t ngroups)
{
    const uint64_t delivered = count_delivered(pass, bench);
    const struct quant_extremes others = {bench->extremes.first + delivered,
                                          bench->extremes.least + delivered,
                                          bench->extremes.greatest + delivered};
    struct quant_group_notes again = {{0}, {0}};
    quant_extremes_choose(&bench->extremes, delivered, &pass->calibration, &bench->params, &again);
    quant_extremes_choose(&others, ngroups - delivered, &pass->calibration, &bench->params,
                          &bench->notes);
}

enum quant_status quant_group_pass_calibrate(struct quant_group_pass *pass,
                                             const struct quant_chunk *chunk, const float *x,
                                             struct quant_error *error)
{
    struct quant_group_bench *bench = &pass->benches[chunk->worker];
    if (!pass->is_near || chunk->count == 0)
        return QUANT_OK;
    const struct quant_grouping *grouping = &pass->grouping;
    const uint64_t ngroups = bench->npanels * grouping->ngroups;
    begin_window(bench);
    if (!pass->calibration.by_extremes) {
        quant_observe(&bench->observed, x + bench->lead, chunk->count);
        return calibrate_panels(pass, bench, x, error);
    }
    const struct quant_panel last =
        quant_panel_at(grouping, bench->panels.index + bench->npanels - 1);
    quant_extremes_clear(&bench->extremes, ngroups);
    if (quant_extremes_add(&bench->extremes, grouping, bench->panels.first, x,
                           (size_t)(end_of(&last) - bench->panels.first)))
        observe_by_groups(bench, ngroups, chunk);
    else
        quant_observe(&bench->observed, x + bench->lead, chunk->count);
    choose_by_extremes(pass, bench, ngroups);
    return QUANT_OK;
}

struct quant_group_part quant_group_pass_part(const struct quant_group_pass *pass,
                                              const struct quant_chunk *chunk)
{
    const struct quant_group_bench *bench = &pass->benches[chunk->worker];
    return (struct quant_group_part){
        .grouping = &pass->grouping,
        .params = pass->is_near ? bench->params : pass->all,
        .sums = bench->sums,
        .first = chunk->first,
    };
}

enum quant_status quant_group_pass_deliver(struct quant_group_pass *pass,
                                           const struct quant_chunk *chunk,
                                           struct quant_group_store *store,
                                           struct quant_error *error)
{
    const struct quant_group_bench *bench = &pass->benches[chunk->worker];
    if (pass->measures) {
        const struct quant_group_part part = quant_group_pass_part(pass, chunk);
        quant_group_ranking_join(&pass->ranking, &part, chunk->count);
    }
    if (!pass->is_near || chunk->count == 0)
        return QUANT_OK;
    quant_group_notes_join(&pass->notes, &bench->notes);
    if (!store)
        return QUANT_OK;
    const uint64_t delivered = count_delivered(pass, bench);
    const uint64_t ngroups = bench->npanels * pass->grouping.ngroups;
    return quant_group_store_append(store, bench->params.scales + delivered,
                                    bench->params.zero_points + delivered,
                                    (size_t)(ngroups - delivered), error);
}
