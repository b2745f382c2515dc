/* SPDX-License-Identifier: MIT */
/* The choice by a plan: which range it takes, and which method it names. core/range_params tests
 * the parameters. */
#include "methods/plan_choose.h"

#include <math.h>
#include <string.h>

#include "../support/unit.h"
#include "methods/plan_make.h"

static const float elements[] = {1, -0.0F, 2, 30};

static struct quant_plan make(const struct quant_spec *spec)
{
    struct quant_plan plan;
    assert_int_equal(quant_plan_make(spec, NULL, &plan, NULL), QUANT_OK);
    return plan;
}

static struct quant_choice choose(const struct quant_spec *spec, const double range[2])
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_error error;
    const struct quant_plan plan = make(spec);
    quant_observe(&observed, elements, LENGTH(elements));
    if (quant_plan_choose(&plan, &observed, range, &choice, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    return choice;
}

static void check(const struct quant_choice *choice, double lo, double hi, const char *method)
{
    assert_true(choice->has_range && choice->range[0] == lo && choice->range[1] == hi);
    if (method)
        assert_string_equal(choice->calibration, method);
    else
        assert_null(choice->calibration);
}

static void test_ranges(void **state)
{
    (void)state;
    const double found[2] = {-3, 4};
    struct quant_choice choice = choose(&(struct quant_spec){0}, NULL);
    check(&choice, 0, 30, "minmax");
    assert_false(signbit(choice.range[0])); /* -0 is the min */
    assert_false(choice.has_calibration_argument);
    choice = choose(&(struct quant_spec){.calibration = "sigma"}, found);
    check(&choice, -3, 4, "sigma");
    assert_true(choice.has_calibration_argument && choice.calibration_argument == 3);
    struct quant_spec spec = {.has_clip = true, .clip = {-1, 2}, .calibration = "mse"};
    choice = choose(&spec, found);
    check(&choice, -1, 2, NULL);
    spec.clip_is_calibrated = true;
    choice = choose(&spec, NULL);
    check(&choice, -1, 2, "mse");
}

static void test_no_range(void **state)
{
    (void)state;
    const struct quant_spec specs[] = {{.has_scale = true, .scale = 0.5F},
                                       {.dtype = QUANT_FLOAT16}};
    for (size_t i = 0; i < LENGTH(specs); i++) {
        const struct quant_choice choice = choose(&specs[i], NULL);
        assert_false(choice.has_range);
        assert_null(choice.calibration);
        assert_true(choice.params.scale == (i == 0 ? 0.5F : 1));
    }
}

/* Without a finite element every method makes the same choice; auto names the first method. */
static void test_nothing(void **state)
{
    (void)state;
    static const char *const methods[][2] = {
        {NULL, "minmax"}, {"percentile", "percentile"}, {"auto", "minmax"}};
    const struct quant_observed observed = QUANT_OBSERVED_INIT;
    for (size_t i = 0; i < LENGTH(methods); i++) {
        const struct quant_plan plan = make(&(struct quant_spec){.calibration = methods[i][0]});
        struct quant_choice choice;
        assert_int_equal(quant_plan_choose(&plan, &observed, NULL, &choice, NULL), QUANT_OK);
        const struct quant_choice nothing = quant_plan_choose_nothing(&plan);
        assert_memory_equal(&choice.params, &nothing.params, sizeof choice.params);
        assert_true(!choice.has_range && choice.params.scale == 1);
        assert_string_equal(choice.calibration, methods[i][1]);
    }
}

static void test_nonfinite(void **state)
{
    (void)state;
    const float x[] = {1, INFINITY, (float)NAN};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_error error;
    quant_observe(&observed, x, LENGTH(x));
    struct quant_plan plan = make(&(struct quant_spec){0});
    assert_int_equal(quant_plan_choose(&plan, &observed, NULL, &choice, &error), QUANT_NONFINITE);
    plan.nonfinite = QUANT_NONFINITE_SATURATE;
    assert_int_equal(quant_plan_choose(&plan, &observed, NULL, &choice, &error), QUANT_OK);
    check(&choice, 0, 1, "minmax"); /* a constant: zero is included */
}

/* For most methods the observations are not enough. */
static void test_choose_needs_elements(void **state)
{
    (void)state;
    const float x[] = {1, 2, 30};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, 3);
    const struct quant_spec spec = {.calibration = "sigma"};
    struct quant_choice choice;
    struct quant_error error;
    assert_int_equal(quant_choose(&spec, &observed, &choice, &error), QUANT_INVALID);
    assert_string_equal(error.text,
                        "the calibration method 'sigma' needs the elements: call quant_calibrate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_no_range),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_nonfinite),
        cmocka_unit_test(test_choose_needs_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
