/* SPDX-License-Identifier: MIT */
/*
 * A panel that a part has all of is ranked at once. The sums of any other are added up, and ranked
 * after the last part of it. In both cases the sums of the part are cleared.
 */
#include "core/group_ranking.h"

#include <string.h>

#include "base/error.h"
#include "base/grouping.h"

enum quant_status quant_group_ranking_init(struct quant_group_ranking *ranking,
                                           const struct quant_grouping *grouping,
                                           struct quant_error *error)
{
    *ranking = (struct quant_group_ranking){.grouping = grouping};
    return quant_group_sums_init(&ranking->open, (size_t)grouping->ngroups)
               ? QUANT_OK
               : quant_error_no_memory(
                     error, (size_t)grouping->ngroups * (sizeof(double) + sizeof(uint64_t)),
                     "report");
}

void quant_group_ranking_release(struct quant_group_ranking *ranking)
{
    quant_group_sums_release(&ranking->open);
}

/* Groups come in rising order, so of equal ones the first stays first. */
static void consider(struct quant_worst_groups *worst, const struct quant_group_error *candidate)
{
    size_t place = worst->n;
    while (place > 0 && worst->groups[place - 1].mse < candidate->mse)
        place--;
    if (place == QUANT_WORST_MOST)
        return;
    if (worst->n < QUANT_WORST_MOST)
        worst->n++;
    for (size_t i = worst->n - 1; i > place; i--)
        worst->groups[i] = worst->groups[i - 1];
    worst->groups[place] = *candidate;
}

/* Groups whose mse is at most this need not be considered. */
static double lowest_mse(const struct quant_worst_groups *worst)
{
    return worst->n < QUANT_WORST_MOST ? 0 : worst->groups[QUANT_WORST_MOST - 1].mse;
}

static void consider_group(struct quant_worst_groups *worst,
                           const struct quant_group_params *params, uint64_t group, uint64_t n,
                           double squared_error)
{
    const uint64_t at = group - params->first;
    const struct quant_group_error candidate = {
        .group = group,
        .n = n,
        .mse = squared_error / (double)n,
        .sum_squared_error = squared_error,
        .scale = params->scales[at],
        .zero_point = params->zero_points[at],
        .bias = params->biases ? params->biases[at] : 0,
    };
    consider(worst, &candidate);
}

/* Consecutive groups with nelems elements each. */
struct alike {
    uint64_t first;
    uint64_t count;
    uint64_t nelems;
};

static struct quant_group_sums sums_from(const struct quant_group_sums *sums, uint64_t i)
{
    return (struct quant_group_sums){sums->squared_errors + i, sums->nonfinite + i};
}

/* Ranks the groups with these sums, and clears the sums. A rounded product is compared first, since
 * dividing takes longer: a group that it leaves out has at most the mse of all groups in the list.
 */
static void close_alike(struct quant_worst_groups *worst, const struct alike *alike,
                        const struct quant_group_sums *sums,
                        const struct quant_group_params *params)
{
    const double n = (double)alike->nelems;
    double enough = lowest_mse(worst) * n * (1 - 0x1p-50);
    for (uint64_t i = 0; i < alike->count; i++) {
        const double squared_error = sums->squared_errors[i];
        if (!(squared_error > 0) || (squared_error < enough && sums->nonfinite[i] == 0))
            continue;
        consider_group(worst, params, alike->first + i, alike->nelems - sums->nonfinite[i],
                       squared_error);
        enough = lowest_mse(worst) * n * (1 - 0x1p-50);
    }
    memset(sums->squared_errors, 0, (size_t)alike->count * sizeof *sums->squared_errors);
    memset(sums->nonfinite, 0, (size_t)alike->count * sizeof *sums->nonfinite);
}

/* All groups of a panel. The last may be narrower than the others. */
static void close_panel(struct quant_group_ranking *ranking, const struct quant_panel *panel,
                        const struct quant_group_sums *sums,
                        const struct quant_group_params *params)
{
    const struct quant_grouping *grouping = ranking->grouping;
    const uint64_t last = grouping->ngroups - 1;
    const uint64_t nrows = panel->nelems / grouping->row;
    const struct alike wide = {panel->first_group, last, nrows * grouping->repeat};
    const struct alike narrow = {panel->first_group + last, 1,
                                 last == 0 ? panel->nelems
                                           : nrows * (grouping->row - last * grouping->repeat)};
    const struct quant_group_sums of_last = sums_from(sums, last);
    close_alike(&ranking->worst, &wide, sums, params);
    close_alike(&ranking->worst, &narrow, &of_last, params);
}

/* Ranks the panels from this one on that are alike and that the part, which ends before element
 * `end`, has all of, and returns the next panel. Panels of one group are ranked together: in blocks
 * of 32 elements there are thousands in a part. */
static struct quant_panel close_whole(struct quant_group_ranking *ranking,
                                      const struct quant_panel *panel,
                                      const struct quant_group_part *part, uint64_t end)
{
    const struct quant_grouping *grouping = ranking->grouping;
    const struct quant_group_sums sums =
        sums_from(&part->sums, panel->first_group - part->params.first);
    const uint64_t stride_left = grouping->stride - panel->first % grouping->stride;
    const uint64_t left = stride_left < end - panel->first ? stride_left : end - panel->first;
    const struct alike alike = {panel->first_group, left / panel->nelems, panel->nelems};
    if (grouping->ngroups > 1 || alike.count < 2) {
        close_panel(ranking, panel, &sums, &part->params);
        return quant_panel_next(grouping, panel);
    }
    close_alike(&ranking->worst, &alike, &sums, &part->params);
    const struct quant_panel last = {
        .index = panel->index + alike.count - 1,
        .first = panel->first + (alike.count - 1) * panel->nelems,
        .nelems = panel->nelems,
        .first_group = panel->first_group + alike.count - 1,
    };
    return quant_panel_next(grouping, &last);
}

/* A part that is shorter than a row of the panel has elements of only a few groups: consecutive
 * ones, beginning with the group of its first element, and wrapping around at the end of the row.
 */
static void add_panel(struct quant_group_ranking *ranking, const struct quant_panel *panel,
                      const struct quant_group_part *part, size_t n)
{
    const struct quant_grouping *grouping = ranking->grouping;
    const uint64_t touched = n / grouping->repeat + n / grouping->row + 2;
    const uint64_t count = touched < grouping->ngroups ? touched : grouping->ngroups;
    uint64_t j = part->first > panel->first
                     ? (part->first - panel->first) % grouping->row / grouping->repeat
                     : 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t at = panel->first_group + j - part->params.first;
        ranking->open.squared_errors[j] += part->sums.squared_errors[at];
        ranking->open.nonfinite[j] += part->sums.nonfinite[at];
        part->sums.squared_errors[at] = 0;
        part->sums.nonfinite[at] = 0;
        j = j + 1 < grouping->ngroups ? j + 1 : 0;
    }
}

void quant_group_ranking_join(struct quant_group_ranking *ranking,
                              const struct quant_group_part *part, size_t n)
{
    const struct quant_grouping *grouping = ranking->grouping;
    const uint64_t end = part->first + n;
    if (n == 0)
        return;
    struct quant_panel panel = quant_panel_at(grouping, quant_panel_of(grouping, part->first));
    while (panel.first < end) {
        const bool ends = panel.first + panel.nelems <= end;
        if (ends && panel.first >= part->first) {
            panel = close_whole(ranking, &panel, part, end);
            continue;
        }
        add_panel(ranking, &panel, part, n);
        if (ends)
            close_panel(ranking, &panel, &ranking->open, &part->params);
        panel = quant_panel_next(grouping, &panel);
    }
}
