/* SPDX-License-Identifier: MIT */
/* The version is the same wherever it can be read. */
#include <quant/quant.h>
#include <stdio.h>

#include "support/unit.h"

static void version_is_one(void **state)
{
    (void)state;
    char numbers[32];
    snprintf(numbers, sizeof numbers, "%d.%d.%d", QUANT_VERSION_MAJOR, QUANT_VERSION_MINOR,
             QUANT_VERSION_PATCH);
    assert_string_equal(QUANT_VERSION, numbers);
    assert_string_equal(quant_version(), QUANT_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(version_is_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
