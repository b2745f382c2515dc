/* SPDX-License-Identifier: MIT */
/* The figures of a report that depend on groups. */
#ifndef QUANT_CORE_MEASURE_GROUPS_H
#define QUANT_CORE_MEASURE_GROUPS_H

#include "core/measure.h"

/* Of n elements, the part's at-th and those behind it: adds to the sums of their groups, and
 * returns how many of them the clamp changed. */
uint64_t quant_group_sums_add(const struct quant_params *common,
                              const struct quant_group_part *groups, uint64_t at, const float *x,
                              const float *restored, size_t n, bool all_finite);

/* Of so many workers, those that can have sums of all groups, 16 bytes each, or their extremes, in
 * 64 MiB; at least one. */
unsigned quant_group_workers(const struct quant_grouping *grouping, unsigned workers);

/* ---- The groups that lost most --------------------------------------------------------------- */

/* Sums of the panel that is not finished, and the worst groups of those that are. */
struct quant_group_ranking {
    const struct quant_grouping *grouping;
    struct quant_group_sums *open; /* owned */
    struct quant_worst_groups worst;
};

enum quant_status quant_group_ranking_init(struct quant_group_ranking *ranking,
                                           const struct quant_grouping *grouping,
                                           struct quant_error *error);
void quant_group_ranking_release(struct quant_group_ranking *ranking);

/* Adds the sums of a part of n elements, and sets them to 0; parts come in order. */
void quant_group_ranking_join(struct quant_group_ranking *ranking,
                              const struct quant_group_part *part, size_t n);

#endif
