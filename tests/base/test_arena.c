/* SPDX-License-Identifier: MIT */
/* What is taken from an arena is aligned, does not overlap, and lives until release. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "../support/unit.h"

static void test_take(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 65535, 65536, 65537, 1 << 20, 3};
    struct quant_arena arena = {NULL};
    unsigned char *taken[20 * LENGTH(sizes)];
    for (size_t i = 0; i < LENGTH(taken); i++) {
        taken[i] = quant_arena_take(&arena, sizes[i % LENGTH(sizes)]);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        memset(taken[i], (int)i, sizes[i % LENGTH(sizes)]);
    }
    for (size_t i = 0; i < LENGTH(taken); i++)
        for (size_t j = 0; j < sizes[i % LENGTH(sizes)]; j++)
            assert_int_equal(taken[i][j], (unsigned char)i);
    quant_arena_release(&arena);
    assert_null(arena.blocks);
    quant_arena_release(&arena);
}

static void test_too_much(void **state)
{
    (void)state;
    struct quant_arena arena = {NULL};
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2};
    for (size_t i = 0; i < LENGTH(sizes); i++)
        assert_null(quant_arena_take(&arena, sizes[i]));
    assert_non_null(quant_arena_take(&arena, 1));
    quant_arena_release(&arena);
}

static void test_join(void **state)
{
    (void)state;
    struct quant_arena arena = {NULL};
    assert_string_equal(quant_arena_join(&arena, "name", "_scale"), "name_scale");
    assert_string_equal(quant_arena_join(&arena, "name", ""), "name");
    assert_string_equal(quant_arena_join(&arena, "", ""), "");
    quant_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
