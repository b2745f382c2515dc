/* SPDX-License-Identifier: MIT */
/*
 * Calibration methods: they find the clipping range of the elements in one or more passes.
 *
 * To add a method: write one file here that ends in one `const struct quant_calibration`, declare
 * it below, and give it a row in method.c. --calibrate, its help and the tests iterate the table.
 *
 * A method sees the elements block by block, on any thread and in any order. A pass finds counts
 * and maxima, which can be combined in any order, and sums, which are added in the order of
 * core/sums.h. So no range depends on threads, chunks or instruction sets. After each pass the
 * method's next decides what to count in the following one, or settles the range.
 *
 * The passes of a method define its range. If counters outnumber the elements of a small tensor, a
 * method may look at the elements directly. It finds the same range by the same algorithm, which
 * sees counters and sorted elements through filled_bins.h.
 */
#ifndef QUANT_METHODS_METHOD_H
#define QUANT_METHODS_METHOD_H

#include "base/sum_order.h"
#include "core/plan.h"

struct quant_calibrator;
struct quant_tally;

/* A tensor in memory is small if it has no more elements than this. */
enum { QUANT_CALIBRATION_SMALL = 1 << 14 };

struct quant_calibration {
    union { /* the same four members */
        struct {
            const char *name;
            const char *summary;
            const char *argument; /* its name in the help; NULL: the method takes no argument */
            double initial;       /* the default argument */
        };
        struct quant_calibration_info info;
    };
    const char *expected; /* which arguments are accepted, for the error */
    bool (*accepts)(double argument);
    bool by_inputs;     /* its range depends on how elements are spread over inputs, since it adds
                         * up rounded numbers */
    bool for_integers;  /* it assumes evenly spaced levels */
    unsigned passes;    /* usually made over many elements, for progress; 0: it settles at once */
    size_t state_bytes; /* of calibrator->state: zeros, or as other elements left it */

    /* Settles the range, or sets ncounts and nsums to the most that any pass needs. Only called if
     * two finite elements differ. */
    void (*begin)(struct quant_calibrator *calibrator);

    /* Counts n elements, a block of QUANT_MEASURE_BLOCK or the last one, on any thread: adds to
     * tally->counts, raises tally->maxima, and sets sums[0..nsums). Elements that are not finite
     * are ignored. */
    void (*block)(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums);

    /* After a pass: settles the range, or prepares the next pass. Each method has its own limit for
     * the number of passes. */
    void (*next)(struct quant_calibrator *calibrator);

    /* Whether calibrator->counts, maxima and sums can be the result of the current pass over all
     * elements: they may come from a file. Sums are finite. NULL: the method makes no pass. */
    bool (*adds_up)(const struct quant_calibrator *calibrator);

    /* Replaces all of these for n <= QUANT_CALIBRATION_SMALL elements: settles the same range.
     * NULL: small tensors take passes too. */
    void (*small)(struct quant_calibrator *calibrator, const float *x, size_t n);
};

extern const struct quant_calibration quant_calibration_minmax;
extern const struct quant_calibration quant_calibration_percentile;
extern const struct quant_calibration quant_calibration_mse;
extern const struct quant_calibration quant_calibration_entropy;
extern const struct quant_calibration quant_calibration_octav;
extern const struct quant_calibration quant_calibration_sigma;

/* The largest number of methods in the table. */
enum { QUANT_CALIBRATION_MAX = 16 };

/* The i-th method, NULL past the last. The first, minmax, is the default. auto is not a method,
 * though quant_calibration_at lists it last. */
const struct quant_calibration *quant_method_at(size_t i);

/* The place of the method in the table. */
size_t quant_calibration_index(const struct quant_calibration *method);

/* The method with the given name, or the default for NULL. Returns NULL for an unknown name and for
 * auto. */
const struct quant_calibration *quant_calibration_from_name(const char *name);

/* name may be NULL, which is not auto. */
bool quant_calibration_is_auto(const char *name);

/* For a plan that finds its range: the name of its method, or "auto". */
const char *quant_plan_method_name(const struct quant_plan *plan);

#endif
