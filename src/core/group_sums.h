/* SPDX-License-Identifier: MIT */
/* The error of each group, for a part of a tensor. */
#ifndef QUANT_CORE_GROUP_SUMS_H
#define QUANT_CORE_GROUP_SUMS_H

#include <quant/groups.h>

/* What was found of one group. */
struct quant_group_sums {
    double squared_error;
    uint64_t n; /* finite elements */
};

/* A part of a tensor with several groups. */
struct quant_group_part {
    const struct quant_grouping *grouping;
    struct quant_group_params params; /* of all groups that the part has elements of */
    struct quant_group_sums *sums;    /* of the same: what is found is added to it */
    uint64_t first;                   /* the part's first element */
};

/* Of n elements, the part's at-th and those behind it: adds to the sums of their groups, and
 * returns how many of them the clamp changed. */
uint64_t quant_group_sums_add(const struct quant_params *common,
                              const struct quant_group_part *groups, uint64_t at, const float *x,
                              const float *restored, size_t n, bool all_finite);

/* Of so many workers, those that can have sums of all groups, 16 bytes each, or their extremes, in
 * 64 MiB; at least one. */
unsigned quant_group_workers(const struct quant_grouping *grouping, unsigned workers);

#endif
