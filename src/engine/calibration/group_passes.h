/* SPDX-License-Identifier: MIT */
/* Ranges of groups that are too long for the memory: each gets passes of its own over all inputs,
 * by a method other than minmax. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUP_PASSES_H
#define QUANT_ENGINE_CALIBRATION_GROUP_PASSES_H

#include "engine/calibration/grouped_inputs.h"

enum quant_status quant_group_passes_find(const struct quant_grouped_inputs *grouped);

#endif
