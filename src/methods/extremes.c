/* SPDX-License-Identifier: MIT */
#include "methods/extremes.h"

#include <float.h>
#include <math.h>

#include "base/grouping.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "core/scale.h"
#include "kernels/kernels.h"

/* Rows of fewer than NARROW channels are taken several at a time, as one row of about WIDE. */
enum { NARROW = 64, WIDE = 512 };

void quant_extremes_clear(const struct quant_extremes *extremes, uint64_t ngroups)
{
    for (uint64_t i = 0; i < ngroups; i++) {
        extremes->min[i] = INFINITY;
        extremes->max[i] = -INFINITY;
    }
}

/* n elements that begin at the beginning of a row: all whole rows among them. */
static bool add_narrow_rows(const struct quant_extremes *extremes, uint64_t at, size_t columns,
                            const float *x, size_t n)
{
    float min[WIDE];
    float max[WIDE];
    const struct quant_extremes wide = {0, min, max};
    const size_t width = WIDE / columns * columns;
    quant_extremes_clear(&wide, width);
    bool all_finite = true;
    for (size_t i = 0; i < n; i += width) {
        const size_t m = n - i < width ? n - i : width;
        all_finite &= quant_kernels()->observe_each(x + i, m, min, max);
    }
    for (size_t i = 0; i < width; i++) {
        float *low = &extremes->min[at + i % columns];
        float *high = &extremes->max[at + i % columns];
        *low = fminf(*low, min[i]);
        *high = fmaxf(*high, max[i]);
    }
    return all_finite;
}

/* Adds the first of n elements that one kernel call can take; *m becomes their number. */
static bool add_columns(const struct quant_extremes *extremes, const struct quant_stretch *stretch,
                        const float *x, size_t n, size_t *m)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const uint64_t row_left = quant_stretch_row_left(stretch);
    const uint64_t at = stretch->group - extremes->first;
    const uint64_t panel_left = stretch->panel_left < n ? stretch->panel_left : n;
    if (row_left == grouping->ngroups && grouping->ngroups < NARROW && panel_left >= WIDE) {
        const size_t columns = (size_t)grouping->ngroups;
        *m = (size_t)panel_left / columns * columns;
        return add_narrow_rows(extremes, at, columns, x, *m);
    }
    *m = row_left < n ? (size_t)row_left : n;
    return quant_kernels()->observe_each(x, *m, extremes->min + at, extremes->max + at);
}

/* The same if the elements of a group lie in runs. */
static bool add_runs(const struct quant_extremes *extremes, const struct quant_stretch *stretch,
                     const float *x, size_t n, size_t *m)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const bool is_apart = grouping->ngroups == 1;
    const uint64_t run = is_apart ? grouping->panel : grouping->repeat;
    const uint64_t at = stretch->group - extremes->first;
    const uint64_t whole = is_apart ? 0 : grouping->row / run; /* the last may be shorter */
    const uint64_t column = stretch->group - stretch->panel.first_group;
    uint64_t ahead = is_apart         ? grouping->stride - stretch->panel.first % grouping->stride
                     : column < whole ? (whole - column) * run
                                      : 0;
    if (is_apart && grouping->stride % run == 0)
        ahead = n;
    if (ahead > n)
        ahead = n;
    if (stretch->left != run || ahead < run) { /* a part of a run, or a short one */
        *m = stretch->left < n ? (size_t)stretch->left : n;
        return quant_kernels()->observe_runs(x, 1, *m, extremes->min + at, extremes->max + at);
    }
    *m = (size_t)(ahead / run * run);
    return quant_kernels()->observe_runs(x, (size_t)(ahead / run), (size_t)run, extremes->min + at,
                                         extremes->max + at);
}

bool quant_extremes_add(const struct quant_extremes *extremes,
                        const struct quant_grouping *grouping, uint64_t first, const float *x,
                        size_t n)
{
    bool all_finite = true;
    while (n > 0) {
        struct quant_stretch stretch = quant_stretch_at(grouping, first);
        size_t m = 0;
        if (grouping->ngroups > 1 && grouping->repeat == 1)
            all_finite &= add_columns(extremes, &stretch, x, n, &m);
        else
            all_finite &= add_runs(extremes, &stretch, x, n, &m);
        first += m;
        x += m;
        n -= m;
    }
    return all_finite;
}

/* quant_scale_round, and at most max, in a form that compilers vectorize. */
static inline float round_to_float32(double scale, float max)
{
    const float bounded = scale < (double)FLT_MIN ? FLT_MIN : (float)scale;
    return bounded < max ? bounded : max;
}

static struct quant_choice choose_range(const struct quant_group_calibration *calibration,
                                        float low, float high)
{
    struct quant_choice choice = calibration->nothing;
    if (low <= high)
        quant_choice_set_range(&choice, &calibration->plan.target, (double)low, (double)high);
    return choice;
}

static void add_notes(const struct quant_extremes *extremes, uint64_t ngroups,
                      const struct quant_group_calibration *calibration,
                      struct quant_group_notes *notes)
{
    for (uint64_t i = 0; i < ngroups; i++)
        quant_group_notes_add(notes, extremes->first + i,
                              choose_range(calibration, extremes->min[i], extremes->max[i]).notes);
}

/* Absmax in a plain loop with the formula of quant_choose, since groups may have only 32 elements,
 * and be very many. If neither the shortest nor the longest range gets a note, none in between
 * does. */
static void choose_absmax(const struct quant_extremes *extremes, uint64_t ngroups,
                          const struct quant_group_calibration *calibration, float *scales,
                          int32_t *zero_points, struct quant_group_notes *notes)
{
    const struct quant_params *nothing = &calibration->nothing.params;
    const struct quant_target *target = &calibration->plan.target;
    const enum quant_dtype dtype = target->scale_dtype;
    const bool is_float32 = dtype == QUANT_FLOAT32;
    const int32_t middle = quant_target_middle(target);
    const float max_scale = quant_target_max_scale(target, middle);
    const double step = quant_target_max_step(target);
    float shortest = FLT_MAX;
    float longest = 0;
    for (uint64_t i = 0; i < ngroups; i++) {
        const float low = extremes->min[i];
        const float high = extremes->max[i];
        const float a = low <= high ? (-low > high ? -low : high) : 0;
        const double scale = (double)a / step;
        scales[i] =
            a > 0
                ? (is_float32 ? round_to_float32(scale, max_scale)
                              : fminf(quant_scale_round(dtype, scale, QUANT_TO_NEAREST), max_scale))
                : 1;
        zero_points[i] = a > 0 ? middle : nothing->zero_point;
        shortest = a > 0 && a < shortest ? a : shortest;
        longest = a > longest ? a : longest;
    }
    const float ends[] = {shortest, longest};
    unsigned any = 0;
    for (size_t i = 0; longest > 0 && i < sizeof ends / sizeof ends[0]; i++)
        any |= choose_range(calibration, -ends[i], ends[i]).notes;
    if (any != 0)
        add_notes(extremes, ngroups, calibration, notes);
}

static void choose_each(const struct quant_extremes *extremes, uint64_t ngroups,
                        const struct quant_group_calibration *calibration,
                        const struct quant_group_params *params, struct quant_group_notes *notes)
{
    for (uint64_t i = 0; i < ngroups; i++) {
        const struct quant_choice choice =
            choose_range(calibration, extremes->min[i], extremes->max[i]);
        quant_group_params_set(params, extremes->first + i, &choice.params);
        quant_group_notes_add(notes, extremes->first + i, choice.notes);
    }
}

void quant_extremes_choose(const struct quant_extremes *extremes, uint64_t ngroups,
                           const struct quant_group_calibration *calibration,
                           const struct quant_group_params *params, struct quant_group_notes *notes)
{
    const uint64_t at = extremes->first - params->first;
    const struct quant_target *target = &calibration->plan.target;
    if (target->scheme == QUANT_ABSMAX && !quant_target_follows(target))
        choose_absmax(extremes, ngroups, calibration, params->scales + at, params->zero_points + at,
                      notes);
    else
        choose_each(extremes, ngroups, calibration, params, notes);
}
