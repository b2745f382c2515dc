/* SPDX-License-Identifier: MIT */
/*
 * Running a calibration method over elements that come in parts, on several workers:
 *
 *     new; until done: every part once through take, on any worker, and then in the order of the
 *     parts through join; behind each input's last part, end_input; end_pass; ...; free.
 *
 * Inputs are tensors that count as one sequence of elements, in order; often there is one. Each
 * begins a block of its own, so that its sums are its own, and then inputs' sums are added up in
 * order: they can be found in different places. Where that is done, a pass ends by gather instead
 * of end_pass, and what the places found, put together, goes on by advance.
 *
 * Memory does not depend on the number of elements.
 */
#ifndef QUANT_METHODS_CALIBRATOR_H
#define QUANT_METHODS_CALIBRATOR_H

#include "core/measure.h"
#include "methods/method.h"

enum { QUANT_TALLY_MAXIMA = 4 };

/* What one worker has seen of a pass. */
struct quant_tally {
    uint64_t *counts;                    /* of all its parts */
    uint32_t maxima[QUANT_TALLY_MAXIMA]; /* of all its parts, 0 at first */
    double *sums;                        /* of the part in hand: a row of nsums for each block */
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
    size_t nsums;     /* set by begin to the most there will be; next may lower and raise it */
    unsigned passes;  /* finished */
    uint64_t *counts; /* what the pass that is finished found */
    uint32_t maxima[QUANT_TALLY_MAXIMA];
    double *sums; /* over inputs */

    /* For the calibrator itself. */
    double *carries;
    double *input_sums; /* of the input in hand */
    double *input_carries;
    struct quant_tally *tallies; /* their counts are zeros between passes */
    size_t nworkers;             /* what there is memory for: workers, */
    size_t counts_room;          /* and ncounts and nsums at most */
    size_t sums_room;
};

/* For elements of which at least one is finite, as observed says, and a plan that has a method:
 * auto makes one for each of its candidates. NULL: no memory; *error is set. It may be done at
 * once. nworkers may be 0 if no part will be taken. */
struct quant_calibrator *quant_calibrator_new(const struct quant_plan *plan,
                                              const struct quant_observed *observed,
                                              size_t nworkers, struct quant_error *error);

/* The same in steps, to use a calibrator again and again for plans of one method: make, then, for
 * each tensor, observe; if that has not settled its range, begin, and the passes. */
struct quant_calibrator *quant_calibrator_make(const struct quant_calibration *method,
                                               struct quant_error *error);
void quant_calibrator_observe(struct quant_calibrator *calibrator, const struct quant_plan *plan,
                              const struct quant_observed *observed);
enum quant_status quant_calibrator_begin(struct quant_calibrator *calibrator, size_t nworkers,
                                         struct quant_error *error);

/* Looks at a part of at most QUANT_PART_MAX elements; all but an input's last are multiples of
 * QUANT_MEASURE_BLOCK. Workers may do so side by side. */
void quant_calibrator_take(struct quant_calibrator *calibrator, size_t worker, const float *x,
                           size_t n);

/* Adds the sums of the part that the worker took last. */
void quant_calibrator_join(struct quant_calibrator *calibrator, size_t worker);

/* totals, nsums of them, become the input's sums; NULL where nobody asks. */
void quant_calibrator_end_input(struct quant_calibrator *calibrator, double *totals);

/* gather and advance. */
void quant_calibrator_end_pass(struct quant_calibrator *calibrator);

/* Sets counts, maxima and sums to what the pass found. */
void quant_calibrator_gather(struct quant_calibrator *calibrator);

/* Whether a pass can have found what counts, maxima and sums say, where others set them. It is no
 * more than a check of totals: what passes it may lead to any range, but to nothing worse. */
bool quant_calibrator_adds_up(const struct quant_calibrator *calibrator);

/* Ends a pass that found what counts, maxima and sums say. */
void quant_calibrator_advance(struct quant_calibrator *calibrator);

/* How many passes are expected after the one that is about to begin. A method that has made more
 * than it makes as a rule is expected to make another. */
unsigned quant_calibrator_passes_left(const struct quant_calibrator *calibrator);

/* Accepts NULL. */
void quant_calibrator_free(struct quant_calibrator *calibrator);

/* For methods: the range is [lo, hi]. Where that is no range, the observed one is taken: it says
 * more of elements that differ than a single point of them. */
void quant_calibrator_settle(struct quant_calibrator *calibrator, double lo, double hi);

/* For methods: the same for [-a, a], or what of it was observed where the scheme is not symmetric.
 */
void quant_calibrator_settle_around_zero(struct quant_calibrator *calibrator, double a);

/* For methods: the sum of n counts. */
uint64_t quant_calibrator_total(const uint64_t *counts, size_t n);

/* For methods: whether the finite elements, each by its bin of keys.h, are all in counts. */
bool quant_calibrator_has_all(const struct quant_calibrator *calibrator);

/* The largest finite magnitude. */
double quant_calibrator_absmax(const struct quant_calibrator *calibrator);

#endif
