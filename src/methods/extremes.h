/* SPDX-License-Identifier: MIT */
/* The min and max of many groups at once, and the parameters that follow from them alone. */
#ifndef QUANT_METHODS_EXTREMES_H
#define QUANT_METHODS_EXTREMES_H

#include "methods/group_calibration.h"

/* The least and the greatest finite element of the groups from first on: begin with INFINITY and
 * -INFINITY. */
struct quant_extremes {
    uint64_t first;
    float *min;
    float *max;
};

void quant_extremes_clear(const struct quant_extremes *extremes, uint64_t ngroups);

/* Adds n elements from the first-th of the tensor on. Returns whether all are finite. */
bool quant_extremes_add(const struct quant_extremes *extremes,
                        const struct quant_grouping *grouping, uint64_t first, const float *x,
                        size_t n);

/* The parameters of ngroups groups from extremes->first on, which params has too. *notes gathers
 * theirs. */
void quant_extremes_choose(const struct quant_extremes *extremes, uint64_t ngroups,
                           const struct quant_group_calibration *calibration,
                           const struct quant_group_params *params,
                           struct quant_group_notes *notes);

#endif
