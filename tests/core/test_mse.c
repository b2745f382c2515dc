/* SPDX-License-Identifier: MIT */
/* The range of least squared error against an exhaustive search, and the parts that find it. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"
#include "core/mse_model.h"
#include "core/params.h"

static double gauss(struct random *random)
{
    return sqrt(-2 * log(1 - random_unit(random))) * cos(6.283185307179586 * random_unit(random));
}

enum kind { GAUSS, HEAVY, RELU, GRID, FAR, UNIFORM, OUTLIER, KINDS };

static void fill(struct random *random, enum kind kind, float *x, size_t n)
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

static double error_of(const struct quant_spec *spec, double lo, double hi, const float *x,
                       size_t n)
{
    const double range[2] = {lo, hi};
    struct quant_choice choice;
    assert_int_equal(quant_choose_range(spec, NULL, range, &choice, NULL), QUANT_OK);
    return squared_error(&choice.params, x, n);
}

/* In 2,048 steps: the clip fraction, or both ends towards zero, or towards the middle. */
static double exhaust(enum quant_scheme scheme, const float *x, size_t n)
{
    const struct quant_spec spec = {.scheme = scheme};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    const double lo = (double)observed.least;
    const double hi = (double)observed.greatest;
    const double a = fmax(fabs(lo), fabs(hi));
    const double middle = lo + (hi - lo) / 2;
    double least = (double)INFINITY;
    for (int i = 1; i <= 2048; i++) {
        const double part = i / 2048.0;
        if (scheme == QUANT_ABSMAX) {
            least = fmin(least, error_of(&spec, -a * part, a * part, x, n));
            continue;
        }
        if (lo <= 0 && hi >= 0)
            least = fmin(least, error_of(&spec, lo * part, hi * part, x, n));
        least = fmin(least, error_of(&spec, middle + (lo - middle) * part,
                                     middle + (hi - middle) * part, x, n));
    }
    return least;
}

static void check(enum kind kind, size_t n)
{
    struct random random = random_begin();
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    fill(&random, kind, x, n);
    for (int scheme = 0; scheme < 2; scheme++) {
        const struct quant_choice found = calibrate("mse", (enum quant_scheme)scheme, x, n);
        const struct quant_choice observed = calibrate("minmax", (enum quant_scheme)scheme, x, n);
        const double error = squared_error(&found.params, x, n);
        assert_true(error <= squared_error(&observed.params, x, n));
        const double expected = exhaust((enum quant_scheme)scheme, x, n);
        if (error > expected)
            fail_msg("kind %d, %zu elements, scheme %d: [%g, %g] has %.9g, there is one of %.9g",
                     (int)kind, n, scheme, found.range[0], found.range[1], error, expected);
    }
    free(x);
}

static void test_short(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        check(kind, 2);
        check(kind, 10);
        check(kind, IS_SLOW_BUILD ? 300 : 1000);
    }
}

/* So long that only a part of the ranges is measured. */
static void test_long(void **state)
{
    (void)state;
    if (IS_SLOW_BUILD) { /* the exhaustive search takes long enough */
        check(GAUSS, IS_OPTIMIZED ? 20000 : 5000);
        return;
    }
    check(GAUSS, 70000);
    check(HEAVY, 70000);
    check(GRID, 70000);
}

/* The narrower of two ranges that are as good is not taken: nothing is clipped for nothing. */
static void test_widest(void **state)
{
    (void)state;
    const float x[] = {-127, -3, 0, 1, 127};
    const struct quant_choice choice = calibrate("mse", QUANT_ABSMAX, x, LENGTH(x));
    assert_true(choice.range[0] == -127 && choice.range[1] == 127);
}

/* By the other options of the mapping, too. */
static void test_options(void **state)
{
    (void)state;
    enum { N = 3000 };
    static float x[N];
    struct random random = random_begin();
    fill(&random, GAUSS, x, N);
    const struct quant_spec specs[] = {
        {.dtype = QUANT_UINT8},
        {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT8, .include_zero = true},
        {.has_qmin = true, .qmin = 0},
        {.scheme = QUANT_ZERO_POINT, .has_qmin = true, .qmin = -7, .has_qmax = true, .qmax = 7},
        {.rounding = QUANT_HALF_AWAY, .has_qmax = true, .qmax = 1},
    };
    for (size_t i = 0; i < LENGTH(specs); i++) {
        struct quant_spec spec = specs[i];
        struct quant_choice found;
        struct quant_choice observed;
        assert_int_equal(quant_calibrate(&spec, x, N, &observed, NULL), QUANT_OK);
        spec.calibration = "mse";
        assert_int_equal(quant_calibrate(&spec, x, N, &found, NULL), QUANT_OK);
        assert_true(squared_error(&found.params, x, N) < squared_error(&observed.params, x, N));
    }
}

/* The estimate is near what is measured, from the mapping of all to that of hardly any. */
static void test_model(void **state)
{
    (void)state;
    enum { N = IS_SLOW_BUILD ? 50000 : 200000 };
    float *x = malloc(N * sizeof *x);
    uint64_t *counts = calloc(QUANT_KEY_BINS, sizeof *counts);
    struct quant_mse_model *model = malloc(sizeof *model);
    assert_true(x && counts && model);
    struct random random = random_begin();
    static const enum kind kinds[] = {GAUSS, HEAVY, RELU, FAR, UNIFORM, OUTLIER};
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        fill(&random, kinds[k], x, N);
        struct quant_observed observed = QUANT_OBSERVED_INIT;
        quant_observe(&observed, x, N);
        const double a = fmax(fabs((double)observed.least), fabs((double)observed.greatest));
        memset(counts, 0, QUANT_KEY_BINS * sizeof *counts);
        quant_keys_count(x, N, counts);
        quant_mse_model_fill(model, counts, a);
        for (int scheme = 0; scheme < 2; scheme++)
            for (int i = 1; i <= 20; i++) {
                const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme};
                const double range[2] = {(double)observed.least * i / 20,
                                         (double)observed.greatest * i / 20};
                struct quant_choice choice;
                quant_choose_range(&spec, NULL, range, &choice, NULL);
                const double found = quant_mse_model_estimate(model, &choice.params);
                const double expected = squared_error(&choice.params, x, N);
                if (fabs(found - expected) > 0.06 * expected)
                    fail_msg("kind %d, scheme %d, step %d: %g, expected %g", (int)kinds[k], scheme,
                             i, found, expected);
            }
    }
    free(model);
    free(counts);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),   cmocka_unit_test(test_long),  cmocka_unit_test(test_widest),
        cmocka_unit_test(test_options), cmocka_unit_test(test_model),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
