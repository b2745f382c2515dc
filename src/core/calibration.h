/* SPDX-License-Identifier: MIT */
/*
 * Calibration methods: from what was observed of the elements to the clipping range.
 *
 * To add a method: one file here that ends in one `const struct quant_calibration`, declared below,
 * and a row in calibration.c. --calibrate, its help and the tests iterate the table.
 */
#ifndef QUANT_CORE_CALIBRATION_H
#define QUANT_CORE_CALIBRATION_H

#include <quant/quant.h>

struct quant_calibration {
    const char *name;
    const char *summary;
    /* The range [lo, hi] of at least one finite element. */
    void (*range)(const struct quant_observed *observed, double *lo, double *hi);
};

/* The method of that name, NULL standing for the default; NULL where there is none. */
const struct quant_calibration *quant_calibration_from_name(const char *name);

#endif
