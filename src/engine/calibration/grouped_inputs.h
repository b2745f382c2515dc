/* SPDX-License-Identifier: MIT */
/* Inputs whose tensors have the same groups, as they are given to the code that finds ranges. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUPED_INPUTS_H
#define QUANT_ENGINE_CALIBRATION_GROUPED_INPUTS_H

#include "engine/calibration/calibrating.h"

struct quant_grouped_inputs {
    struct quant_calibrating *run;          /* its inputs can be read by position */
    const struct quant_grouping *groupings; /* of each input of the run */
    uint64_t count;                         /* groups, in each input */
    size_t first;                           /* inputs first..last-1 have the elements, */
    size_t last;                            /* which count as one sequence for each group */
    double (*ranges)[2];                    /* of each group: set if it has a finite element */
};

/* QUANT_IO unless the i-th input, which is opened again, has as many elements as its grouping. */
enum quant_status quant_grouped_inputs_check(const struct quant_grouped_inputs *grouped,
                                             const struct quant_scan *scan, size_t i,
                                             struct quant_error *error);

#endif
