/* SPDX-License-Identifier: MIT */
/* The range as it was seen, which needs no pass of its own. */
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
