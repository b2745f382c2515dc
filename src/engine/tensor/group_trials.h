/* SPDX-License-Identifier: MIT */
/* Measuring a quantization with a scale for each channel or block. */
#ifndef QUANT_ENGINE_TENSOR_GROUP_TRIALS_H
#define QUANT_ENGINE_TENSOR_GROUP_TRIALS_H

#include "core/plan.h"
#include "engine/tensor/scan.h"

struct quant_group_trial {
    const struct quant_plan *plan; /* with groups */
    const struct quant_cancel *cancel;
};

/* Fills in choice and report of a row as quantizing by the plan would: choice has what all groups
 * have in common. The reader of the scan is positional. Nothing is written. A pass has begun in the
 * progress of the scan. */
enum quant_status quant_group_trial_measure(const struct quant_group_trial *trial,
                                            const struct quant_scan *scan,
                                            struct quant_comparison *row,
                                            struct quant_error *error);

#endif
