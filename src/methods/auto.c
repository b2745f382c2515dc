/* SPDX-License-Identifier: MIT */
/*
 * The method that leaves the range to the others: every one of them finds its own, by its own
 * argument, and the one whose mapping loses least is taken, the first in the table of equals. It
 * never comes to a calibrator. On files the engine does the same, measuring all of them in one
 * pass.
 */
#include <stdlib.h>

#include "base/error.h"
#include "methods/calibration_buffers.h"

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

unsigned quant_calibration_passes(const struct quant_spec *spec)
{
    if (!quant_calibration_is_auto(spec))
        return quant_calibration_from_name(spec->calibration)->passes;
    struct quant_spec candidates[QUANT_CALIBRATION_MOST];
    const size_t n = quant_calibration_candidates(spec, candidates);
    unsigned passes = 1;
    for (size_t i = 0; i < n; i++)
        passes += quant_calibration_from_name(candidates[i].calibration)->passes;
    return passes;
}

/* ---- In memory ---- */

struct quant_trial {
    struct quant_measure measure;
    uint16_t q[QUANT_MEASURE_BLOCK]; /* room for the widest integers */
};

static double measure_mse(struct quant_trial *trial, const struct quant_params *params,
                          const float *x, size_t n)
{
    quant_measure_init(&trial->measure, params);
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK;
        quant_quantize(params, x + i, size, trial->q);
        quant_measure_add(&trial->measure, x + i, trial->q, size);
    }
    struct quant_report report;
    quant_measure_report(&trial->measure, QUANT_FLOAT32, 1, &report);
    return report.mse;
}

enum quant_status quant_calibrate_auto(struct quant_calibration_bench *bench,
                                       const struct quant_spec *spec, const float *x, size_t n,
                                       struct quant_choice *choice, struct quant_error *error)
{
    struct quant_spec candidates[QUANT_CALIBRATION_MOST];
    const size_t ncandidates = quant_calibration_candidates(spec, candidates);
    if (!bench->trial)
        bench->trial = malloc(sizeof *bench->trial);
    if (!bench->trial)
        return quant_error_no_memory(error, sizeof *bench->trial, "calibration");
    double least = 0;
    for (size_t i = 0; i < ncandidates; i++) {
        struct quant_choice found;
        const enum quant_status status =
            quant_calibrate_on(bench, &candidates[i], x, n, &found, error);
        if (status != QUANT_OK)
            return status;
        const double mse = measure_mse(bench->trial, &found.params, x, n);
        if (i > 0 && !(mse < least))
            continue;
        least = mse;
        *choice = found;
    }
    return QUANT_OK;
}
