/* SPDX-License-Identifier: MIT */
/*
 * Calibration methods: from the elements to the clipping range, in one pass over them or several.
 *
 * To add a method: one file here that ends in one `const struct quant_calibration`, declared below,
 * and a row in method.c. --calibrate, its help and the tests iterate the table.
 *
 * The passes of a method define its range. If counters outnumber the elements of a small tensor, a
 * method may look at those directly. It finds the same range by the same algorithm, which sees
 * counters and sorted elements through filled_bins.h.
 *
 * A method sees the elements block by block, on any thread and in any order; what it learns of them
 * are counts and maxima, which join in any order, and sums, which are joined in the order of
 * core/sums.h. So no range depends on threads, chunks or instruction sets. Between the passes it
 * decides, by next, what to look for in the following one, or that it has its range.
 */
#ifndef QUANT_METHODS_METHOD_H
#define QUANT_METHODS_METHOD_H

#include "core/plan.h"

struct quant_calibrator;
struct quant_tally;

/* A tensor in memory is small with at most so many elements. */
enum { QUANT_CALIBRATION_SMALL = 1 << 14 };

struct quant_calibration {
    const char *name;
    const char *summary;
    const char *argument; /* what the help calls its argument; NULL: it takes none */
    const char *expected; /* what an argument has to be, for the error */
    bool (*accepts)(double argument);
    double initial;     /* the argument where none is given */
    bool for_integers;  /* its model of rounding is that of evenly spaced levels */
    unsigned passes;    /* over many elements, as a rule: for progress. 0: it settles at once */
    size_t state_bytes; /* of calibrator->state: all zeros, or what other elements left there */

    /* Settles the range, or sets what the passes need at most: ncounts and nsums. It is only called
     * where two finite elements differ. */
    void (*begin)(struct quant_calibrator *calibrator);

    /* Looks at n elements, a block of QUANT_MEASURE_BLOCK or the last one, on any thread: adds to
     * tally->counts, raises tally->maxima, and sets sums[0..nsums). Elements that are not finite
     * count for nothing. */
    void (*block)(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums);

    /* After a pass: settles the range, or prepares the next one. The number of passes is bounded by
     * each method's own limit. */
    void (*next)(struct quant_calibrator *calibrator);

    /* Whether the pass in hand can have found what calibrator->counts, maxima and sums, which are
     * finite, say of all elements: they may come from a file. NULL: it finds nothing. */
    bool (*adds_up)(const struct quant_calibrator *calibrator);

    /* In place of all these: settles the range that they would settle, from n elements, at most
     * QUANT_CALIBRATION_SMALL. NULL: by passes. */
    void (*small)(struct quant_calibrator *calibrator, const float *x, size_t n);
};

extern const struct quant_calibration quant_calibration_minmax;
extern const struct quant_calibration quant_calibration_percentile;
extern const struct quant_calibration quant_calibration_mse;
extern const struct quant_calibration quant_calibration_entropy;
extern const struct quant_calibration quant_calibration_octav;
extern const struct quant_calibration quant_calibration_sigma;

/* There is room for every method of the table. */
enum { QUANT_CALIBRATION_MAX = 16 };

/* The i-th method, NULL past the last. The first, minmax, is the default. Unlike
 * quant_calibration_name, which lists it last, auto is none of them. */
const struct quant_calibration *quant_calibration_at(size_t i);

/* The method's place in the table. */
size_t quant_calibration_index(const struct quant_calibration *method);

/* The method of that name, NULL standing for the default; NULL if there is none, as for auto. */
const struct quant_calibration *quant_calibration_from_name(const char *name);

/* name may be NULL. */
bool quant_calibration_is_auto(const char *name);

/* Of a plan that finds its range: "auto" if it has no method. */
const char *quant_plan_method_name(const struct quant_plan *plan);

#endif
