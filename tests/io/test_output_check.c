/* SPDX-License-Identifier: MIT */
/* What opening an output would refuse: the same status and text, and nothing is created. */
#include "../support/files.h"

#include "io/io.h"

static void test_like_opening(void **state)
{
    (void)state;
    static const char *const paths[] = {"new", "old",  "dir",      "link", "broken/new", "far",
                                        "",    "fifo", "old/file", "-",    "/dev/null",  "sub/new"};
    file_write("old", "x", 1);
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(mkdir("sub", 0777), 0);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    assert_int_equal(symlink("old", "link"), 0);
    assert_int_equal(symlink("nowhere", "broken"), 0);
    assert_int_equal(symlink("nowhere", "far"), 0);
    const int before = folder_count(".");
    for (size_t i = 0; i < 2 * sizeof paths / sizeof paths[0]; i++) {
        const char *path = paths[i / 2];
        const bool force = i % 2;
        struct quant_error checked = {.status = QUANT_OK};
        struct quant_error opened = {.status = QUANT_OK};
        struct quant_file_output output;
        const enum quant_status status = quant_output_check(path, force, &checked);
        assert_int_equal(folder_count("."), before);
        if (strcmp(path, "fifo") == 0 || strcmp(path, "broken/new") == 0) {
            assert_int_equal(status, QUANT_OK); /* opening waits; the directory may be made */
            continue;
        }
        assert_int_equal(status, quant_output_open(&output, path, force, &never, &opened));
        quant_output_discard(&output);
        assert_string_equal(checked.text, opened.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_like_opening, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
