/* SPDX-License-Identifier: MIT */
/*
 * A small tensor in memory gets the range that the passes over a file find: to the bit, for all
 * kinds of elements, every method and every option. And tensors that use the same buffers one after
 * the other get what each gets alone.
 */
#include "methods/calibration_buffers.h"

#include <float.h>
#include <math.h>

#include "../support/floats.h"
#include "../support/names.h"
#include "../support/unit.h"
#include "methods/calibrator.h"
#include "methods/plan_choose.h"
#include "methods/plan_make.h"

enum { MOST = 20000 };

/* ---- Elements ---- */

static double gauss(struct random *random)
{
    return sqrt(-2 * log(1 - random_unit(random))) * cos(6.283185307179586 * random_unit(random));
}

enum kind {
    GAUSS,
    HEAVY,
    RELU,
    COARSE,
    UNIFORM,
    OUTLIER,
    FAR,
    VERY_FAR,
    TINY,
    HUGE_ONES,
    TWO,
    NEGATIVE,
    ANY_BITS,
    KINDS
};

static float make_element(struct random *random, enum kind kind, bool is_odd)
{
    const double g = gauss(random);
    switch (kind) {
    case GAUSS:
        return (float)(0.02 * g);
    case HEAVY:
        return (float)(g * g * g * g * g);
    case RELU:
        return g > 0 ? (float)g : is_odd ? -0.0F : 0;
    case COARSE:
        return (float)(rint(5 * g) / 8);
    case UNIFORM:
        return (float)(3 * random_unit(random) - 1);
    case OUTLIER:
        return random_below(random, 50) == 0 ? (float)(1000 * g) : (float)g;
    case FAR:
        return (float)(50 + g);
    case VERY_FAR:
        return (float)(1e6 + g);
    case TINY:
        return (float)(g * 1e-42);
    case HUGE_ONES:
        return (float)fmax(fmin(g * 1e38, (double)FLT_MAX), -(double)FLT_MAX);
    case TWO:
        return random_below(random, 9) == 0 ? 3 : -1;
    case NEGATIVE:
        return (float)(-3 - fabs(g));
    default:
        return float_of((uint32_t)random_64(random));
    }
}

/* Every third tensor has an element that is not finite. */
static enum kind make_elements(struct random *random, float *x, size_t n)
{
    const enum kind kind = (enum kind)random_below(random, KINDS);
    for (size_t i = 0; i < n; i++)
        x[i] = make_element(random, kind, i % 2);
    if (random_below(random, 3) == 0)
        x[random_below(random, (uint32_t)n)] = random_below(random, 2) ? (float)NAN : -INFINITY;
    return kind;
}

/* ---- Options ---- */

static struct quant_spec any_spec(struct random *random, const char *method)
{
    static const enum quant_dtype dtypes[] = {QUANT_INT8,  QUANT_INT8,   QUANT_UINT8, QUANT_INT4,
                                              QUANT_UINT4, QUANT_UINT16, QUANT_INT16};
    struct quant_spec spec = {
        .calibration = method,
        .dtype = dtypes[random_below(random, LENGTH(dtypes))],
        .scheme = (enum quant_scheme)random_below(random, 2),
        .rounding = random_below(random, 4) == 0 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .include_zero = random_below(random, 4) == 0,
        .nonfinite = QUANT_NONFINITE_SATURATE,
    };
    if (random_below(random, 4) == 0) {
        spec.has_qmin = random_below(random, 2);
        spec.qmin = 1 - (int32_t)random_below(random, 6);
        spec.has_qmax = random_below(random, 2);
        spec.qmax = 2 + (int32_t)random_below(random, 6);
    }
    double initial = 0;
    for (size_t i = 0; method_name(i); i++)
        if (strcmp(method_name(i), method) == 0 && method_argument(i, &initial))
            spec.has_calibration_argument = random_below(random, 2);
    spec.calibration_argument = initial * (0.01 + 0.99 * random_unit(random));
    if (quant_spec_check(&spec, NULL) != QUANT_OK)
        return any_spec(random, method);
    return spec;
}

static void check_same(const struct quant_choice *found, const struct quant_choice *expected,
                       const struct quant_spec *spec, enum kind kind, size_t n)
{
    if (memcmp(&found->params, &expected->params, sizeof found->params) == 0 &&
        found->has_range == expected->has_range && found->notes == expected->notes &&
        found->calibration == expected->calibration &&
        (!found->has_range || memcmp(found->range, expected->range, sizeof found->range) == 0))
        return;
    fail_msg("%s of %zu elements of kind %d, scheme %d, %s, qmin %d, qmax %d: [%a, %a], expected "
             "[%a, %a]",
             spec->calibration, n, (int)kind, (int)spec->scheme,
             quant_dtype_info(spec->dtype)->name, expected->params.qmin, expected->params.qmax,
             found->range[0], found->range[1], expected->range[0], expected->range[1]);
}

/* ---- Against passes ---- */

static struct quant_choice choose_by_passes(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_plan plan;
    assert_int_equal(quant_plan_make(spec, NULL, &plan, NULL), QUANT_OK);
    quant_observe(&observed, x, n);
    if (observed.count == observed.nonfinite) {
        assert_int_equal(quant_plan_choose(&plan, &observed, NULL, &choice, NULL), QUANT_OK);
        return choice;
    }
    struct quant_calibrator *calibrator = quant_calibrator_new(&plan, &observed, 1, NULL);
    assert_non_null(calibrator);
    while (!calibrator->done) {
        quant_calibrator_take(calibrator, 0, x, n);
        quant_calibrator_join(calibrator, 0);
        quant_calibrator_end_input(calibrator, NULL);
        quant_calibrator_end_pass(calibrator);
    }
    assert_int_equal(quant_plan_choose(&plan, &observed, calibrator->range, &choice, NULL),
                     QUANT_OK);
    quant_calibrator_free(calibrator);
    return choice;
}

static void check_passes(const char *method, size_t count, size_t longest)
{
    static float x[MOST];
    struct random random = random_begin();
    for (size_t i = 0; i < count; i++) {
        const size_t n = 2 + random_below(&random, (uint32_t)(i % 8 == 0 ? longest
                                                              : i % 2    ? 6
                                                                         : 60));
        const enum kind kind = make_elements(&random, x, n);
        const struct quant_spec spec = any_spec(&random, method);
        struct quant_choice found;
        assert_int_equal(quant_calibrate(&spec, x, n, &found, NULL), QUANT_OK);
        const struct quant_choice expected = choose_by_passes(&spec, x, n);
        check_same(&found, &expected, &spec, kind, n);
    }
}

#if defined(__OPTIMIZE__)
enum { COUNT = 400 };
#else
enum { COUNT = 60 };
#endif

static void test_passes(void **state)
{
    (void)state;
    check_passes("percentile", COUNT, MOST - 2);
    check_passes("entropy", COUNT, MOST - 2);
    check_passes("octav", COUNT, MOST - 2);
    check_passes("sigma", COUNT, MOST - 2);
    check_passes("mse", COUNT, MOST - 2);
}

/* Lengths around that of a block and that of a small tensor. */
static void test_lengths(void **state)
{
    static const char *const methods[] = {"percentile", "entropy", "octav", "mse"};
    static const size_t lengths[] = {1, 40, 41, 4095, 4096, 4097, 8192, 8193, 16383, 16384, 16385};
    static float x[MOST];
    struct random random = random_begin();
    (void)state;
    for (size_t i = 0; i < LENGTH(lengths); i++)
        for (size_t k = 0; k < LENGTH(methods); k++) {
            const enum kind kind = make_elements(&random, x, lengths[i]);
            const struct quant_spec spec = any_spec(&random, methods[k]);
            struct quant_choice found;
            assert_int_equal(quant_calibrate(&spec, x, lengths[i], &found, NULL), QUANT_OK);
            const struct quant_choice expected = choose_by_passes(&spec, x, lengths[i]);
            check_same(&found, &expected, &spec, kind, lengths[i]);
        }
}

/* ---- One after the other ---- */

/* Small and other lengths, tensors that need no calibration, and new options each time. */
static void test_nothing_is_carried_over(void **state)
{
    static float x[MOST];
    struct random random = random_begin();
    (void)state;
    for (size_t k = 0; method_name(k); k++) {
        const char *method = method_name(k);
        struct quant_calibration_buffers buffers = {.trial = NULL};
        for (size_t i = 0; i < COUNT / 4; i++) {
            const size_t longest = i % 5 > 0 ? 40 : MOST - 2;
            const size_t n = 1 + random_below(&random, (uint32_t)longest);
            const enum kind kind = make_elements(&random, x, n);
            const struct quant_spec spec = any_spec(&random, method);
            struct quant_choice found;
            struct quant_choice expected;
            struct quant_plan plan;
            assert_int_equal(quant_plan_make(&spec, NULL, &plan, NULL), QUANT_OK);
            assert_int_equal(quant_plan_calibrate(&plan, &buffers, x, n, &found, NULL), QUANT_OK);
            assert_int_equal(quant_calibrate(&spec, x, n, &expected, NULL), QUANT_OK);
            check_same(&found, &expected, &spec, kind, n);
        }
        quant_calibration_buffers_release(&buffers);
    }
}

/* If there is no range to find, quant_calibrate does the same as quant_choose, with the same
 * errors. */
static void test_given(void **state)
{
    (void)state;
    const float x[] = {1, 2, 30};
    struct quant_spec spec = {.calibration = "mse", .has_clip = true, .clip = {-2, 2}};
    struct quant_choice choice;
    struct quant_error error;
    assert_int_equal(quant_calibrate(&spec, x, 3, &choice, &error), QUANT_OK);
    assert_true(choice.range[0] == -2 && choice.range[1] == 2);
    spec = (struct quant_spec){.calibration = "mse", .has_scale = true, .scale = 0.5F};
    assert_int_equal(quant_calibrate(&spec, x, 3, &choice, &error), QUANT_OK);
    assert_true(choice.params.scale == 0.5F && !choice.has_range);

    const float bad[] = {1, (float)NAN};
    spec = (struct quant_spec){.calibration = "mse"};
    assert_int_equal(quant_calibrate(&spec, bad, 2, &choice, &error), QUANT_NONFINITE);
    spec.calibration = "best";
    assert_int_equal(quant_calibrate(&spec, x, 3, &choice, &error), QUANT_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_nothing_is_carried_over),
        cmocka_unit_test(test_given),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
