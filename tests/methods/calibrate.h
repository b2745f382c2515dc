/* SPDX-License-Identifier: MIT */
/* Short forms of calibration, for tests. */
#ifndef QUANT_TESTS_METHODS_CALIBRATE_H
#define QUANT_TESTS_METHODS_CALIBRATE_H

#include <quant/quant.h>

#include "../support/unit.h"
#include "core/measure.h"

/* To int8, ignoring elements that are not finite. */
static inline struct quant_choice calibrate_with(const char *name, double argument,
                                                 enum quant_scheme scheme, const float *x, size_t n)
{
    const struct quant_spec spec = {
        .scheme = scheme,
        .nonfinite = QUANT_NONFINITE_SATURATE,
        .calibration = name,
        .has_calibration_argument = argument > 0,
        .calibration_argument = argument,
    };
    struct quant_choice choice;
    struct quant_error error;
    if (quant_calibrate(&spec, x, n, &choice, &error) != QUANT_OK)
        fail_msg("%s: %s", name, error.text);
    return choice;
}

/* The same with the default argument of the method. */
static inline struct quant_choice calibrate(const char *name, enum quant_scheme scheme,
                                            const float *x, size_t n)
{
    return calibrate_with(name, 0, scheme, x, n);
}

/* The squared error as the report has it. */
static inline double squared_error(const struct quant_params *params, const float *x, size_t n)
{
    static struct quant_measure measure;
    unsigned char q[4096];
    quant_measure_init(&measure, params);
    for (size_t i = 0; i < n; i += sizeof q) {
        const size_t size = n - i < sizeof q ? n - i : sizeof q;
        quant_quantize(params, x + i, size, q);
        quant_measure_add(&measure, x + i, q, size);
    }
    struct quant_report report;
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
    return report.sum_squared_error;
}

#endif
