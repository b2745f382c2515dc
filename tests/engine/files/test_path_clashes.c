/* SPDX-License-Identifier: MIT */
/* One file in two roles is found however it is written; and what outputs are called. */
#include "../../support/files.h"

#include <time.h>

#include "io/sidecar_names.h"

static int enter(void **state)
{
    if (folder_enter(state) || mkdir("a", 0777) || mkdir("b", 0777) || symlink("a", "to_a") ||
        mkfifo("fifo", 0666))
        return -1;
    file_write_text("w", "1");
    file_write_text("v", "2");
    file_write_text("a/w", "3");
    return link("w", "hard") || symlink("w", "soft") || symlink("soft", "softer") ||
           symlink("nowhere", "dangling");
}

/* ---- Two jobs ---- */

/* The first job that clashes, in words; "" where none does. */
static const char *find_clash(const char *const *inputs, const char *const *outputs,
                              const char *const *sidecars, const char *const *scales, size_t n)
{
    static char text[256];
    struct quant_error error;
    struct quant_clash *clashes = malloc((n + 1) * sizeof *clashes);
    assert_non_null(clashes);
    check_ok(quant_file_find_clashes(inputs, outputs, sidecars, scales, n, clashes, &error),
             &error);
    text[0] = '\0';
    for (size_t i = 0; i < n && text[0] == '\0'; i++) {
        const struct quant_clash *clash = &clashes[i];
        if (!clash->path)
            continue;
        snprintf(text, sizeof text, "job %zu: '%s' is the %s '%s' of job %zu", i, clash->path,
                 clash->is_input ? "input" : "output", clash->other, clash->job);
    }
    free(clashes);
    return text;
}

static void check_clash(const char *label, const char *found, const char *expected)
{
    if (strcmp(found, expected) != 0)
        fail_msg("%s: found \"%s\", expected \"%s\"", label, found, expected);
}

static const struct {
    const char *inputs[2];
    const char *outputs[2];
    const char *sidecars[2];
    const char *clash; /* NULL: none */
} jobs[] = {
    {{"w", "v"}, {"w.q", "v.q"}, {"w.q.json", "v.q.json"}, NULL},
    {{"w", "w"}, {"1", "2"}, {"3", "4"}, NULL}, /* an input may be read twice */
    {{"w", "hard"}, {"1", "2"}, {"3", "4"}, NULL},
    {{"w", "v"}, {NULL, NULL}, {NULL, NULL}, NULL},
    {{NULL, NULL}, {"1", "2"}, {"3", "4"}, NULL},
    {{"-", "-"}, {"-", "-"}, {"1", "2"}, NULL},
    {{"-", "-"}, {"/dev/null", "/dev/null"}, {"1", "2"}, NULL},
    {{"fifo", "fifo"}, {"fifo", "fifo"}, {"1", "2"}, NULL},
    {{"w", "v"}, {"a/1", "b/1"}, {"a/2", "b/2"}, NULL},
    {{"w", "v"}, {"missing/1", "missing/2"}, {"2", "3"}, NULL},
    {{"w", "v"}, {"missing/1", "gone/1"}, {"2", "3"}, NULL},
    /* A directory that is not there yet is known by its path. */
    {{"w", "v"},
     {"missing/1", "missing/1"},
     {"2", "3"},
     "job 1: 'missing/1' is the output 'missing/1' of job 0"},
    {{"missing", "gone"}, {"1", "2"}, {"3", "4"}, NULL},
    /* An output is an input. */
    {{"w", "v"}, {"w", "2"}, {"3", "4"}, "job 0: 'w' is the input 'w' of job 0"},
    {{"w", "v"}, {"v", "2"}, {"3", "4"}, "job 0: 'v' is the input 'v' of job 1"},
    {{"w", "v"}, {"1", "hard"}, {"3", "4"}, "job 1: 'hard' is the input 'w' of job 0"},
    {{"w", "v"}, {"1", "soft"}, {"3", "4"}, "job 1: 'soft' is the input 'w' of job 0"},
    {{"softer", "v"}, {"hard", "2"}, {"3", "4"}, "job 0: 'hard' is the input 'softer' of job 0"},
    {{"w", "v"}, {"./w", "2"}, {"3", "4"}, "job 0: './w' is the input 'w' of job 0"},
    {{"w", "v"}, {"a/../w", "2"}, {"3", "4"}, "job 0: 'a/../w' is the input 'w' of job 0"},
    {{"a/w", "v"}, {"to_a/w", "2"}, {"3", "4"}, "job 0: 'to_a/w' is the input 'a/w' of job 0"},
    {{"w", "v"}, {"1", "2"}, {"3", "v"}, "job 1: 'v' is the input 'v' of job 1"},
    {{"w", "v"}, {"1", "2"}, {"w", "4"}, "job 0: 'w' is the input 'w' of job 0"},
    {{"missing", "v"},
     {"1", "missing"},
     {"3", "4"},
     "job 1: 'missing' is the input 'missing' of job 0"},
    /* Two outputs are one: the first job may write it. */
    {{"w", "v"}, {"1", "1"}, {"3", "4"}, "job 1: '1' is the output '1' of job 0"},
    {{"w", "v"}, {"1", "./1"}, {"3", "4"}, "job 1: './1' is the output '1' of job 0"},
    {{"w", "v"}, {"1", "a/../1"}, {"3", "4"}, "job 1: 'a/../1' is the output '1' of job 0"},
    {{"w", "v"}, {"a/1", "to_a/1"}, {"3", "4"}, "job 1: 'to_a/1' is the output 'a/1' of job 0"},
    {{"w", "v"},
     {"a/1", "b/../a//1"},
     {"3", "4"},
     "job 1: 'b/../a//1' is the output 'a/1' of job 0"},
    {{"w", "v"}, {"1", "2"}, {"3", "3"}, "job 1: '3' is the output '3' of job 0"},
    {{"w", "v"}, {"1", "2"}, {"1", "3"}, "job 0: '1' is the output '1' of job 0"},
    {{"w", "v"}, {"1", "2"}, {"2", "3"}, "job 1: '2' is the output '2' of job 0"},
    {{"v", "v"}, {"soft", "hard"}, {"3", "4"}, "job 1: 'hard' is the output 'soft' of job 0"},
};

static void test_jobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(jobs); i++) {
        char label[32];
        snprintf(label, sizeof label, "jobs[%zu]", i);
        check_clash(label, find_clash(jobs[i].inputs, jobs[i].outputs, jobs[i].sidecars, NULL, 2),
                    jobs[i].clash ? jobs[i].clash : "");
    }
}

/* What a job that clashes would have written is free for the others; what it reads is not. */
static void test_order(void **state)
{
    (void)state;
    const char *const inputs[] = {"w", "v", "a/w", "u", "w"};
    const char *const outputs[] = {"1", "1", "2", "2", "3"};
    const char *const sidecars[] = {"1.json", "2", "v", "w.json", "u"};
    static const bool clash[] = {false, true, true, false, true};
    struct quant_clash clashes[5];
    struct quant_error error;
    check_ok(quant_file_find_clashes(inputs, outputs, sidecars, NULL, 5, clashes, &error), &error);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(clashes[i].path != NULL, clash[i]);
    assert_string_equal(clashes[1].path, "1");
    assert_int_equal(clashes[1].job, 0);
    assert_string_equal(clashes[2].path, "v");
    assert_true(clashes[2].is_input);
    assert_string_equal(clashes[4].path, "u"); /* also where it does not exist yet */
    assert_int_equal(clashes[4].job, 3);
}

static void test_none(void **state)
{
    (void)state;
    const char *const none[1] = {NULL};
    check_clash("none", find_clash(none, none, none, none, 0), "");
    check_clash("one", find_clash(none, NULL, NULL, NULL, 1), "");
}

static void test_scales(void **state)
{
    (void)state;
    const char *const inputs[] = {"v", "w.scales"};
    const char *const outputs[] = {"1", "2"};
    const char *const sidecars[] = {"w.json", "w"};
    char *scales[] = {quant_file_scales_name(sidecars[0]), quant_file_scales_name(sidecars[1])};
    assert_string_equal(scales[0], "w.scales");
    assert_string_equal(scales[1], "w.scales");
    file_write_text("w.scales", "an input");
    const char *const first[] = {scales[0], NULL};
    check_clash("an input", find_clash(inputs, outputs, sidecars, first, 2),
                "job 0: 'w.scales' is the input 'w.scales' of job 1");
    assert_int_equal(unlink("w.scales"), 0);
    const char *const none[] = {NULL, NULL};
    check_clash("two of a name",
                find_clash(none, outputs, sidecars, (const char *const *)scales, 2),
                "job 1: 'w.scales' is the output 'w.scales' of job 0");
    free(scales[0]);
    free(scales[1]);
}

/* ---- Ten thousand jobs ---- */

enum { MANY = 10000 };

static void test_many(void **state)
{
    (void)state;
    static char names[3][MANY][16];
    static const char *paths[3][MANY];
    for (size_t i = 0; i < (size_t)3 * MANY; i++) {
        char *name = names[i / MANY][i % MANY];
        snprintf(name, sizeof names[0][0], "%c%zu", "xyz"[i / MANY], i % MANY);
        paths[i / MANY][i % MANY] = name;
    }
    const clock_t before = clock();
    check_clash("many", find_clash(paths[0], paths[1], paths[2], NULL, MANY), "");
    /* Comparing each with each takes minutes; this takes a tenth of a second. */
    assert_true(clock() - before < 20 * CLOCKS_PER_SEC);
    paths[2][MANY - 1] = "a/../y0";
    check_clash("many", find_clash(paths[0], paths[1], paths[2], NULL, MANY),
                "job 9999: 'a/../y0' is the output 'y0' of job 0");
    paths[2][MANY - 1] = "x5000";
    check_clash("many", find_clash(paths[0], paths[1], paths[2], NULL, MANY),
                "job 9999: 'x5000' is the input 'x5000' of job 5000");
}

/* In an empty directory nothing is looked for; what comes out is the same. */
static void test_empty_folder(void **state)
{
    (void)state;
    enum { FEW = 20 };
    static char names[2][FEW][16];
    const char *paths[3][FEW];
    for (size_t i = 0; i < FEW; i++) {
        snprintf(names[0][i], sizeof names[0][0], "b/y%zu", i);
        snprintf(names[1][i], sizeof names[1][0], "b/z%zu", i);
        paths[0][i] = "w";
        paths[1][i] = names[0][i];
        paths[2][i] = names[1][i];
    }
    check_clash("empty", find_clash(paths[0], paths[1], paths[2], NULL, FEW), "");
    static const struct {
        const char *path; /* instead of the last sidecar */
        const char *clash;
    } rows[] = {{"b/y3", "job 19: 'b/y3' is the output 'b/y3' of job 3"},
                {"./b/y3", "job 19: './b/y3' is the output 'b/y3' of job 3"},
                {"b/../w", "job 19: 'b/../w' is the input 'w' of job 0"},
                {"b/../hard", "job 19: 'b/../hard' is the input 'w' of job 0"},
                {"soft", "job 19: 'soft' is the input 'w' of job 0"}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        paths[2][FEW - 1] = rows[i].path;
        check_clash(rows[i].path, find_clash(paths[0], paths[1], paths[2], NULL, FEW),
                    rows[i].clash);
    }
    file_write_text("b/hidden", "");
    assert_int_equal(link("w", "b/y9"), 0); /* not empty any more */
    paths[2][FEW - 1] = names[1][FEW - 1];
    check_clash("link", find_clash(paths[0], paths[1], paths[2], NULL, FEW),
                "job 9: 'b/y9' is the input 'w' of job 0");
    assert_int_equal(unlink("b/hidden") | unlink("b/y9"), 0);
}

/* ---- Names ---- */

static void test_output_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *tag;
        const char *format;
        const char *directory;
        const char *name;
    } rows[] = {
        {"w.npy", "int8", NULL, NULL, "w.int8.npy"},
        {"w.int8.npy", "f32", NULL, NULL, "w.int8.f32.npy"},
        {"w.npy", "int8", "npy", NULL, "w.int8.npy"},
        {"w.NPY", "int8", "npy", NULL, "w.int8.NPY"},
        {"w.npy", "int8", "raw", NULL, "w.int8.bin"},
        {"w.npy", "int8", "json", NULL, "w.int8.json"},
        {"w.f32", "int8", "raw", NULL, "w.int8.bin"},
        {"w.raw", "int8", "npy", NULL, "w.int8.npy"},
        {"w.txt", "int8", NULL, NULL, "w.int8.txt"},
        {"w.txt", "int8", "npy", NULL, "w.int8.npy"},
        {"w", "int8", NULL, NULL, "w.int8"},
        {"w", "int8", "npy", NULL, "w.int8.npy"},
        {".hidden", "int8", NULL, NULL, ".hidden.int8"},
        {".hidden.npy", "int8", NULL, NULL, ".hidden.int8.npy"},
        {"a.b/w", "int8", NULL, NULL, "a.b/w.int8"},
        {"a.b/w", "int8", "json", NULL, "a.b/w.int8.json"},
        {"a/w.npy", "uint8", NULL, NULL, "a/w.uint8.npy"},
        {"/w.npy", "int8", NULL, NULL, "/w.int8.npy"},
        {"../w.npy", "int8", NULL, NULL, "../w.int8.npy"},
        {"a/w.npy", "int8", NULL, "out", "out/w.int8.npy"},
        {"a/w.npy", "int8", NULL, "out/", "out/w.int8.npy"},
        {"a/w.npy", "int8", "raw", "/o.u/t", "/o.u/t/w.int8.bin"},
        {"a/w.npy", "int8", NULL, ".", "./w.int8.npy"},
        {"a/w.npy", "int8", NULL, "", "w.int8.npy"},
        {"w..npy", "int8", NULL, NULL, "w..int8.npy"},
        {"100%s.npy", "int8", NULL, "%n", "%n/100%s.int8.npy"},
        {"gr\xc3\xbc\xff.npy", "int8", NULL, NULL, "gr\xc3\xbc\xff.int8.npy"},
        {"w.npy", "int8", "no format", NULL, "w.int8.npy"},
        {"h.f16", "int8", NULL, NULL, "h.int8.bin"},
        {"a/h.BF16", "int8", "raw", "out", "out/h.int8.bin"},
        {"w.f32", "float16", NULL, NULL, "w.float16.bin"},
        {"w.f64", "int8", "npy", NULL, "w.int8.npy"},
        {"h.int8.bin", "f32", NULL, NULL, "h.int8.f32.bin"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char *name =
            quant_file_output_name(rows[i].path, rows[i].tag, rows[i].format, rows[i].directory);
        assert_non_null(name);
        assert_string_equal(name, rows[i].name);
        free(name);
    }
}

static void test_sidecar_name(void **state)
{
    (void)state;
    char *name = quant_sidecar_default("a/w.int8.npy");
    assert_non_null(name);
    assert_string_equal(name, "a/w.int8.npy.json");
    free(name);
}

static void test_check_extension(void **state)
{
    (void)state;
    static const char *const fine[] = {"w",         "w.npy",       "w.JSON", "w.bin",  "w.raw",
                                       "w.dat",     "w.f32",       "a.b/w",  ".npz",   "w.",
                                       "/dev/null", "/dev/stdout", "-",      "w.npz.", "a/.pt"};
    struct quant_error error;
    for (size_t i = 0; i < LENGTH(fine); i++)
        check_ok(quant_file_check_extension(fine[i], QUANT_FLOAT32, &error), &error);
    check_ok(quant_file_check_extension("h.f16", QUANT_FLOAT16, &error), &error);
    static const char *const other[] = {"w.h5", "a.b/w.txt", "w.int8", "model.v2"};
    for (size_t i = 0; i < LENGTH(other); i++)
        check_error(
            other[i], quant_file_check_extension(other[i], QUANT_INT8, &error), &error,
            QUANT_INVALID,
            "expected one of .npy .json .safetensors .npz .gguf .bin .raw .dat; give '--to FORMAT' "
            "or another name");
    check_error("f16", quant_file_check_extension("w.F16", QUANT_INT8, &error), &error,
                QUANT_INVALID,
                "cannot write 'w.F16': the extension '.F16' means float16, but the elements are "
                "int8; give '--to raw' or another name");
    check_error("f32", quant_file_check_extension("w.f32", QUANT_INT8, &error), &error,
                QUANT_INVALID, "'.f32' means float32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_jobs, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_order, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_none, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_scales, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_many, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_empty_folder, enter, folder_leave),
        cmocka_unit_test(test_output_name),
        cmocka_unit_test(test_check_extension),
        cmocka_unit_test(test_sidecar_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
