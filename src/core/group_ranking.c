/* SPDX-License-Identifier: MIT */
/* The sums of a panel are complete after its last part. Then its groups are ranked, and the sums
 * are cleared. */
#include "core/group_ranking.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"

enum quant_status quant_group_ranking_init(struct quant_group_ranking *ranking,
                                           const struct quant_grouping *grouping,
                                           struct quant_error *error)
{
    *ranking = (struct quant_group_ranking){.grouping = grouping};
    ranking->open = calloc((size_t)grouping->ngroups, sizeof *ranking->open);
    return ranking->open ? QUANT_OK
                         : quant_error_no_memory(
                               error, (size_t)grouping->ngroups * sizeof *ranking->open, "report");
}

void quant_group_ranking_release(struct quant_group_ranking *ranking)
{
    free(ranking->open);
    ranking->open = NULL;
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

static void close_panel(struct quant_group_ranking *ranking, const struct quant_panel *panel,
                        const struct quant_group_params *params)
{
    for (uint64_t j = 0; j < ranking->grouping->ngroups; j++) {
        struct quant_group_sums *sums = &ranking->open[j];
        const uint64_t group = panel->first_group + j;
        if (sums->squared_error > 0) {
            const struct quant_group_error candidate = {
                .group = group,
                .n = sums->n,
                .mse = sums->squared_error / (double)sums->n,
                .sum_squared_error = sums->squared_error,
                .scale = params->scales[group - params->first],
                .zero_point = params->zero_points[group - params->first],
                .bias = params->biases ? params->biases[group - params->first] : 0,
            };
            consider(&ranking->worst, &candidate);
        }
        *sums = (struct quant_group_sums){0, 0};
    }
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
        struct quant_group_sums *sums = &part->sums[panel->first_group + j - part->params.first];
        ranking->open[j].squared_error += sums->squared_error;
        ranking->open[j].n += sums->n;
        *sums = (struct quant_group_sums){0, 0};
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
    for (; panel.first < end; panel = quant_panel_next(grouping, &panel)) {
        add_panel(ranking, &panel, part, n);
        if (panel.first + panel.nelems <= end)
            close_panel(ranking, &panel, &part->params);
    }
}
