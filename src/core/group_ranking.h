/* SPDX-License-Identifier: MIT */
/* The groups with the largest errors. */
#ifndef QUANT_CORE_GROUP_RANKING_H
#define QUANT_CORE_GROUP_RANKING_H

#include "core/group_sums.h"

/* The sums of the panel that is not complete yet, and the worst groups of those before it. */
struct quant_group_ranking {
    const struct quant_grouping *grouping;
    struct quant_group_sums open; /* of each group of a panel */
    struct quant_worst_groups worst;
};

enum quant_status quant_group_ranking_init(struct quant_group_ranking *ranking,
                                           const struct quant_grouping *grouping,
                                           struct quant_error *error);
void quant_group_ranking_release(struct quant_group_ranking *ranking);

/* Adds the sums of a part of n elements, and sets them to 0. Parts come in order. */
void quant_group_ranking_join(struct quant_group_ranking *ranking,
                              const struct quant_group_part *part, size_t n);

#endif
