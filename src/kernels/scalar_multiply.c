/* SPDX-License-Identifier: MIT */
/* Rows of weights times samples: the definition. */
#include <string.h>

#include "kernels/scalar.h"

/* The sums of one row fill four vectors of two doubles, which a compiler keeps in registers. */
static void multiply_row(const float *x, const float *w, size_t n,
                         double sums[QUANT_MULTIPLY_SAMPLES])
{
    double own[QUANT_MULTIPLY_SAMPLES];
    memcpy(own, sums, sizeof own);
    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < QUANT_MULTIPLY_SAMPLES; s++)
            own[s] += (double)x[QUANT_MULTIPLY_SAMPLES * i + s] * (double)w[i];
    memcpy(sums, own, sizeof own);
}

void quant_scalar_multiply(const float *x, const float *w, size_t n,
                           double sums[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES])
{
    for (size_t r = 0; r < QUANT_MULTIPLY_ROWS; r++)
        multiply_row(x, w + n * r, n, sums[r]);
}
