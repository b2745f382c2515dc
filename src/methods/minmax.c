/* SPDX-License-Identifier: MIT */
/* The observed range, which takes no further pass. */
#include "methods/calibrator.h"

static void begin(struct quant_calibrator *calibrator)
{
    quant_calibrator_settle(calibrator, (double)calibrator->observed.min,
                            (double)calibrator->observed.max);
}

const struct quant_calibration quant_calibration_minmax = {
    .name = "minmax",
    .summary = "from the smallest to the largest finite element",
    .begin = begin,
};
