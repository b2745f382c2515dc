/* SPDX-License-Identifier: MIT */
/* Percentiles against the sorted elements, to the bit. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* As numpy.percentile computes it, from n sorted numbers. */
static double percentile(const double *sorted, size_t n, double percent)
{
    const double index = (double)(n - 1) * (percent / 100);
    const size_t before = (size_t)floor(index);
    if (before >= n - 1)
        return sorted[n - 1];
    const double t = index - (double)before;
    const double a = sorted[before];
    const double b = sorted[before + 1];
    return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

static const double percents[] = {100, 99.99, 99.9, 99, 95, 66.6, 50, 33.3, 10, 1, 0.001};

/* sorted: the finite elements, or for absmax their magnitudes. */
static void check_one(enum quant_scheme scheme, double percent, const double *sorted,
                      size_t nfinite, const float *x, size_t n)
{
    const double tail = (100 - percent) / 2;
    const bool symmetric = scheme == QUANT_ABSMAX;
    const double hi = percentile(sorted, nfinite, symmetric ? percent : 100 - tail);
    const double lo = symmetric ? -hi : percentile(sorted, nfinite, tail);
    const struct quant_choice choice = calibrate_with("percentile", percent, scheme, x, n);
    /* If this is no range, or narrow and far from zero, other rules apply. */
    if (!(lo < hi) || choice.notes & QUANT_NOTE_SCALE_RAISED_FAR)
        return;
    if (choice.range[0] != lo || choice.range[1] != hi)
        fail_msg("percentile %.17g of %zu, scheme %d: [%a, %a], expected [%a, %a]", percent, n,
                 (int)scheme, choice.range[0], choice.range[1], lo, hi);
}

static void check(const float *x, size_t n)
{
    double *sorted = malloc((n + 1) * sizeof *sorted);
    assert_non_null(sorted);
    for (int scheme = 0; scheme < 2; scheme++) {
        size_t nfinite = 0;
        for (size_t i = 0; i < n; i++)
            if (isfinite(x[i]))
                sorted[nfinite++] = scheme == QUANT_ABSMAX ? fabs((double)x[i]) : (double)x[i];
        qsort(sorted, nfinite, sizeof *sorted, compare);
        for (size_t i = 0; i < LENGTH(percents) && nfinite > 0; i++)
            check_one((enum quant_scheme)scheme, percents[i], sorted, nfinite, x, n);
    }
    free(sorted);
}

static void test_short(void **state)
{
    (void)state;
    struct random random = random_begin();
    float x[65];
    for (size_t n = 2; n <= LENGTH(x); n++) {
        random_elements(&random, 1, 0, x, n);
        check(x, n);
    }
}

/* All elements in one bin, in two, and in very many; many equal ones. */
static void test_long(void **state)
{
    (void)state;
    enum { N = 300000 }; /* more than one part */
    struct random random = random_begin();
    float *x = malloc(N * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(1 + 0x1p-8 * random_unit(&random));
    check(x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(2 + 0x1p-9 * (random_unit(&random) - 0.5)) * (i % 2 ? 1.0F : -1.0F);
    check(x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = float_of((uint32_t)random_64(&random));
    check(x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)random_below(&random, 7) - 3;
    check(x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = i % 2 ? -0.0F : (float)(random_unit(&random) - 0.5) * 1e-42F;
    check(x, N);
    free(x);
}

/* Nearly all elements are 0, and so is the percentile of magnitudes, which is no range. */
static void test_sparse(void **state)
{
    (void)state;
    float x[1000] = {[3] = 5, [700] = -8};
    const struct quant_choice choice = calibrate_with("percentile", 50, QUANT_ABSMAX, x, LENGTH(x));
    assert_true(choice.range[0] == -8 && choice.range[1] == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_sparse),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
