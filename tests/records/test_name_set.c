/* SPDX-License-Identifier: MIT */
/* A name that occurs twice is found, and no other. */
#include "../support/unit.h"

#include <stdio.h>

#include "records/name_set.h"

enum { N = 5000 };

static void add_names(struct quant_name_set *set)
{
    for (uint64_t i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%llu", (unsigned long long)i);
        assert_true(quant_name_set_add(set, name, i));
    }
}

static void test_distinct(void **state)
{
    (void)state;
    struct quant_name_set set = {.n = 0};
    uint64_t offset;
    assert_false(quant_name_set_find_duplicate(&set, &offset));
    add_names(&set);
    assert_false(quant_name_set_find_duplicate(&set, &offset));
    quant_name_set_release(&set);
    assert_null(set.records);
}

static void test_duplicate(void **state)
{
    (void)state;
    static const char *const names[] = {"t0", "t77", "t4999"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct quant_name_set set = {.n = 0};
        uint64_t offset = 0;
        add_names(&set);
        assert_true(quant_name_set_add(&set, names[i], N + i));
        assert_true(quant_name_set_find_duplicate(&set, &offset));
        assert_true(offset == N + i);
        quant_name_set_release(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_duplicate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
