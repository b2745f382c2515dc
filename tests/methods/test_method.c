/* SPDX-License-Identifier: MIT */
/* The table of calibration methods, and properties that all methods have. */
#include "methods/method.h"

#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/names.h"
#include "../support/unit.h"
#include "calibrate.h"
#include "methods/calibrator.h"
#include "methods/plan_make.h"

static void test_table(void **state)
{
    (void)state;
    size_t n = 0;
    for (; method_name(n); n++) {
        const char *name = method_name(n);
        const struct quant_calibration *method = quant_calibration_from_name(name);
        assert_ptr_equal(method, quant_method_at(n));
        assert_true((method == NULL) == quant_calibration_is_auto(name));
        if (method) {
            assert_string_equal(method->name, name);
            assert_string_equal(method->summary, method_summary(n));
            assert_int_equal(quant_calibration_index(method), n);
        }
        assert_true(strlen(method_summary(n)) > 0);
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(name, method_name(k));
    }
    assert_true(n > 0);
    assert_string_equal(method_name(n - 1), "auto");
    assert_null(quant_method_at(SIZE_MAX));
    assert_null(method_name(n));
    assert_null(method_summary(n));
    assert_null(method_name(SIZE_MAX));
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(quant_calibration_from_name(NULL)->name, "minmax");
    assert_string_equal(method_name(0), "minmax");
    assert_null(quant_calibration_from_name(""));
    assert_null(quant_calibration_from_name("minma"));
    assert_null(quant_calibration_from_name("minmaxx"));
    assert_null(quant_calibration_from_name("MinMax"));
}

static void test_arguments(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; method_name(i); i++) {
        const struct quant_calibration *method = quant_calibration_from_name(method_name(i));
        double initial = -1;
        const char *argument = method_argument(i, &initial);
        assert_true(argument == (method ? method->argument : NULL));
        if (argument) {
            n++;
            assert_true(method->accepts(initial) && !method->accepts(0) && !method->accepts(-1) &&
                        !method->accepts((double)NAN) && !method->accepts((double)INFINITY));
        } else {
            assert_true(initial == -1);
        }
    }
    assert_int_equal(n, 2);
    double initial;
    assert_null(method_argument(SIZE_MAX, &initial));
}

/* The range does not show which of -0 and 0 came first. */
static void test_no_negative_zero(void **state)
{
    (void)state;
    const float zeros[][2] = {{-0.0F, 0}, {0, -0.0F}, {-0.0F, -0.0F}, {-0.0F, 5}, {-5, -0.0F}};
    for (size_t i = 0; method_name(i); i++)
        for (size_t k = 0; k < LENGTH(zeros); k++) {
            const struct quant_choice choice =
                calibrate(method_name(i), QUANT_ZERO_POINT, zeros[k], 2);
            assert_false(choice.range[0] == 0 && signbit(choice.range[0]));
            assert_false(choice.range[1] == 0 && signbit(choice.range[1]));
        }
}

/* The parameters of degenerate tensors do not depend on the method. */
static void check_degenerate(const char *name, enum quant_scheme scheme, const float *x, size_t n)
{
    const struct quant_choice choice = calibrate(name, scheme, x, n);
    const struct quant_choice expected = calibrate("minmax", scheme, x, n);
    if (memcmp(&choice.params, &expected.params, sizeof choice.params) != 0)
        fail_msg("%s of %zu elements: scale %g, zero point %d", name, n,
                 (double)choice.params.scale, choice.params.zero_point);
    assert_true(choice.has_range == expected.has_range);
    assert_int_equal(choice.notes, expected.notes);
}

static void test_degenerate(void **state)
{
    (void)state;
    const float zeros[5] = {0, -0.0F, 0, 0, -0.0F};
    const float constant[4] = {2.5F, 2.5F, 2.5F, 2.5F};
    const float negative[3] = {-1e-42F, -1e-42F, -1e-42F};
    const float nothing[3] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    const float one[4] = {(float)NAN, 7, (float)INFINITY, (float)NAN};
    const float far[3] = {1e9F, 1e9F, 1e9F};
    for (size_t i = 0; method_name(i); i++)
        for (int scheme = 0; scheme < 2; scheme++) {
            const char *name = method_name(i);
            check_degenerate(name, (enum quant_scheme)scheme, NULL, 0);
            check_degenerate(name, (enum quant_scheme)scheme, zeros, LENGTH(zeros));
            check_degenerate(name, (enum quant_scheme)scheme, constant, LENGTH(constant));
            check_degenerate(name, (enum quant_scheme)scheme, negative, LENGTH(negative));
            check_degenerate(name, (enum quant_scheme)scheme, nothing, LENGTH(nothing));
            check_degenerate(name, (enum quant_scheme)scheme, one, LENGTH(one));
            check_degenerate(name, (enum quant_scheme)scheme, far, LENGTH(far));
        }
}

/* For elements of all kinds, every method finds a finite range inside the observed one, from the
 * finite elements alone. */
static void check_any(const char *name, enum quant_scheme scheme, const float *x, size_t n)
{
    float finite[100];
    size_t nfinite = 0;
    double absmax = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            finite[nfinite++] = x[i];
            absmax = fmax(absmax, fabs((double)x[i]));
        }
    const struct quant_choice choice = calibrate(name, scheme, x, n);
    const struct quant_choice expected = calibrate(name, scheme, finite, nfinite);
    assert_true(choice.has_range == (nfinite > 0));
    /* Elements that are not finite move the others to other lanes: sums may differ in the last
     * bits. */
    for (int end = 0; end < 2 && nfinite > 0; end++) {
        assert_true(fabs(choice.range[end]) <= absmax);
        assert_true(fabs(choice.range[end] - expected.range[end]) <= 1e-12 * absmax);
    }
    assert_true(choice.range[0] <= choice.range[1]);
    assert_true(choice.params.scale > 0 && isfinite(choice.params.scale));
}

static void test_every_method(void **state)
{
    (void)state;
    struct random random = random_begin();
    float x[100];
    for (int round = 0; round < (IS_SLOW_BUILD ? 8 : 30); round++) {
        random_elements(&random, 1, 0, x, LENGTH(x));
        for (size_t i = 0; method_name(i); i++)
            for (int scheme = 0; scheme < 2; scheme++)
                check_any(method_name(i), (enum quant_scheme)scheme, x,
                          1 + random_below(&random, LENGTH(x)));
    }
}

/* Percentile and entropy ignore an outlier, the others follow it, and nothing overflows. */
static void test_outlier(void **state)
{
    (void)state;
    enum { N = 3000 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(random_unit(&random) + random_unit(&random) + random_unit(&random) - 1.5);
    x[777] = 1e30F;
    for (size_t i = 0; method_name(i); i++)
        for (int scheme = 0; scheme < 2; scheme++) {
            const char *name = method_name(i);
            const struct quant_choice choice = calibrate(name, (enum quant_scheme)scheme, x, N);
            const bool is_robust = strcmp(name, "percentile") == 0 || strcmp(name, "entropy") == 0;
            if (is_robust && !(choice.range[1] > 1 && choice.range[1] < 2))
                fail_msg("%s: the range ends at %g", name, choice.range[1]);
            if (!is_robust && !(choice.range[1] > 1e27 && choice.range[1] <= (double)x[777]))
                fail_msg("%s: the range ends at %g", name, choice.range[1]);
            assert_true(choice.range[0] < -1);
        }
}

/* Every row has the functions that a calibrator calls. */
static void test_every_method_has_a_calibrator(void **state)
{
    (void)state;
    const float x[] = {1, 2, 30};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, 3);
    for (size_t i = 0; quant_method_at(i); i++) {
        const struct quant_spec spec = {.calibration = quant_method_at(i)->name};
        struct quant_plan plan;
        assert_int_equal(quant_plan_make(&spec, NULL, &plan, NULL), QUANT_OK);
        struct quant_calibrator *calibrator = quant_calibrator_new(&plan, &observed, 1, NULL);
        assert_non_null(calibrator);
        assert_true(calibrator->done || (calibrator->method->block && calibrator->method->next &&
                                         calibrator->method->adds_up));
        quant_calibrator_free(calibrator);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_arguments),  cmocka_unit_test(test_no_negative_zero),
        cmocka_unit_test(test_degenerate), cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_outlier),    cmocka_unit_test(test_every_method_has_a_calibrator),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
