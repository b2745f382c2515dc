/* SPDX-License-Identifier: MIT */
/* Ranges of groups by methods that look at the elements of one group after the other, over many
 * inputs. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUP_PASSES_H
#define QUANT_ENGINE_CALIBRATION_GROUP_PASSES_H

#include "engine/calibration/calibrating.h"

struct quant_group_passes {
    struct quant_calibrating *run;          /* its inputs can be read by position */
    const struct quant_grouping *groupings; /* of each input of the run */
    uint64_t count;                         /* groups, in each input */
    size_t first;                           /* inputs first..last-1 have the elements, */
    size_t last;                            /* which count as one sequence for each group */
    double (*ranges)[2];                    /* of each group: set if a finite element is in it */
};

enum quant_status quant_group_passes_find(const struct quant_group_passes *passes);

#endif
