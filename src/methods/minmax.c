/* SPDX-License-Identifier: MIT */
/* The observed range, which takes no further pass. */
#include "methods/calibrator.h"

static void begin(struct quant_calibrator *calibrator)
{
    quant_calibrator_settle(calibrator, (double)calibrator->observed.least,
                            (double)calibrator->observed.greatest);
}

const struct quant_calibration quant_calibration_minmax = {
    .name = "minmax",
    .summary = "from the smallest to the largest finite element",
    .begin = begin,
};
