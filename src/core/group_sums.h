/* SPDX-License-Identifier: MIT */
/* The error of each group, for a part of a tensor. */
#ifndef QUANT_CORE_GROUP_SUMS_H
#define QUANT_CORE_GROUP_SUMS_H

#include <quant/groups.h>

/* The errors of groups, or of parts of them, by group. */
struct quant_group_sums {
    double *squared_errors; /* owned, as the other */
    uint64_t *nonfinite;    /* elements that are left out */
};

/* All zeros, for count groups. false: no memory; what there is of it is to be released. */
bool quant_group_sums_init(struct quant_group_sums *sums, size_t count);

/* Fine on a zeroed one. */
void quant_group_sums_release(struct quant_group_sums *sums);

/* A part of a tensor with several groups. */
struct quant_group_part {
    const struct quant_grouping *grouping;
    struct quant_group_params params; /* of all groups with elements in the part */
    struct quant_group_sums sums;     /* of the same groups, borrowed; errors are added to them */
    uint64_t first;                   /* the part's first element */
};

/* Adds n elements, the first of which is the at-th of the part, to the sums of their groups.
 * Returns how many of them the clamp changed. */
uint64_t quant_group_sums_add(const struct quant_params *common,
                              const struct quant_group_part *groups, uint64_t at, const float *x,
                              const float *restored, size_t n, bool all_finite);

/* How many of the workers can have sums of all groups, 16 bytes each, or their extremes, in 64 MiB;
 * at least one. */
unsigned quant_group_workers(const struct quant_grouping *grouping, unsigned workers);

#endif
