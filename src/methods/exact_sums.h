/* SPDX-License-Identifier: MIT */
/*
 * Sums of float32 elements and of their squares, without any rounding. They are integers, so the
 * result depends neither on the order of the elements nor on how they are cut into parts. Only the
 * mean and the deviation that are computed from them at the end are rounded.
 *
 * Every finite float32 is a multiple of 2^-149, and its square of 2^-298. The sums are kept in
 * digits of 16 bits in these units, the lowest first. A digit may be negative or longer than 16
 * bits: the number is always the sum of digit[i] * 2^(16 i) units.
 */
#ifndef QUANT_METHODS_EXACT_SUMS_H
#define QUANT_METHODS_EXACT_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUANT_EXACT_ELEMENTS = 20, /* digits: 277 bits of FLT_MAX, and room for 2^43 elements */
    QUANT_EXACT_SQUARES = 38,  /* the same, from 554 bits */
    QUANT_EXACT_BLOCK = 1 << 12
};

/* All zeros at first. */
struct quant_exact_sums {
    int64_t elements[QUANT_EXACT_ELEMENTS];
    int64_t squares[QUANT_EXACT_SQUARES];
};

/* Adds the finite elements among n, at most QUANT_EXACT_BLOCK. After that, every digit but the last
 * is less than 2^16 in magnitude. */
void quant_exact_sums_add(struct quant_exact_sums *sums, const float *x, size_t n);

/*
 * The mean S / n and the standard deviation of the population, sqrt(n Q - S^2) / n, where S is the
 * sum of n > 0 elements and Q the sum of their squares. S and n Q - S^2 are exact, so nothing
 * cancels. Each is rounded once, to double, before the root and the division, which round as
 * doubles do. No digit may be larger than 2^53 in magnitude. Returns false, and sets nothing, if n
 * Q < S^2: no n elements have such sums.
 */
bool quant_exact_sums_moments(const struct quant_exact_sums *sums, uint64_t n, double *mean,
                              double *deviation);

#endif
