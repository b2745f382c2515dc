/* SPDX-License-Identifier: MIT */
/* The min and max of many groups at once, and the parameters that follow from them alone. */
#ifndef QUANT_METHODS_EXTREMES_H
#define QUANT_METHODS_EXTREMES_H

#include "methods/group_calibration.h"

/* The smallest and the largest finite element of each group, from group first on. */
struct quant_extremes {
    uint64_t first;
    float *min;
    float *max;
};

/* Sets all to INFINITY and -INFINITY, as for groups without elements. */
void quant_extremes_clear(const struct quant_extremes *extremes, uint64_t ngroups);

/* Adds n elements, the first of which is the first-th of the tensor. Returns whether all are
 * finite. */
bool quant_extremes_add(const struct quant_extremes *extremes,
                        const struct quant_grouping *grouping, uint64_t first, const float *x,
                        size_t n);

/* Sets the parameters of ngroups groups, the first of which is extremes->first; params has room for
 * them. Adds the groups' notes to *notes. */
void quant_extremes_choose(const struct quant_extremes *extremes, uint64_t ngroups,
                           const struct quant_group_calibration *calibration,
                           const struct quant_group_params *params,
                           struct quant_group_notes *notes);

#endif
