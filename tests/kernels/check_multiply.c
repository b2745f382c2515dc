/* SPDX-License-Identifier: MIT */
/* A kind of kernels: multiply. Sums are compared bit by bit. */
#include <string.h>

#include "kinds.h"

static size_t bytes_of_samples(const struct call *call)
{
    return QUANT_MULTIPLY_SAMPLES * call->n * sizeof(float);
}

static size_t bytes_of_rows(const struct call *call)
{
    return QUANT_MULTIPLY_ROWS * call->n * sizeof(float);
}

static size_t bytes_of_sums(const struct call *call)
{
    (void)call;
    return sizeof(double[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES]);
}

static void multiply_run(const struct quant_kernels *row, struct call *call)
{
    row->multiply(call->arrays[0], call->arrays[1], call->n, call->arrays[2]);
}

/* One sum after the other, with one rounding for product and sum: which makes no difference. */
static void multiply_reference(struct call *call)
{
    const float *x = call->arrays[0];
    const float *w = call->arrays[1];
    double *sums = call->arrays[2];
    for (size_t r = 0; r < QUANT_MULTIPLY_ROWS; r++)
        for (size_t s = 0; s < QUANT_MULTIPLY_SAMPLES; s++) {
            double *sum = &sums[r * QUANT_MULTIPLY_SAMPLES + s];
            for (size_t i = 0; i < call->n; i++)
                *sum = fma((double)x[i * QUANT_MULTIPLY_SAMPLES + s], (double)w[r * call->n + i],
                           *sum);
        }
}

/* Floats of one size, or so different that the order of the additions shows; some are 0. */
static void fill_floats(struct random *random, float *x, size_t n, size_t round)
{
    for (size_t i = 0; i < n; i++) {
        const int exponent = round % 2 ? (int)random_below(random, 90) - 45 : 0;
        x[i] = (float)ldexp(2 * random_unit(random) - 1, exponent);
        if (random_below(random, 16) == 0)
            x[i] = 0;
    }
}

static void multiply_fill(struct random *random, size_t round, struct call *call)
{
    double *sums = call->arrays[2];
    fill_floats(random, call->arrays[0], QUANT_MULTIPLY_SAMPLES * call->n, round);
    fill_floats(random, call->arrays[1], QUANT_MULTIPLY_ROWS * call->n, round);
    for (size_t i = 0; i < (size_t)QUANT_MULTIPLY_ROWS * QUANT_MULTIPLY_SAMPLES; i++)
        sums[i] = round % 3 ? random_unit(random) - 0.5 : 0;
}

static void multiply_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    multiply_fill(random, 0, call);
}

const struct kind kind_multiply = {
    .name = "multiply",
    .member = offsetof(struct quant_kernels, multiply),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_samples, sizeof(float), false},
               {"w", bytes_of_rows, sizeof(float), false},
               {"sums", bytes_of_sums, sizeof(double), true}},
    .fill = multiply_fill,
    .fill_typical = multiply_fill_typical,
    .run = multiply_run,
    .reference = multiply_reference,
    .nrounds = 100,
    .placed = {0, 1, 1, 1, 5},
};
