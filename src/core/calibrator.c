/* SPDX-License-Identifier: MIT */
/* What all calibration methods share: the memory, the passes, and the order of additions. */
#include "core/calibrator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/keys.h"
#include "core/params.h"
#include "core/sums.h"

/* calloc(0, 1) may give NULL. */
static void *make(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

static bool make_tally(struct quant_tally *tally, const struct quant_calibrator *calibrator)
{
    tally->counts = make(calibrator->ncounts, sizeof *tally->counts);
    tally->sums = make(calibrator->nsums * QUANT_PART_BLOCKS, sizeof *tally->sums);
    return tally->counts && tally->sums;
}

static bool make_all(struct quant_calibrator *calibrator, size_t nworkers)
{
    calibrator->counts = make(calibrator->ncounts, sizeof *calibrator->counts);
    calibrator->sums = make(calibrator->nsums, sizeof *calibrator->sums);
    calibrator->carries = make(calibrator->nsums, sizeof *calibrator->carries);
    calibrator->input_sums = make(calibrator->nsums, sizeof *calibrator->input_sums);
    calibrator->input_carries = make(calibrator->nsums, sizeof *calibrator->input_carries);
    calibrator->tallies = make(nworkers, sizeof *calibrator->tallies);
    bool ok = calibrator->counts && calibrator->sums && calibrator->carries &&
              calibrator->input_sums && calibrator->input_carries && calibrator->tallies;
    for (size_t i = 0; ok && i < nworkers; i++) {
        calibrator->nworkers++;
        ok = make_tally(&calibrator->tallies[i], calibrator);
    }
    return ok;
}

struct quant_calibrator *quant_calibrator_new(const struct quant_spec *spec,
                                              const struct quant_observed *observed,
                                              size_t nworkers, struct quant_error *error)
{
    const struct quant_calibration *method = quant_calibration_from_name(spec->calibration);
    if (!method->begin) {
        quant_error_set(error, QUANT_INVALID, "calibration '%s' is not a method by itself",
                        method->name);
        return NULL;
    }
    struct quant_calibrator *calibrator = calloc(1, sizeof *calibrator);
    bool ok = calibrator && (calibrator->state = make(method->state_bytes, 1));
    if (ok) {
        calibrator->method = method;
        calibrator->spec = *spec;
        calibrator->argument = quant_calibration_argument_of(spec);
        calibrator->observed = *observed;
        calibrator->nfinite = observed->count - observed->nonfinite;
        if (observed->least == observed->greatest)
            quant_calibration_minmax.begin(calibrator);
        else
            method->begin(calibrator);
        ok = calibrator->done || make_all(calibrator, nworkers);
    }
    if (ok)
        return calibrator;
    quant_calibrator_free(calibrator);
    quant_error_no_memory(error, 1 << 20, "calibration");
    return NULL;
}

void quant_calibrator_free(struct quant_calibrator *calibrator)
{
    if (!calibrator)
        return;
    for (size_t i = 0; i < calibrator->nworkers; i++) {
        free(calibrator->tallies[i].counts);
        free(calibrator->tallies[i].sums);
    }
    free(calibrator->tallies);
    free(calibrator->input_carries);
    free(calibrator->input_sums);
    free(calibrator->carries);
    free(calibrator->sums);
    free(calibrator->counts);
    free(calibrator->state);
    free(calibrator);
}

void quant_calibrator_take(struct quant_calibrator *calibrator, size_t worker, const float *x,
                           size_t n)
{
    struct quant_tally *tally = &calibrator->tallies[worker];
    tally->nblocks = 0;
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK;
        double *sums = tally->sums + tally->nblocks++ * calibrator->nsums;
        calibrator->method->block(calibrator, x + i, size, tally, sums);
    }
}

void quant_calibrator_join(struct quant_calibrator *calibrator, size_t worker)
{
    const struct quant_tally *tally = &calibrator->tallies[worker];
    for (size_t block = 0; block < tally->nblocks; block++)
        for (size_t i = 0; i < calibrator->nsums; i++)
            quant_sum_add(&calibrator->input_sums[i], &calibrator->input_carries[i],
                          tally->sums[block * calibrator->nsums + i]);
}

void quant_calibrator_end_input(struct quant_calibrator *calibrator, double *totals)
{
    for (size_t i = 0; i < calibrator->nsums; i++) {
        const double total =
            quant_sum_total(calibrator->input_sums[i], calibrator->input_carries[i]);
        calibrator->input_sums[i] = calibrator->input_carries[i] = 0;
        quant_sum_add(&calibrator->sums[i], &calibrator->carries[i], total);
        if (totals)
            totals[i] = total;
    }
}

void quant_calibrator_gather(struct quant_calibrator *calibrator)
{
    memset(calibrator->counts, 0, calibrator->ncounts * sizeof *calibrator->counts);
    memset(calibrator->maxima, 0, sizeof calibrator->maxima);
    for (size_t worker = 0; worker < calibrator->nworkers; worker++) {
        struct quant_tally *tally = &calibrator->tallies[worker];
        for (size_t i = 0; i < calibrator->ncounts; i++)
            calibrator->counts[i] += tally->counts[i];
        for (size_t i = 0; i < QUANT_TALLY_MAXIMA; i++)
            if (tally->maxima[i] > calibrator->maxima[i])
                calibrator->maxima[i] = tally->maxima[i];
        memset(tally->counts, 0, calibrator->ncounts * sizeof *tally->counts);
        memset(tally->maxima, 0, sizeof tally->maxima);
    }
    for (size_t i = 0; i < calibrator->nsums; i++)
        calibrator->sums[i] = quant_sum_total(calibrator->sums[i], calibrator->carries[i]);
}

void quant_calibrator_end_pass(struct quant_calibrator *calibrator)
{
    quant_calibrator_gather(calibrator);
    quant_calibrator_advance(calibrator);
}

bool quant_calibrator_adds_up(const struct quant_calibrator *calibrator)
{
    for (size_t i = 0; i < calibrator->nsums; i++)
        if (!isfinite(calibrator->sums[i]))
            return false;
    return calibrator->method->adds_up(calibrator);
}

void quant_calibrator_advance(struct quant_calibrator *calibrator)
{
    const size_t nsums = calibrator->nsums;
    calibrator->passes++;
    calibrator->method->next(calibrator);
    memset(calibrator->sums, 0, nsums * sizeof *calibrator->sums);
    memset(calibrator->carries, 0, nsums * sizeof *calibrator->carries);
}

/* Adding 0 turns -0 into 0, so that a sidecar does not depend on which of the two came first. */
void quant_calibrator_settle(struct quant_calibrator *calibrator, double lo, double hi)
{
    const bool is_range = lo < hi;
    calibrator->range[0] = (is_range ? lo : (double)calibrator->observed.least) + 0.0;
    calibrator->range[1] = (is_range ? hi : (double)calibrator->observed.greatest) + 0.0;
    calibrator->done = true;
}

void quant_calibrator_settle_around_zero(struct quant_calibrator *calibrator, double a)
{
    if (calibrator->spec.scheme == QUANT_ABSMAX)
        quant_calibrator_settle(calibrator, -a, a);
    else
        quant_calibrator_settle(calibrator, fmax(-a, (double)calibrator->observed.least),
                                fmin(a, (double)calibrator->observed.greatest));
}

uint64_t quant_calibrator_total(const uint64_t *counts, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += counts[i];
    return total;
}

bool quant_calibrator_has_all(const struct quant_calibrator *calibrator)
{
    return quant_calibrator_total(calibrator->counts + QUANT_KEY_FIRST,
                                  QUANT_KEY_LAST - QUANT_KEY_FIRST + 1) == calibrator->nfinite;
}

double quant_calibrator_absmax(const struct quant_calibrator *calibrator)
{
    return fmax(fabs((double)calibrator->observed.least),
                fabs((double)calibrator->observed.greatest));
}

/* ---- In memory ---- */

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

enum quant_status quant_calibrate(const struct quant_spec *spec, const float *x, size_t n,
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
        return quant_calibrate_auto(spec, x, n, choice, error);
    struct quant_calibrator *calibrator = quant_calibrator_new(spec, &observed, 1, error);
    if (!calibrator)
        return QUANT_NO_MEMORY;
    while (!calibrator->done)
        run_pass(calibrator, x, n);
    status = quant_choose_range(spec, &observed, calibrator->range, choice, error);
    quant_calibrator_free(calibrator);
    return status;
}
