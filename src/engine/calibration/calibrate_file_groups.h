/* SPDX-License-Identifier: MIT */
/* A range for each group, from many files whose tensors have the same groups. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATE_FILE_GROUPS_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATE_FILE_GROUPS_H

#include "engine/calibration/calibrating.h"

/* Observes all inputs, finds the ranges, and sets run->file.groups, run->observed and run->counts.
 * The job has groups, and is not a part. */
enum quant_status quant_calibrating_groups(struct quant_calibrating *run);

/* The part of the result that is about groups. */
void quant_calibrating_groups_report(const struct quant_calibration_groups *groups,
                                     struct quant_calibrate_result *result);

#endif
