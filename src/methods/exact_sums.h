/* SPDX-License-Identifier: MIT */
/*
 * Sums of float32 elements and of their squares without any rounding: integers, so neither the
 * order of the elements nor the way they are cut into parts shows in the result. Only the mean and
 * the deviation that are computed from them at the end are rounded.
 *
 * Every finite float32 is a whole number of 2^-149, its square of 2^-298. The sums are kept in
 * digits of 16 bits of those units, the lowest first. A digit may be negative or longer than 16
 * bits: the number is always the sum of digit[i] * 2^(16 i) units.
 */
#ifndef QUANT_METHODS_EXACT_SUMS_H
#define QUANT_METHODS_EXACT_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUANT_EXACT_ELEMENTS = 20, /* digits: 277 bits of FLT_MAX, and room for 2^43 elements */
    QUANT_EXACT_SQUARES = 38,  /* 554 bits likewise */
    QUANT_EXACT_BLOCK = 1 << 12
};

/* All zeros at first. */
struct quant_exact_sums {
    int64_t elements[QUANT_EXACT_ELEMENTS];
    int64_t squares[QUANT_EXACT_SQUARES];
};

/* Adds the finite ones of n elements, at most QUANT_EXACT_BLOCK. Then every digit but the last is
 * less than 2^16 in magnitude. */
void quant_exact_sums_add(struct quant_exact_sums *sums, const float *x, size_t n);

/*
 * The mean S / n and the population's standard deviation sqrt(n Q - S^2) / n, where S is the sum of
 * n > 0 elements and Q that of their squares. S and n Q - S^2 are exact, so nothing cancels; each
 * is rounded once, to double, before the root and the division, which round as doubles do. No digit
 * is beyond 2^53 in magnitude. False, and nothing is set, if n Q < S^2: no n elements have such
 * sums.
 */
bool quant_exact_sums_moments(const struct quant_exact_sums *sums, uint64_t n, double *mean,
                              double *deviation);

#endif
