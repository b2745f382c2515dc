/* SPDX-License-Identifier: MIT */
/* What is known of free space before anything is written. No test fills a disk: needs that no disk
 * can meet do the same. */
#include "../support/files.h"

#include "io/free_space.h"

static const uint64_t TOO_MUCH = UINT64_C(1) << 62;

/* Some file systems are never counted: then the tests have nothing to say. */
static bool is_counted(void)
{
    struct quant_free_space space;
    return quant_free_space_find(".", &space);
}

static void test_find(void **state)
{
    (void)state;
    static const char *const paths[] = {"w.npy",        "./w.npy", "new/w.npy",
                                        "new/er/w.npy", "old/w",   "link"};
    struct quant_free_space here;
    struct quant_free_space space;
    assert_int_equal(mkdir("old", 0777), 0);
    assert_int_equal(symlink("old", "link"), 0);
    if (!is_counted())
        skip();
    assert_true(quant_free_space_find(".", &here));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_true(quant_free_space_find(paths[i], &space));
        assert_true(space.device == here.device);
        assert_true(space.available > 0);
    }
    file_write("file", "x", 1);
    assert_false(quant_free_space_find("file/w.npy", &space)); /* not a directory */
    assert_false(quant_free_space_find("", &space));
    assert_false(quant_free_space_find("/proc/w.npy", &space)); /* no blocks */
    assert_int_equal(folder_count("."), 3);
}

static void test_check(void **state)
{
    (void)state;
    struct quant_error error;
    const struct quant_space_need small[] = {{"a", 1}, {"b", 1}, {"-", TOO_MUCH}};
    const struct quant_space_need streams[] = {{"/dev/null", TOO_MUCH}, {"-", TOO_MUCH}};
    assert_int_equal(quant_free_space_check(small, 3, &error), QUANT_OK);
    assert_int_equal(quant_free_space_check(streams, 2, &error), QUANT_OK);
    assert_int_equal(quant_free_space_check(NULL, 0, &error), QUANT_OK);
    if (!is_counted())
        skip();
    const struct quant_space_need large[] = {{"a", 1}, {"new/b", TOO_MUCH}};
    assert_int_equal(quant_free_space_check(large, 2, &error), QUANT_IO);
    assert_non_null(strstr(error.text, "cannot write 'new/b': No space left on device: "
                                       "4611686018427387905 bytes are needed, "));
    const struct quant_space_need beyond[] = {{"a", UINT64_MAX}, {"b", UINT64_MAX}};
    assert_int_equal(quant_free_space_check(beyond, 2, &error), QUANT_IO);
}

/* Each fits, both do not. */
static void test_together(void **state)
{
    (void)state;
    struct quant_free_space space;
    struct quant_error error;
    if (!is_counted())
        skip();
    assert_true(quant_free_space_find(".", &space));
    if (space.available < 1 << 20 || space.available == UINT64_MAX)
        skip();
    /* Others may write or remove files meanwhile: two thirds leave room for that. */
    const uint64_t most = space.available / 3 * 2;
    const struct quant_space_need needs[] = {{"a", most}, {"b", most}};
    assert_int_equal(quant_free_space_check(needs, 1, &error), QUANT_OK);
    assert_int_equal(quant_free_space_check(needs, 2, &error), QUANT_IO);
    assert_non_null(strstr(error.text, "'b'"));
}

/* What was announced is counted until the system is asked again. */
static void test_shared(void **state)
{
    (void)state;
    struct quant_error error;
    struct quant_shared_directory directory = quant_shared_directory_named("a");
    const struct quant_space_need small[] = {{"a", 100}, {"b", 28}};
    const struct quant_space_need large[] = {{"a", 1}, {"b", TOO_MUCH}};
    if (!is_counted())
        skip();
    assert_int_equal(quant_free_space_check_shared(NULL, small, 2, &error), QUANT_OK);
    assert_int_equal(quant_free_space_check_shared(&directory, small, 2, &error), QUANT_OK);
    const uint64_t room = atomic_load(&directory.room);
    assert_true(room > 128);
    assert_int_equal(quant_free_space_check_shared(&directory, small, 2, &error), QUANT_OK);
    assert_true(atomic_load(&directory.room) == room - 128);
    assert_int_equal(quant_free_space_check_shared(&directory, large, 2, &error), QUANT_IO);
    assert_non_null(strstr(error.text, "cannot write 'b': No space left on device"));
    atomic_store(&directory.room, 127);
    assert_int_equal(quant_free_space_check_shared(&directory, small, 2, &error), QUANT_OK);
    assert_true(atomic_load(&directory.room) > 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_find, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_check, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_together, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_shared, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
