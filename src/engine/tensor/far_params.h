/* SPDX-License-Identifier: MIT */
/* The parameters of groups that are far apart or long, all of them found before any is used. */
#ifndef QUANT_ENGINE_TENSOR_FAR_PARAMS_H
#define QUANT_ENGINE_TENSOR_FAR_PARAMS_H

#include "engine/tensor/scan.h"
#include "methods/group_calibration.h"

struct quant_far_params {
    enum quant_nonfinite nonfinite;
    const struct quant_cancel *cancel; /* checked from group to group, which may take long */
    const struct quant_grouping *grouping;
    struct quant_group_calibration calibration;
    struct quant_group_params all; /* room for all groups */
    struct quant_group_notes notes;
};

/* Fills in all and notes, and adds to observed. */
enum quant_status quant_far_params_find(struct quant_far_params *far, const struct quant_scan *scan,
                                        struct quant_observed *observed, struct quant_error *error);

#endif
