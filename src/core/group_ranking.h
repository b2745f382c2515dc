/* SPDX-License-Identifier: MIT */
/* The groups that lost most. */
#ifndef QUANT_CORE_GROUP_RANKING_H
#define QUANT_CORE_GROUP_RANKING_H

#include "core/group_sums.h"

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
