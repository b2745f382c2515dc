/* SPDX-License-Identifier: MIT */
/*
 * Runs a calibration method over elements that come in parts, on several workers:
 *
 *     new
 *     until done:
 *         take each part once, on any worker; then join it, in the order of the parts
 *         end_input after the last part of each input
 *         end_pass
 *     free
 *
 * Inputs are tensors whose elements count as one sequence, in order; often there is one. Each input
 * begins a new block and has sums of its own, which are then added up in order. So inputs can be
 * counted on different machines: there a pass ends with gather instead of end_pass, and once the
 * results of all machines are combined, advance goes on with them.
 *
 * Memory does not depend on the number of elements.
 */
#ifndef QUANT_METHODS_CALIBRATOR_H
#define QUANT_METHODS_CALIBRATOR_H

#include "core/measure.h"
#include "methods/method.h"

enum { QUANT_TALLY_MAXIMA = 4 };

/* What one worker has counted in a pass. */
struct quant_tally {
    uint64_t *counts;                    /* over all its parts */
    uint32_t maxima[QUANT_TALLY_MAXIMA]; /* over all its parts, 0 at first */
    double *sums;                        /* of the current part: nsums for each block */
    size_t nblocks;
};

struct quant_calibrator {
    const struct quant_calibration *method;
    struct quant_target target;
    double argument;
    struct quant_observed observed;
    uint64_t nfinite;

    bool done;
    double range[2]; /* once done */

    /* For the methods. */
    void *state;
    size_t ncounts;   /* set by begin */
    size_t nsums;     /* set by begin to the maximum; next may change it up to that */
    unsigned passes;  /* finished */
    uint64_t *counts; /* found by the last pass that was finished */
    uint32_t maxima[QUANT_TALLY_MAXIMA];
    double *sums; /* of all inputs */

    /* For the calibrator itself. */
    double *carries;
    double *input_sums; /* of the current input */
    double *input_carries;
    struct quant_tally *tallies; /* nworkers of them; their counts are 0 between passes */
    size_t nworkers;             /* memory is allocated for this many workers, */
    size_t counts_room;          /* counts */
    size_t sums_room;            /* and sums */
};

/* The elements, of which at least one is finite, have been observed. The plan finds its range by a
 * method: for auto there is one calibrator for each candidate. The calibrator may be done at once.
 * nworkers may be 0 if no part will be taken. Returns NULL if there is no memory; then *error is
 * set. */
struct quant_calibrator *quant_calibrator_new(const struct quant_plan *plan,
                                              const struct quant_observed *observed,
                                              size_t nworkers, struct quant_error *error);

/* The same in steps, to use a calibrator for many tensors, with plans of one method: make it once.
 * For each tensor, observe; if it is not done then, begin, and run the passes. */
struct quant_calibrator *quant_calibrator_make(const struct quant_calibration *method,
                                               struct quant_error *error);
void quant_calibrator_observe(struct quant_calibrator *calibrator, const struct quant_plan *plan,
                              const struct quant_observed *observed);
enum quant_status quant_calibrator_begin(struct quant_calibrator *calibrator, size_t nworkers,
                                         struct quant_error *error);

/* Counts a part of at most QUANT_PART_MAX elements. The length of every part but an input's last is
 * a multiple of QUANT_MEASURE_BLOCK. Workers may take parts at the same time. */
void quant_calibrator_take(struct quant_calibrator *calibrator, size_t worker, const float *x,
                           size_t n);

/* Adds the sums of the part that the worker took last. */
void quant_calibrator_join(struct quant_calibrator *calibrator, size_t worker);

/* Copies the nsums sums of the input to totals, which may be NULL. */
void quant_calibrator_end_input(struct quant_calibrator *calibrator, double *totals);

/* As gather and advance. */
void quant_calibrator_end_pass(struct quant_calibrator *calibrator);

/* Sets counts, maxima and sums to the result of the pass. */
void quant_calibrator_gather(struct quant_calibrator *calibrator);

/* Whether counts, maxima and sums, which others have set, can be the result of a pass. Only totals
 * are checked: wrong numbers that pass can lead to any range, but to nothing worse. */
bool quant_calibrator_adds_up(const struct quant_calibrator *calibrator);

/* Ends the pass whose result is in counts, maxima and sums. */
void quant_calibrator_advance(struct quant_calibrator *calibrator);

/* How many passes are expected after the one that is about to begin. A method that has already made
 * more than it usually does is expected to make one more. */
unsigned quant_calibrator_passes_left(const struct quant_calibrator *calibrator);

/* Accepts NULL. */
void quant_calibrator_free(struct quant_calibrator *calibrator);

/* For methods: sets the range to [lo, hi] and is done. If lo < hi is false, the observed range is
 * taken: for elements that differ, it is better than a single point. */
void quant_calibrator_settle(struct quant_calibrator *calibrator, double lo, double hi);

/* For methods: the same with [-a, a]; if the scheme is not symmetric, with the part of it that was
 * observed. */
void quant_calibrator_settle_around_zero(struct quant_calibrator *calibrator, double a);

/* For methods: the sum of n counts. */
uint64_t quant_calibrator_total(const uint64_t *counts, size_t n);

/* For methods: whether counts has all finite elements, each in its bin of float_keys.h. */
bool quant_calibrator_has_all(const struct quant_calibrator *calibrator);

/* The largest finite magnitude. */
double quant_calibrator_absmax(const struct quant_calibrator *calibrator);

#endif
