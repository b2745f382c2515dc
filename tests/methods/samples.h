/* SPDX-License-Identifier: MIT */
/* Elements with the distributions that weights and activations have. */
#ifndef QUANT_TESTS_METHODS_SAMPLES_H
#define QUANT_TESTS_METHODS_SAMPLES_H

#include <math.h>

#include "../support/random.h"

static inline double gauss(struct random *random)
{
    return sqrt(-2 * log(1 - random_unit(random))) * cos(6.283185307179586 * random_unit(random));
}

enum kind { GAUSS, HEAVY, RELU, GRID, FAR, UNIFORM, OUTLIER, KINDS };

static inline void fill(struct random *random, enum kind kind, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double g = gauss(random);
        const double value[KINDS] = {
            [GAUSS] = 0.02 * g,
            [HEAVY] = g * g * g,
            [RELU] = fmax(g, 0),
            [GRID] = rint(40 * g) / 8,
            [FAR] = 50 + g,
            [UNIFORM] = 3 * random_unit(random) - 1,
            [OUTLIER] = i == n / 2 ? 40 : g,
        };
        x[i] = (float)value[kind];
    }
}

#endif
