/* SPDX-License-Identifier: MIT */
/* The table of calibration methods, and what each makes of what was observed. */
#include "core/calibration.h"

#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"

static void test_table(void **state)
{
    (void)state;
    size_t n = 0;
    for (; quant_calibration_name(n); n++) {
        const char *name = quant_calibration_name(n);
        assert_string_equal(quant_calibration_from_name(name)->name, name);
        assert_string_equal(quant_calibration_from_name(name)->summary,
                            quant_calibration_summary(n));
        assert_true(strlen(quant_calibration_summary(n)) > 0);
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(name, quant_calibration_name(k));
    }
    assert_true(n > 0);
    assert_null(quant_calibration_name(n));
    assert_null(quant_calibration_summary(n));
    assert_null(quant_calibration_name(SIZE_MAX));
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(quant_calibration_from_name(NULL)->name, "minmax");
    assert_string_equal(quant_calibration_name(0), "minmax");
    assert_null(quant_calibration_from_name(""));
    assert_null(quant_calibration_from_name("minma"));
    assert_null(quant_calibration_from_name("minmaxx"));
    assert_null(quant_calibration_from_name("MinMax"));
}

static void range_of(const char *name, const float *x, size_t n, double range[2])
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    quant_calibration_from_name(name)->range(&observed, &range[0], &range[1]);
}

static void test_minmax(void **state)
{
    (void)state;
    const float x[] = {3, -(float)INFINITY, -0x1.123456p-3F, (float)NAN, 0x1.FFFFFEp127F};
    double range[2];
    range_of("minmax", x, LENGTH(x), range);
    assert_true(range[0] == -0x1.123456p-3);
    assert_true(range[1] == 0x1.FFFFFEp127);
}

/* Which of -0 and 0 came first must not show in the range. */
static void test_minmax_has_no_negative_zero(void **state)
{
    (void)state;
    const float zeros[][2] = {{-0.0F, 0}, {0, -0.0F}, {-0.0F, -0.0F}, {-0.0F, 5}, {-5, -0.0F}};
    for (size_t i = 0; i < LENGTH(zeros); i++) {
        double range[2];
        range_of(NULL, zeros[i], 2, range);
        assert_false(range[0] == 0 && signbit(range[0]));
        assert_false(range[1] == 0 && signbit(range[1]));
    }
}

/* Every method: an increasing range of finite numbers, that of a single element is that element. */
static void test_every_method(void **state)
{
    (void)state;
    struct random random = random_begin();
    float x[100];
    for (size_t i = 0; quant_calibration_name(i); i++)
        for (int round = 0; round < 200; round++) {
            double range[2];
            random_elements(&random, 1, 0, x, LENGTH(x));
            x[50] = (float)round;
            range_of(quant_calibration_name(i), x, LENGTH(x), range);
            assert_true(isfinite(range[0]) && isfinite(range[1]) && range[0] <= range[1]);
            range_of(quant_calibration_name(i), x + 50, 1, range);
            assert_true(range[0] == round && range[1] == round);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_minmax),       cmocka_unit_test(test_minmax_has_no_negative_zero),
        cmocka_unit_test(test_every_method),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
