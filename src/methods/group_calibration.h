/* SPDX-License-Identifier: MIT */
/* Finds the parameters of many groups, each as if it were a tensor of its own. */
#ifndef QUANT_METHODS_GROUP_CALIBRATION_H
#define QUANT_METHODS_GROUP_CALIBRATION_H

#include <quant/groups.h>

#include "methods/calibration_buffers.h"

struct quant_group_calibration {
    const struct quant_grouping *grouping;
    struct quant_plan plan; /* saturates elements that are not finite; the caller reports them */
    struct quant_choice nothing; /* the choice for a group without a finite element */
    bool by_extremes;            /* the min and max of a group are its range: extremes.h */
};

/* The plan finds its range. grouping must outlive the calibration. */
void quant_group_calibration_begin(struct quant_group_calibration *calibration,
                                   const struct quant_plan *plan,
                                   const struct quant_grouping *grouping);

/* Sets the parameters of one group from its n elements, and adds its notes. buffers are the
 * worker's, and are used again for the next group. */
enum quant_status quant_group_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t group,
                                        const float *x, size_t n,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error);

/* Copies the elements of one group of a panel, whose first nelems elements are at x, to group.
 * column counts groups from the panel's first. Returns the number of elements copied. */
size_t quant_panel_gather(const struct quant_grouping *grouping, const float *x, size_t nelems,
                          uint64_t column, float *group);

/* The same for all groups of a panel, all of whose elements are at x. scratch has room for the
 * elements of a group; it may be NULL if the panel has only one. */
enum quant_status quant_panel_calibrate(const struct quant_group_calibration *calibration,
                                        struct quant_calibration_buffers *buffers, uint64_t panel,
                                        const float *x, float *scratch,
                                        const struct quant_group_params *params,
                                        struct quant_group_notes *notes, struct quant_error *error);

#endif
