/* SPDX-License-Identifier: MIT */
/* What all calibration methods share: the memory, the passes, and the order of additions. */
#include "methods/calibrator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sum_order.h"
#include "core/sums.h"
#include "methods/float_keys.h"

/* calloc(0, 1) may return NULL. */
static void *make(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

static bool make_tally(struct quant_tally *tally, size_t ncounts, size_t nsums)
{
    tally->counts = make(ncounts, sizeof *tally->counts);
    tally->sums = make(nsums * QUANT_PART_BLOCKS, sizeof *tally->sums);
    return tally->counts && tally->sums;
}

static void clear_room(struct quant_calibrator *calibrator)
{
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
    calibrator->tallies = NULL;
    calibrator->input_carries = NULL;
    calibrator->input_sums = NULL;
    calibrator->carries = NULL;
    calibrator->sums = NULL;
    calibrator->counts = NULL;
    calibrator->nworkers = calibrator->counts_room = calibrator->sums_room = 0;
}

static bool make_room(struct quant_calibrator *calibrator, size_t nworkers)
{
    const size_t ncounts = calibrator->ncounts;
    const size_t nsums = calibrator->nsums;
    clear_room(calibrator);
    calibrator->counts = make(ncounts, sizeof *calibrator->counts);
    calibrator->sums = make(nsums, sizeof *calibrator->sums);
    calibrator->carries = make(nsums, sizeof *calibrator->carries);
    calibrator->input_sums = make(nsums, sizeof *calibrator->input_sums);
    calibrator->input_carries = make(nsums, sizeof *calibrator->input_carries);
    calibrator->tallies = make(nworkers, sizeof *calibrator->tallies);
    bool ok = calibrator->counts && calibrator->sums && calibrator->carries &&
              calibrator->input_sums && calibrator->input_carries && calibrator->tallies;
    for (size_t i = 0; ok && i < nworkers; i++) {
        calibrator->nworkers++;
        ok = make_tally(&calibrator->tallies[i], ncounts, nsums);
    }
    if (ok) {
        calibrator->counts_room = ncounts;
        calibrator->sums_room = nsums;
    }
    return ok;
}

static enum quant_status no_memory(struct quant_error *error)
{
    return quant_error_no_memory(error, 1 << 20, "calibration");
}

struct quant_calibrator *quant_calibrator_make(const struct quant_calibration *method,
                                               struct quant_error *error)
{
    struct quant_calibrator *calibrator = calloc(1, sizeof *calibrator);
    if (calibrator && (calibrator->state = make(method->state_bytes, 1))) {
        calibrator->method = method;
        return calibrator;
    }
    quant_calibrator_free(calibrator);
    no_memory(error);
    return NULL;
}

void quant_calibrator_observe(struct quant_calibrator *calibrator, const struct quant_plan *plan,
                              const struct quant_observed *observed)
{
    calibrator->target = plan->target;
    calibrator->argument = plan->argument;
    calibrator->observed = *observed;
    calibrator->nfinite = observed->count - observed->nonfinite;
    calibrator->done = false;
    calibrator->passes = 0;
    calibrator->ncounts = calibrator->nsums = 0;
    if (observed->min == observed->max)
        quant_calibration_minmax.begin(calibrator);
}

/* The last pass over other elements left all counts and sums at 0. */
enum quant_status quant_calibrator_begin(struct quant_calibrator *calibrator, size_t nworkers,
                                         struct quant_error *error)
{
    calibrator->method->begin(calibrator);
    const bool has_room = calibrator->nworkers == nworkers &&
                          calibrator->counts_room >= calibrator->ncounts &&
                          calibrator->sums_room >= calibrator->nsums;
    if (calibrator->done || has_room || make_room(calibrator, nworkers))
        return QUANT_OK;
    return no_memory(error);
}

struct quant_calibrator *quant_calibrator_new(const struct quant_plan *plan,
                                              const struct quant_observed *observed,
                                              size_t nworkers, struct quant_error *error)
{
    struct quant_calibrator *calibrator = quant_calibrator_make(plan->method, error);
    if (!calibrator)
        return NULL;
    quant_calibrator_observe(calibrator, plan, observed);
    if (calibrator->done || quant_calibrator_begin(calibrator, nworkers, error) == QUANT_OK)
        return calibrator;
    quant_calibrator_free(calibrator);
    return NULL;
}

unsigned quant_calibrator_passes_left(const struct quant_calibrator *calibrator)
{
    const unsigned usual = calibrator->method->passes;
    if (calibrator->passes < usual)
        return usual - calibrator->passes - 1;
    return 1;
}

void quant_calibrator_free(struct quant_calibrator *calibrator)
{
    if (!calibrator)
        return;
    clear_room(calibrator);
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

/* Adding 0 turns -0 into 0: a sidecar must not depend on which of the two came first. */
void quant_calibrator_settle(struct quant_calibrator *calibrator, double lo, double hi)
{
    const bool is_range = lo < hi;
    calibrator->range[0] = (is_range ? lo : (double)calibrator->observed.min) + 0.0;
    calibrator->range[1] = (is_range ? hi : (double)calibrator->observed.max) + 0.0;
    calibrator->done = true;
}

void quant_calibrator_settle_around_zero(struct quant_calibrator *calibrator, double a)
{
    if (calibrator->target.scheme == QUANT_ABSMAX)
        quant_calibrator_settle(calibrator, -a, a);
    else
        quant_calibrator_settle(calibrator, fmax(-a, (double)calibrator->observed.min),
                                fmin(a, (double)calibrator->observed.max));
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
    return fmax(fabs((double)calibrator->observed.min), fabs((double)calibrator->observed.max));
}
