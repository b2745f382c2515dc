/* SPDX-License-Identifier: MIT */
#include "../support/unit.h"

#include "base/sort.h"

static size_t ncompared;

static int compare(const void *a, const void *b)
{
    ncompared++;
    return *(const int *)a - *(const int *)b;
}

static void test_order(void **state)
{
    (void)state;
    int items[] = {3, 1, 2, 2, 0};
    quant_sort(items, 5, sizeof *items, compare);
    const int expected[] = {0, 1, 2, 2, 3};
    assert_memory_equal(items, expected, sizeof items);
    int last[] = {1, 2, 3, 0};
    quant_sort(last, 4, sizeof *last, compare);
    assert_int_equal(last[0], 0);
    assert_int_equal(last[3], 3);
}

static void test_in_order(void **state)
{
    (void)state;
    int items[] = {0, 1, 1, 5};
    ncompared = 0;
    quant_sort(items, 4, sizeof *items, compare);
    assert_int_equal(ncompared, 3);
    assert_int_equal(items[3], 5);
    quant_sort(items, 1, sizeof *items, compare);
    quant_sort(NULL, 0, sizeof *items, compare);
    assert_int_equal(ncompared, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
