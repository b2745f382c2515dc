/* SPDX-License-Identifier: MIT */
/* Mean and standard deviation, by hand and where cancellation would show. */
#include <float.h>
#include <math.h>

#include "calibrate.h"

static void test_by_hand(void **state)
{
    (void)state;
    /* Mean 5, deviation 2. */
    const float x[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct quant_choice choice = calibrate_with("sigma", 1, QUANT_ZERO_POINT, x, LENGTH(x));
    assert_true(choice.range[0] == 3 && choice.range[1] == 7);
    choice = calibrate_with("sigma", 1.75, QUANT_ZERO_POINT, x, LENGTH(x));
    assert_true(choice.range[0] == 2 && choice.range[1] == 8.5); /* no further than observed */
    choice = calibrate("sigma", QUANT_ZERO_POINT, x, LENGTH(x));
    assert_true(choice.range[0] == 2 && choice.range[1] == 9);
    choice = calibrate_with("sigma", 1, QUANT_ABSMAX, x, LENGTH(x));
    assert_true(choice.range[0] == -7 && choice.range[1] == 7);
    const float y[] = {-2, -4, -4, -4, -5, -5, -7, -9, (float)NAN, (float)INFINITY};
    choice = calibrate_with("sigma", 1, QUANT_ABSMAX, y, LENGTH(y));
    assert_true(choice.range[0] == -7 && choice.range[1] == 7);
}

/* Two values, far from zero and close together. */
static void test_far(void **state)
{
    (void)state;
    enum { N = 100000 };
    static float x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = i % 4 == 0 ? 16777216.0F : 16777214.0F; /* deviation: 2 * sqrt(3) / 4 */
    const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT,
                                    .calibration = "sigma",
                                    .has_calibration_argument = true,
                                    .calibration_argument = 0.5};
    struct quant_choice choice;
    assert_int_equal(quant_calibrate(&spec, x, N, &choice, NULL), QUANT_OK);
    /* So narrow that the scale is raised: lo stays. */
    assert_true(choice.notes & QUANT_NOTE_SCALE_RAISED_FAR);
    assert_true(fabs(choice.range[0] - (16777214.5 - 0.5 * sqrt(0.75))) < 1e-8);
}

static void test_extremes(void **state)
{
    (void)state;
    const float x[] = {FLT_MAX, -FLT_MAX, FLT_MAX, -FLT_MAX};
    struct quant_choice choice = calibrate_with("sigma", 1e30, QUANT_ZERO_POINT, x, LENGTH(x));
    assert_true(choice.range[0] == -(double)FLT_MAX && choice.range[1] == (double)FLT_MAX);
    const float tiny[] = {1e-45F, -1e-45F, 1e-45F, -1e-45F};
    choice = calibrate_with("sigma", 0.5, QUANT_ZERO_POINT, tiny, LENGTH(tiny));
    assert_true(choice.range[0] == 0.5 * (double)tiny[1] && choice.range[1] == -choice.range[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_far),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
