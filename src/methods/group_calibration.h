/* SPDX-License-Identifier: MIT */
/* Finding the parameters of many groups: what a spec makes of each of them alone. */
#ifndef QUANT_METHODS_GROUP_CALIBRATION_H
#define QUANT_METHODS_GROUP_CALIBRATION_H

#include <quant/groups.h>

#include "methods/calibration_buffers.h"

struct quant_group_calibration {
    const struct quant_grouping *grouping;
    struct quant_plan plan;      /* it saturates elements that are not finite: the caller reports
                                  * them */
    struct quant_choice nothing; /* of a group without a finite element */
    bool by_extremes;            /* the min and max of a group are all that its range takes */
};

/* The plan is one that finds its range; grouping must outlive the calibration. */
void quant_group_calibration_begin(struct quant_group_calibration *calibration,
                                   const struct quant_plan *plan,
                                   const struct quant_grouping *grouping);

/* The parameters of one group, from its n elements. buffers is the worker's, from one group to the
 * next. */
enum quant_status quant_group_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t group,
                                        const float *x, size_t n,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error);

/* Copies the elements of a panel's group, of those at x, the panel's first nelems, to group's.
 * Returns their number. column is the group, counted from the panel's first. */
size_t quant_panel_gather(const struct quant_grouping *grouping, const float *x, size_t nelems,
                          uint64_t column, float *group);

/* The parameters of a panel's groups, all of whose elements are at x. scratch has room for those of
 * a group, or is NULL where there is one. */
enum quant_status quant_panel_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t panel,
                                        const float *x, float *scratch,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error);

#endif
