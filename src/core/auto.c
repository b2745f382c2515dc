/* SPDX-License-Identifier: MIT */
/*
 * The method that leaves the range to the others: every one of them finds its own, by its own
 * argument, and the one whose mapping loses least is taken, the first in the table of equals. It
 * never comes to a calibrator. On files the engine does the same, measuring all of them in one
 * pass.
 */
#include <stdlib.h>

#include "base/error.h"
#include "core/calibration.h"

const struct quant_calibration quant_calibration_auto = {
    .name = "auto",
    .summary = "the best of these by mse, for the scheme that is given",
};

size_t quant_calibration_candidates(const struct quant_spec *spec,
                                    struct quant_spec candidates[QUANT_CALIBRATION_MOST])
{
    size_t n = 0;
    for (size_t i = 0; quant_calibration_name(i); i++) {
        candidates[n] = *spec;
        candidates[n].calibration = quant_calibration_name(i);
        candidates[n].has_calibration_argument = false;
        if (!quant_calibration_is_auto(&candidates[n]) &&
            quant_spec_check(&candidates[n], NULL) == QUANT_OK)
            n++;
    }
    return n;
}

bool quant_calibration_is_auto(const struct quant_spec *spec)
{
    return quant_calibration_from_name(spec->calibration) == &quant_calibration_auto;
}

/* ---- In memory ---- */

struct trial {
    struct quant_measure measure;
    uint16_t q[QUANT_MEASURE_BLOCK]; /* room for the widest integers */
};

static double measure_mse(struct trial *trial, const struct quant_params *params, const float *x,
                          size_t n)
{
    quant_measure_init(&trial->measure, params);
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK;
        quant_quantize(params, x + i, size, trial->q);
        quant_measure_add(&trial->measure, x + i, trial->q, size);
    }
    struct quant_report report;
    quant_measure_report(&trial->measure, QUANT_FLOAT32, &report);
    return report.mse;
}

enum quant_status quant_calibrate_auto(const struct quant_spec *spec, const float *x, size_t n,
                                       struct quant_choice *choice, struct quant_error *error)
{
    struct quant_spec candidates[QUANT_CALIBRATION_MOST];
    const size_t ncandidates = quant_calibration_candidates(spec, candidates);
    struct trial *trial = malloc(sizeof *trial);
    if (!trial)
        return quant_error_no_memory(error, sizeof *trial, "calibration");
    enum quant_status status = QUANT_OK;
    double least = 0;
    for (size_t i = 0; status == QUANT_OK && i < ncandidates; i++) {
        struct quant_choice found;
        status = quant_calibrate(&candidates[i], x, n, &found, error);
        if (status != QUANT_OK)
            break;
        const double mse = measure_mse(trial, &found.params, x, n);
        if (i > 0 && !(mse < least))
            continue;
        least = mse;
        *choice = found;
    }
    free(trial);
    return status;
}
