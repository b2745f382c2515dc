/* SPDX-License-Identifier: MIT */
/* Ranges of groups that are small enough to be calibrated in memory. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUP_BATCHES_H
#define QUANT_ENGINE_CALIBRATION_GROUP_BATCHES_H

#include "engine/calibration/grouped_inputs.h"

/* Whether there is room for the elements that a group has in all inputs. */
bool quant_group_batches_fit(const struct quant_grouped_inputs *grouped);

/* By a method other than minmax, finds the ranges of as many groups at a time as there is room for.
 * Each batch goes over all inputs once. */
enum quant_status quant_group_batches_find(const struct quant_grouped_inputs *grouped);

#endif
