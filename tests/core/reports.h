/* SPDX-License-Identifier: MIT */
/* Elements, their integers and their report, in one step. */
#ifndef QUANT_TESTS_CORE_REPORTS_H
#define QUANT_TESTS_CORE_REPORTS_H

#include <math.h>
#include <quant/quant.h>
#include <stdlib.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "core/measure.h"

/* There is no padding: reports are compared as bytes, with NaNs. */
_Static_assert(sizeof(struct quant_report) == 216, "struct quant_report has new fields");

static inline struct quant_report report_on(const struct quant_params *params, const float *x,
                                            const void *q, size_t n)
{
    struct quant_measure *measure = malloc(sizeof *measure);
    struct quant_report report;
    assert_non_null(measure);
    memset(&report, 0x5A, sizeof report);
    quant_measure_init(measure, params);
    quant_measure_add(measure, x, q, n);
    quant_measure_report(measure, QUANT_FLOAT32, 1, &report);
    free(measure);
    return report;
}

/* The report of the integers that quantizing gives. n is at most 20000. */
static inline struct quant_report report_of(const struct quant_params *params, const float *x,
                                            size_t n)
{
    static _Alignas(uint16_t) unsigned char q[20000];
    assert_true(n <= sizeof q);
    quant_quantize(params, x, n, q);
    return report_on(params, x, q, n);
}

static inline struct quant_params unit_params(void)
{
    return (struct quant_params){.dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 1};
}

/* Mostly elements inside the target range, and some of every other kind. Huge ones are left out:
 * they would hide the rest in sums. */
static inline void random_data(struct random *random, const struct quant_params *params, float *x,
                               size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = random_element(random, params->scale, params->zero_point);
        if (isfinite(x[i]) && fabsf(x[i]) > 1000 * params->scale)
            x[i] = params->scale;
    }
}

#endif
