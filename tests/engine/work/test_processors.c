/* SPDX-License-Identifier: MIT */
/* The processors are those that the process may use, not those of the machine. */
#include <quant/file.h>
#include <sched.h>

#include "../../support/unit.h"

static void test_all(void **state)
{
    (void)state;
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(quant_processors(), CPU_COUNT(&set));
}

static void test_only_one(void **state)
{
    (void)state;
    cpu_set_t all;
    cpu_set_t one;
    size_t first = 0;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(quant_processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_only_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
