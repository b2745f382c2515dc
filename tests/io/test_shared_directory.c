/* SPDX-License-Identifier: MIT */
/* What is known of a directory that many files share: never more than what was in it. */
#include "../support/files.h"

#include <sys/stat.h>

#include "io/shared_directory.h"

static void test_empty(void **state)
{
    (void)state;
    struct quant_shared_directory directory;
    assert_int_equal(mkdir("q", 0777), 0);
    quant_shared_directory_init(&directory, "q/a.npy");
    assert_true(quant_shared_directory_was_free(&directory, "q/a.npy"));
    assert_true(quant_shared_directory_was_free(&directory, "q/b.npy"));
    assert_true(quant_shared_directory_no_sidecar(&directory, "q/b.npy"));
    static const char *const others[] = {"a.npy", "q",         "q/",      "q/.",
                                         "q/..",  "q/r/a.npy", "p/a.npy", "-"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(quant_shared_directory_was_free(&directory, others[i]));
    assert_false(quant_shared_directory_was_free(NULL, "q/a.npy"));
    assert_false(quant_shared_directory_no_sidecar(NULL, "q/a.npy"));
}

static void test_full(void **state)
{
    (void)state;
    struct quant_shared_directory directory;
    file_write_text(".hidden", "x");
    quant_shared_directory_init(&directory, "a.npy");
    assert_false(quant_shared_directory_was_free(&directory, "b.npy"));
    assert_true(quant_shared_directory_no_sidecar(&directory, "b.npy"));
    assert_true(quant_shared_directory_has(&directory, "b.npy"));
    assert_false(quant_shared_directory_has(&directory, "./b.npy")); /* the same, but not as text */
    file_write_text("c.npy.json", "{}");
    quant_shared_directory_init(&directory, "a.npy");
    assert_false(quant_shared_directory_no_sidecar(&directory, "b.npy"));
}

static void test_missing(void **state)
{
    (void)state;
    struct quant_shared_directory directory;
    quant_shared_directory_init(&directory, "q/a.npy");
    assert_true(quant_shared_directory_has(&directory, "q/b.npy"));
    assert_false(quant_shared_directory_was_free(&directory, "q/b.npy"));
    assert_false(quant_shared_directory_no_sidecar(&directory, "q/b.npy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_full, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_missing, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
