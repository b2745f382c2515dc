/* SPDX-License-Identifier: MIT */
/* Calibration of what is in memory: few elements by a method's own way for them, others in passes
 * like those over a file. */
#include "methods/calibration_buffers.h"

#include <stdlib.h>
#include <string.h>

#include "methods/calibrator.h"
#include "methods/range_params.h"

void quant_calibration_bench_release(struct quant_calibration_bench *bench)
{
    for (size_t i = 0; i < QUANT_CALIBRATION_MOST; i++)
        quant_calibrator_free(bench->calibrators[i]);
    free(bench->trial);
    *bench = (struct quant_calibration_bench){.trial = NULL};
}

static struct quant_calibrator *find_calibrator(struct quant_calibration_bench *bench,
                                                const struct quant_spec *spec,
                                                struct quant_error *error)
{
    size_t i = 0;
    while (spec->calibration && strcmp(quant_calibration_name(i), spec->calibration) != 0)
        i++;
    if (!bench->calibrators[i])
        bench->calibrators[i] = quant_calibrator_make(spec, error);
    return bench->calibrators[i];
}

static void run_pass(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += QUANT_PART_MOST) {
        quant_calibrator_take(calibrator, 0, x + i,
                              n - i < QUANT_PART_MOST ? n - i : QUANT_PART_MOST);
        quant_calibrator_join(calibrator, 0);
    }
    quant_calibrator_end_input(calibrator, NULL);
    quant_calibrator_end_pass(calibrator);
}

static enum quant_status find_range(struct quant_calibrator *calibrator, const float *x, size_t n,
                                    struct quant_error *error)
{
    if (calibrator->done)
        return QUANT_OK;
    if (calibrator->method->few && n <= QUANT_CALIBRATION_FEW) {
        calibrator->method->few(calibrator, x, n);
        return QUANT_OK;
    }
    const enum quant_status status = quant_calibrator_begin(calibrator, 1, error);
    while (status == QUANT_OK && !calibrator->done)
        run_pass(calibrator, x, n);
    return status;
}

enum quant_status quant_calibrate_on(struct quant_calibration_bench *bench,
                                     const struct quant_spec *spec, const float *x, size_t n,
                                     struct quant_choice *choice, struct quant_error *error)
{
    enum quant_status status = quant_spec_check(spec, error);
    if (status != QUANT_OK)
        return status;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    const bool refuses = observed.nonfinite > 0 && spec->nonfinite == QUANT_NONFINITE_ERROR;
    if (refuses || observed.count == observed.nonfinite || !quant_spec_needs_range(spec))
        return quant_choose_range(spec, &observed, NULL, choice, error);
    if (quant_calibration_is_auto(spec))
        return quant_calibrate_auto(bench, spec, x, n, choice, error);
    struct quant_calibrator *calibrator = find_calibrator(bench, spec, error);
    if (!calibrator)
        return QUANT_NO_MEMORY;
    quant_calibrator_observe(calibrator, spec, &observed);
    status = find_range(calibrator, x, n, error);
    if (status == QUANT_OK)
        status = quant_choose_range(spec, &observed, calibrator->range, choice, error);
    return status;
}

enum quant_status quant_calibrate(const struct quant_spec *spec, const float *x, size_t n,
                                  struct quant_choice *choice, struct quant_error *error)
{
    struct quant_calibration_bench bench = {.trial = NULL};
    const enum quant_status status = quant_calibrate_on(&bench, spec, x, n, choice, error);
    quant_calibration_bench_release(&bench);
    return status;
}
