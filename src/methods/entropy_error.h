/* SPDX-License-Identifier: MIT */
/*
 * The squared error of mapping a histogram whose outer bins are clipped, for entropy_search.c.
 *
 * All lengths are in bins, and the elements of a bin are taken to be spread evenly over it. Width i
 * stands for the range [max(-i, min), min(i, max)], whose length divided by steps is the step. An
 * element inside loses its distance from the nearest multiple of the step, since 0 is always
 * restored as 0; one outside loses its distance from i.
 */
#ifndef QUANT_METHODS_ENTROPY_ERROR_H
#define QUANT_METHODS_ENTROPY_ERROR_H

#include <stddef.h>
#include <stdint.h>

enum { QUANT_ENTROPY_BINS = 2048 /* on each side of 0 */ };

struct quant_entropy_mapping {
    double steps; /* of the target, over the whole range; absmax: over one side */
    double min;   /* of the elements; absmax: 0 */
    double max;   /* of the elements; absmax: QUANT_ENTROPY_BINS */
};

/* The bins that have elements, by their distance from 0. Bins of both sides at the same distance
 * are one. */
struct quant_entropy_error {
    size_t nfilled;
    size_t ninside; /* of these, within width */
    uint16_t places[QUANT_ENTROPY_BINS];
    double counts[QUANT_ENTROPY_BINS];

    size_t width;
    double beyond;    /* elements outside width */
    double distances; /* the sum of their distances from width, each from the middle of its bin */
    double squares;   /* the sum of the squares of these distances */
};

/* In bins. At most 0 if the width has no range. */
double quant_entropy_step(const struct quant_entropy_mapping *mapping, size_t width);

/* above: the counts of the bins from 0 up. below: those of the bins up to 0, or NULL. At first the
 * width is all bins. */
void quant_entropy_error_init(struct quant_entropy_error *error, const uint64_t *above,
                              const uint64_t *below);

/* Makes the width one bin less. Returns the squared error of the elements that are clipped, which
 * never falls. */
double quant_entropy_error_narrow(struct quant_entropy_error *error);

/* The squared error of all elements in the bins; INFINITY if the width has no range. */
double quant_entropy_error_total(const struct quant_entropy_error *error,
                                 const struct quant_entropy_mapping *mapping);

#endif
