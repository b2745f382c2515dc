/* SPDX-License-Identifier: MIT */
/* The range with the smallest squared error, against an exhaustive search. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"
#include "core/range_params.h"
#include "methods/plan_make.h"
#include "samples.h"

static double error_of(const struct quant_spec *spec, double lo, double hi, const float *x,
                       size_t n)
{
    const struct quant_target target = quant_spec_target(spec);
    struct quant_choice choice = quant_choice_of_nothing(&target);
    quant_choice_set_range(&choice, &target, lo, hi);
    return squared_error(&choice.params, x, n);
}

/* The error may be larger than that of the exhaustive search by a thousandth. */
static const double NEAR = 1.001;

/* The best of 2,048 steps each: of the clip fraction; of both ends towards zero; or towards the
 * middle. */
static double exhaust(enum quant_scheme scheme, const float *x, size_t n)
{
    const struct quant_spec spec = {.scheme = scheme};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    const double lo = (double)observed.min;
    const double hi = (double)observed.max;
    const double a = fmax(fabs(lo), fabs(hi));
    const double middle = lo + (hi - lo) / 2;
    double min = (double)INFINITY;
    for (int i = 1; i <= 2048; i++) {
        const double part = i / 2048.0;
        if (scheme == QUANT_ABSMAX) {
            min = fmin(min, error_of(&spec, -a * part, a * part, x, n));
            continue;
        }
        if (lo <= 0 && hi >= 0)
            min = fmin(min, error_of(&spec, lo * part, hi * part, x, n));
        min = fmin(min, error_of(&spec, middle + (lo - middle) * part,
                                 middle + (hi - middle) * part, x, n));
    }
    return min;
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
        if (error > expected * NEAR)
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

/* ---- Both ends ---- */

/* Two numbers make an array, with a generator that is written out here: the cases below depend on
 * it. */
static void fill_laplace(uint64_t state, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double u = ((double)(state >> 33) + 0.5) / 0x1p31 * 2 - 1;
        x[i] = (float)(u > 0 ? -log(1 - u) : log(1 + u));
    }
}

/* The best of all pairs of ends, each on one of `steps` equal steps of the observed range. */
static double exhaust_both_ends(const struct quant_spec *spec, const float *x, size_t n, int steps)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    const double lo = (double)observed.min;
    const double width = (double)observed.max - lo;
    double min = (double)INFINITY;
    for (int from = 0; from < steps; from++)
        for (int to = from + 1; to <= steps; to++)
            min =
                fmin(min, error_of(spec, lo + width * from / steps, lo + width * to / steps, x, n));
    return min;
}

/* Moving one end after the other stops 0.8 % to 2.8 % above the best range of these. */
static void test_local_optima(void **state)
{
    (void)state;
    enum { N = 500, STEPS = IS_SLOW_BUILD ? 60 : 200 };
    static const uint64_t seeds[] = {58, 86, 97, 98};
    float x[N];
    for (size_t i = 0; i < LENGTH(seeds); i++) {
        fill_laplace(seeds[i], x, N);
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_INT4};
        struct quant_spec by_mse = spec;
        by_mse.calibration = "mse";
        struct quant_choice found;
        assert_int_equal(quant_calibrate(&by_mse, x, N, &found, NULL), QUANT_OK);
        const double error = squared_error(&found.params, x, N);
        const double expected = exhaust_both_ends(&spec, x, N, STEPS);
        if (error > expected * NEAR)
            fail_msg("seed %d: [%g, %g] has %.9g, there is one of %.9g", (int)seeds[i],
                     found.range[0], found.range[1], error, expected);
    }
}

/* Small blocks, few integers, zero in the range or not. */
static void test_blocks(void **state)
{
    (void)state;
    enum { N = 32, BLOCKS = 12, STEPS = IS_SLOW_BUILD ? 60 : 150 };
    static const enum quant_dtype dtypes[] = {QUANT_INT4, QUANT_UINT4, QUANT_INT8};
    struct random random = random_begin();
    float x[N];
    for (int i = 0; i < BLOCKS * (int)LENGTH(dtypes); i++) {
        fill(&random, (enum kind)(i % KINDS), x, N);
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT,
                                        .dtype = dtypes[i % (int)LENGTH(dtypes)],
                                        .include_zero = i % 4 == 3};
        struct quant_spec by_mse = spec;
        by_mse.calibration = "mse";
        struct quant_choice found;
        assert_int_equal(quant_calibrate(&by_mse, x, N, &found, NULL), QUANT_OK);
        const double error = squared_error(&found.params, x, N);
        const double expected = exhaust_both_ends(&spec, x, N, STEPS);
        if (error > expected * NEAR + 1e-12)
            fail_msg("kind %d, type %d: [%g, %g] has %.9g, there is one of %.9g", i % KINDS,
                     (int)spec.dtype, found.range[0], found.range[1], error, expected);
    }
}

/* Elements on a grid are restored exactly: the search finds the step of the grid. */
static void test_grid(void **state)
{
    (void)state;
    enum { N = 20000 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((double)random_below(&random, 256) - 100) * 0.0625F;
    x[0] = 155 * 0.0625F + 0.01F; /* not on it: the observed range has another step */
    x[1] = -100 * 0.0625F;
    const struct quant_choice found = calibrate("mse", QUANT_ZERO_POINT, x, N);
    assert_true(squared_error(&found.params, x, N) <= 0.01 * 0.011);
}

/* So long that only few ranges are measured. */
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

/* The wider of two equally good ranges is taken: nothing is clipped without need. */
static void test_widest(void **state)
{
    (void)state;
    const float x[] = {-127, -3, 0, 1, 127};
    const struct quant_choice choice = calibrate("mse", QUANT_ABSMAX, x, LENGTH(x));
    assert_true(choice.range[0] == -127 && choice.range[1] == 127);
}

/* With the other options of the mapping, too. */
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

/* ---- Scales of either sign ---- */

/* The best of 2,048 scales of each sign. */
static double exhaust_signs(const struct quant_params *found, const float *x, size_t n)
{
    struct quant_params params = *found;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    double min = (double)INFINITY;
    quant_observe(&observed, x, n);
    const float a = fmaxf(fabsf(observed.min), fabsf(observed.max)) / (float)params.qmax;
    for (int i = 1; i <= 2048; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            params.scale = (float)(sign * i) * (a / 2048);
            min = fmin(min, squared_error(&params, x, n));
        }
    return min;
}

/* Exact, for an engine whose integers reach farther on one side of zero than on the other: the
 * longer tail gets the longer side. */
static void test_signs(void **state)
{
    (void)state;
    enum { MOST = 1000, BLOCKS = IS_SLOW_BUILD ? 2 * KINDS : 6 * KINDS };
    static const enum quant_dtype dtypes[] = {QUANT_INT4, QUANT_INT8};
    struct random random = random_begin();
    float x[MOST];
    int nnegative = 0;
    for (int i = 0; i < BLOCKS; i++) {
        const size_t n = i % 3 == 0 ? MOST : 32;
        const struct quant_spec like = {.like = "nncf", .dtype = dtypes[i % 2]};
        struct quant_spec exact = like;
        struct quant_choice found;
        struct quant_choice own;
        exact.exact = true;
        fill(&random, (enum kind)(i % KINDS), x, n);
        assert_int_equal(quant_calibrate(&like, x, n, &own, NULL), QUANT_OK);
        assert_int_equal(quant_calibrate(&exact, x, n, &found, NULL), QUANT_OK);
        const double error = squared_error(&found.params, x, n);
        nnegative += found.params.scale < 0;
        assert_true(error <= squared_error(&own.params, x, n));
        const double expected = exhaust_signs(&found.params, x, n);
        if (error > expected * NEAR)
            fail_msg("kind %d, %zu elements, type %d: scale %.9g has %.9g, there is one of %.9g",
                     i % KINDS, n, (int)like.dtype, (double)found.params.scale, error, expected);
    }
    assert_true(nnegative > 0 && nnegative < BLOCKS);
}

/* ---- Scales of 16 bits ---- */

/* The best of 2,048 symmetric ranges. */
static double exhaust_one_end(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    const double a = fmax(fabs((double)observed.min), fabs((double)observed.max));
    double min = (double)INFINITY;
    for (int i = 1; i <= 2048; i++)
        min = fmin(min, error_of(spec, -a * i / 2048, a * i / 2048, x, n));
    return min;
}

/* The search uses the scale as it is stored. */
static void check_stored_scale(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_spec by_mse = *spec;
    struct quant_choice found;
    struct quant_choice observed;
    by_mse.calibration = "mse";
    assert_int_equal(quant_calibrate(spec, x, n, &observed, NULL), QUANT_OK);
    assert_int_equal(quant_calibrate(&by_mse, x, n, &found, NULL), QUANT_OK);
    assert_int_equal(found.params.scale_dtype, spec->scale_dtype);
    const double error = squared_error(&found.params, x, n);
    assert_true(error <= squared_error(&observed.params, x, n));
    const double expected = spec->scheme == QUANT_ABSMAX
                                ? exhaust_one_end(spec, x, n)
                                : exhaust_both_ends(spec, x, n, IS_SLOW_BUILD ? 40 : 100);
    if (error > expected * NEAR)
        fail_msg("scheme %d, type %d, scale type %d: %.9g, there is one of %.9g", (int)spec->scheme,
                 (int)spec->dtype, (int)spec->scale_dtype, error, expected);
}

static void test_stored_scale(void **state)
{
    (void)state;
    enum { N = 700 };
    static const enum quant_dtype dtypes[] = {QUANT_INT4, QUANT_INT8};
    static const enum quant_dtype scale_dtypes[] = {QUANT_FLOAT16, QUANT_BFLOAT16};
    float x[N];
    struct random random = random_begin();
    fill(&random, GAUSS, x, N);
    for (int i = 0; i < 8; i++) {
        const struct quant_spec spec = {.scheme = (enum quant_scheme)(i / 4),
                                        .dtype = dtypes[i / 2 % 2],
                                        .scale_dtype = scale_dtypes[i % 2]};
        check_stored_scale(&spec, x, N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),        cmocka_unit_test(test_long),
        cmocka_unit_test(test_widest),       cmocka_unit_test(test_signs),
        cmocka_unit_test(test_options),      cmocka_unit_test(test_local_optima),
        cmocka_unit_test(test_blocks),       cmocka_unit_test(test_grid),
        cmocka_unit_test(test_stored_scale),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
