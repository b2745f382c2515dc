/* SPDX-License-Identifier: MIT */
/* The table of figures: keys, and which field of the report each of them shows. */
#include <math.h>
#include <quant/quant.h>
#include <string.h>

#include "../support/unit.h"

/* Each field has its own value, in the order of the report. */
static const struct quant_report report = {.n = 1,
                                           .nonfinite = 2,
                                           .mse = 3.25,
                                           .rmse = 4.25,
                                           .mae = 5.25,
                                           .sum_squared_error = 6.25,
                                           .sum_abs_error = 7.25,
                                           .max_abs_error = 8.25,
                                           .max_abs_error_index = 9,
                                           .max_abs_error_x = 10.25,
                                           .max_abs_error_restored = 11.25,
                                           .mean_error = 12.25,
                                           .sqnr_db = 13.25,
                                           .cosine = 14.25,
                                           .clipped = 15,
                                           .zeroed = 16,
                                           .sign_flipped = 17,
                                           .levels_used = 18,
                                           .levels = 256,
                                           .bytes_in = 19,
                                           .bytes_out = 20,
                                           .ratio = 21.25,
                                           .bits_per_element = 22.25};

struct expected {
    const char *key;
    double value; /* in `report`; counts are whole */
};

static const struct expected figures[] = {
    {"n", 1},
    {"nonfinite", 2},
    {"mse", 3.25},
    {"rmse", 4.25},
    {"mae", 5.25},
    {"sum_squared_error", 6.25},
    {"sum_abs_error", 7.25},
    {"max_abs_error", 8.25},
    {"max_abs_error_index", 9},
    {"max_abs_error_x", 10.25},
    {"max_abs_error_restored", 11.25},
    {"mean_error", 12.25},
    {"sqnr_db", 13.25},
    {"cosine", 14.25},
    {"clipped", 15},
    {"zeroed", 16},
    {"sign_flipped", 17},
    {"levels_used", 18},
    {"bytes_in", 19},
    {"bytes_out", 20},
    {"ratio", 21.25},
    {"bits_per_element", 22.25},
};

static void test_every_figure(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(figures); i++) {
        const struct quant_figure *figure = quant_figure_at(i);
        assert_non_null(figure);
        assert_string_equal(figure->key, figures[i].key);
        if (figure->get(&report) != figures[i].value)
            fail_msg("%s: found %g", figure->key, figure->get(&report));
        assert_true(figure->is_count == (figures[i].value == floor(figures[i].value)));
        const bool is_of_one = strstr(figure->key, "max_abs_error_") || figure->get(&report) == 18;
        assert_true(figure->has_total == !is_of_one);
        assert_true(strlen(figure->summary) > 0);
        assert_ptr_equal(quant_figure_from_key(figures[i].key), figure);
    }
    assert_null(quant_figure_at(LENGTH(figures)));
    assert_null(quant_figure_at(SIZE_MAX));
}

static void test_keys_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; quant_figure_at(i); i++)
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(quant_figure_at(i)->key, quant_figure_at(k)->key);
            assert_string_not_equal(quant_figure_at(i)->summary, quant_figure_at(k)->summary);
        }
}

static void test_unknown_keys(void **state)
{
    (void)state;
    assert_null(quant_figure_from_key(""));
    assert_null(quant_figure_from_key("MSE"));
    assert_null(quant_figure_from_key("ms"));
    assert_null(quant_figure_from_key("mse "));
    assert_null(quant_figure_from_key("levels"));
}

/* If no element was measured there is no largest error: its index is null, not 0. */
static void test_index_of_nothing(void **state)
{
    (void)state;
    const struct quant_report nothing = {.n = 0};
    assert_true(isnan(quant_figure_from_key("max_abs_error_index")->get(&nothing)));
    const struct quant_report one = {.n = 1};
    assert_true(quant_figure_from_key("max_abs_error_index")->get(&one) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_figure),
        cmocka_unit_test(test_keys_are_unique),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_index_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
