/* SPDX-License-Identifier: MIT */
/* Paths as a sidecar has them, and the way back. */
#include "../support/files.h"

#include "io/io.h"

static int enter(void **state)
{
    return folder_enter(state) || mkdir("a", 0777) || mkdir("a/b", 0777) || mkdir("ab", 0777) ||
           mkdir("a b", 0777) || symlink("a/b", "link");
}

static void test_relative(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *base;
        const char *relative;
    } rows[] = {
        {"w", "w.json", "w"},
        {"./w", "w.json", "w"},
        {"w", "./w.json", "w"},
        {"a/w", "w.json", "a/w"},
        {"w", "a/w.json", "../w"},
        {"w", "a/b/w.json", "../../w"},
        {"a/w", "a/b/w.json", "../w"},
        {"a/w", "ab/w.json", "../a/w"}, /* a is not ab */
        {"ab/w", "a/w.json", "../ab/w"},
        {"a/b/w", "a/w.json", "b/w"},
        {"a/../w", "w.json", "w"},
        {"a//b///w", "a/./w.json", "b/w"},
        {"a b/w", "a/w.json", "../a b/w"},
        {"link/w", "w.json", "a/b/w"}, /* links to directories are followed */
        {"w", "link/w.json", "../../w"},
        {"link/../w", "w.json", "a/w"},
        {"link", "w.json", "link"}, /* the last component is not */
        {"missing", "gone.json", "missing"},
        {"/w", "/w.json", "w"},
        {"/dev/w", "/w.json", "dev/w"},
        {"/w", "/dev/w.json", "../w"},
        {"/dev/w", "/proc/self/w.json", NULL}, /* depends on the process: see below */
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_error error = {QUANT_OK, ""};
        char *relative = quant_path_relative(rows[i].path, rows[i].base, &error);
        if (!relative)
            fail_msg("%s from %s: %s", rows[i].path, rows[i].base, error.text);
        if (rows[i].relative)
            assert_string_equal(relative, rows[i].relative);
        else
            assert_string_equal(relative, "../../dev/w"); /* /proc/self is a link to /proc/N */
        free(relative);
    }
}

/* While a thread remembers where directories are, the system is not asked again; afterwards it is.
 * There may be more directories than it can remember. */
static void test_memo(void **state)
{
    (void)state;
    struct quant_error error;
    struct quant_path_memo memo;
    assert_int_equal(mkdir("b", 0777) | mkdir("c", 0777) | symlink("b", "moving"), 0);
    quant_path_memo_begin(&memo);
    for (int i = 0; i < 4; i++) {
        static const char *const paths[] = {"moving/w", "moving/w", "a b/w", "link/w"};
        static const char *const relative[] = {"../b/w", "../b/w", "../a b/w", "b/w"};
        char *found = quant_path_relative(paths[i], "a/w.json", &error);
        assert_string_equal(found, relative[i]);
        free(found);
        assert_int_equal(unlink("moving") | symlink("c", "moving"), 0);
    }
    for (int i = 0; i < 2 * QUANT_PATH_MEMO; i++) {
        char path[64];
        snprintf(path, sizeof path, "a/%.*sw", 2 * i, "./././././././././");
        char *found = quant_path_relative(path, "w.json", &error);
        assert_string_equal(found, "a/w");
        free(found);
    }
    quant_path_memo_end(&memo);
    char *found = quant_path_relative("moving/w", "a/w.json", &error);
    assert_string_equal(found, "../c/w");
    free(found);
    assert_int_equal(rmdir("b") | rmdir("c") | unlink("moving"), 0);
}

static void test_unresolved(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *base;
        const char *message;
    } rows[] = {
        {"missing/w", "w.json",
         "cannot express the path of 'missing/w' relative to 'w.json': No such file"},
        {"w", "missing/w.json",
         "cannot express the path of 'w' relative to 'missing/w.json': No such file"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_error error = {QUANT_OK, ""};
        assert_null(quant_path_relative(rows[i].path, rows[i].base, &error));
        check_error(rows[i].path, error.status, &error, QUANT_IO, rows[i].message);
    }
}

static void test_beside(void **state)
{
    (void)state;
    static const struct {
        const char *relative;
        const char *base;
        const char *path;
    } rows[] = {
        {"w", "w.json", "w"},         {"w", "a/w.json", "a/w"}, {"../w", "a/w.json", "a/../w"},
        {"/w", "a/w.json", "/w"},     {"w", "/w.json", "/w"},   {"", "a/w.json", "a/"},
        {"b/w", "./w.json", "./b/w"}, {"w", "a/b/", "a/b/w"},   {"%s%n", "%d/w", "%d/%s%n"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char *path = quant_path_beside(rows[i].relative, rows[i].base);
        assert_non_null(path);
        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

/* From any directory to any other, the relative path leads to the file. */
static void test_there_and_back(void **state)
{
    (void)state;
    static const char *const directories[] = {"",    "./",   "a/",    "a/b/",
                                              "ab/", "a b/", "link/", "a/../"};
    for (size_t i = 0; i < LENGTH(directories) * LENGTH(directories); i++) {
        struct quant_error error;
        char file[32];
        char base[32];
        snprintf(file, sizeof file, "%sw", directories[i % LENGTH(directories)]);
        snprintf(base, sizeof base, "%sw.json", directories[i / LENGTH(directories)]);
        file_write_text(file, file);
        char *relative = quant_path_relative(file, base, &error);
        assert_non_null(relative);
        char *back = quant_path_beside(relative, base);
        assert_non_null(back);
        assert_true(file_has_text(back, file));
        free(back);
        free(relative);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_relative), IN_FOLDER(test_memo),           IN_FOLDER(test_unresolved),
        IN_FOLDER(test_beside),   IN_FOLDER(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
