/* SPDX-License-Identifier: MIT */
/* The observed range. */
#include <math.h>

#include "../support/unit.h"
#include "calibrate.h"

static void test_minmax(void **state)
{
    (void)state;
    const float x[] = {3, -(float)INFINITY, -0x1.123456p-3F, (float)NAN, 0x1.FFFFFEp127F};
    const struct quant_choice choice = calibrate("minmax", QUANT_ABSMAX, x, LENGTH(x));
    assert_true(choice.range[0] == -0x1.123456p-3);
    assert_true(choice.range[1] == 0x1.FFFFFEp127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_minmax)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
