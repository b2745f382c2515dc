/* SPDX-License-Identifier: MIT */
/* The report of several tensors together is that of all their elements. */
#include "reports.h"

#define assert_nan(value) assert_true(isnan(value))

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* Three tensors added up, against one report of all elements. */
static void test_sum_of_parts(void **state)
{
    (void)state;
    enum { N = 9000 };
    static float x[N];
    struct random random = random_begin();
    const struct quant_params params = unit_params();
    random_data(&random, &params, x, N);
    struct quant_report whole = report_of(&params, x, N);
    struct quant_report total;
    quant_report_init(&total);
    const size_t ends[] = {0, 1, 5000, 5000, N};
    whole.bytes_out += 4 * (LENGTH(ends) - 2); /* each part has its own scale */
    whole.ratio = (double)whole.bytes_in / (double)whole.bytes_out;
    whole.bits_per_element = 8 * (double)whole.bytes_out / N;
    for (size_t i = 0; i + 1 < LENGTH(ends); i++) {
        const struct quant_report part = report_of(&params, x + ends[i], ends[i + 1] - ends[i]);
        quant_report_add(&total, &part);
    }
    for (size_t i = 0; quant_figure_at(i); i++) {
        const struct quant_figure *figure = quant_figure_at(i);
        if (!figure->has_total)
            continue;
        if (figure->is_count)
            assert_true(figure->get(&total) == figure->get(&whole));
        else
            assert_near(figure->get(&total), figure->get(&whole));
    }
    assert_true(total.max_abs_error == whole.max_abs_error);
    assert_true(total.max_abs_error_x == whole.max_abs_error_x);
    assert_true(total.max_abs_error_restored == whole.max_abs_error_restored);
}

/* By hand: 0.25 is lost from {0.25}, nothing from {3, -4}. */
static void test_worked_total(void **state)
{
    (void)state;
    const float lossy[] = {0.25F};
    const float exact[] = {3, -4};
    const struct quant_params params = unit_params();
    struct quant_report report = report_of(&params, lossy, 1);
    struct quant_report total;
    quant_report_init(&total);
    quant_report_add(&total, &report);
    assert_nan(total.cosine); /* restored as zeros */
    report = report_of(&params, exact, 2);
    quant_report_add(&total, &report);
    assert_int_equal(total.n, 3);
    assert_true(total.mse == 0.0625 / 3 && total.mean_error == 0.25 / 3);
    assert_true(total.max_abs_error == 0.25 && total.max_abs_error_x == 0.25);
    assert_near(total.sqnr_db, 10 * log10(25.0625 / 0.0625));
    assert_near(total.cosine, 25 / (sqrt(25.0625) * 5));
    assert_int_equal(total.zeroed, 1);
    assert_int_equal(total.bytes_in, 12);
}

static void test_total_of_nothing(void **state)
{
    (void)state;
    struct quant_report total;
    quant_report_init(&total);
    const float nan = (float)NAN;
    const struct quant_params params = unit_params();
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(total.n, 0);
        assert_nan(total.mse);
        assert_nan(total.sqnr_db);
        assert_nan(total.max_abs_error);
        const struct quant_report report = report_of(&params, &nan, 1);
        quant_report_add(&total, &report);
        assert_int_equal(total.nonfinite, n + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum_of_parts),
        cmocka_unit_test(test_worked_total),
        cmocka_unit_test(test_total_of_nothing),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
