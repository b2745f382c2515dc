/* SPDX-License-Identifier: MIT */
/* A list holds copies of what was added, in order, however often it has grown. */
#include "base/growing_list.h"

#include <stdint.h>
#include <stdlib.h>

#include "../support/unit.h"

struct pair {
    uint64_t first;
    uint32_t second;
};

static void test_add(void **state)
{
    (void)state;
    enum { N = 1000 };
    struct quant_growing_list list = {NULL, 0, 0};
    for (uint32_t i = 0; i < N; i++) {
        struct pair pair = {(uint64_t)i << 32, N - i};
        assert_true(quant_growing_list_add(&list, &pair, sizeof pair));
        pair.first = 1; /* the list has a copy */
        assert_int_equal(list.n, i + 1);
        assert_in_range(list.room, list.n, 2 * N);
    }
    const struct pair *pairs = list.items;
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(pairs[i].first, (uint64_t)i << 32);
        assert_int_equal(pairs[i].second, N - i);
    }
    free(list.items);
}

/* A size that overflows is refused before anything is allocated, and the list stays as it was. */
static void test_too_much(void **state)
{
    (void)state;
    struct quant_growing_list list = {NULL, 0, 0};
    unsigned char item = 7;
    assert_false(quant_growing_list_add(&list, &item, SIZE_MAX / 2));
    assert_int_equal(list.n, 0);
    assert_true(quant_growing_list_add(&list, &item, sizeof item));
    assert_int_equal(*(unsigned char *)list.items, 7);
    free(list.items);
}

static void test_keep(void **state)
{
    (void)state;
    struct quant_growing_list list = {NULL, 0, 0};
    struct quant_arena arena = {NULL};
    assert_non_null(quant_growing_list_keep(&list, sizeof(int), &arena));
    for (int i = 0; i < 100; i++)
        assert_true(quant_growing_list_add(&list, &i, sizeof i));
    const int *kept = quant_growing_list_keep(&list, sizeof(int), &arena);
    free(list.items);
    assert_non_null(kept);
    for (int i = 0; i < 100; i++)
        assert_int_equal(kept[i], i);
    quant_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
