/* SPDX-License-Identifier: MIT */
/* One file in two roles is found however it is written; and what outputs are called. */
#include "../support/files.h"

#include <time.h>

#include "engine/paths.h"

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

#define INPUT "is the input"
#define TWO "two outputs are one file"
#define TWICE "would be written twice"

static const struct {
    const char *inputs[2];
    const char *outputs[2];
    const char *sidecars[2];
    const char *message; /* NULL: fine */
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
    {{"w", "v"}, {"missing/1", "missing/1"}, {"2", "3"}, NULL}, /* opening will say */
    {{"missing", "gone"}, {"1", "2"}, {"3", "4"}, NULL},
    /* An output is an input. */
    {{"w", "v"}, {"w", "2"}, {"3", "4"}, "the output 'w' is the input 'w', which is never"},
    {{"w", "v"}, {"v", "2"}, {"3", "4"}, "the output 'v' is the input 'v'"},
    {{"w", "v"}, {"1", "hard"}, {"3", "4"}, "the output 'hard' is the input 'w'"},
    {{"w", "v"}, {"1", "soft"}, {"3", "4"}, "the output 'soft' is the input 'w'"},
    {{"softer", "v"}, {"hard", "2"}, {"3", "4"}, "the output 'hard' is the input 'softer'"},
    {{"w", "v"}, {"./w", "2"}, {"3", "4"}, INPUT},
    {{"w", "v"}, {"a/../w", "2"}, {"3", "4"}, INPUT},
    {{"a/w", "v"}, {"to_a/w", "2"}, {"3", "4"}, INPUT},
    {{"w", "v"}, {"1", "2"}, {"3", "v"}, "the output 'v' is the input 'v'"},
    {{"w", "v"}, {"1", "2"}, {"w", "4"}, INPUT},
    {{"missing", "v"}, {"1", "missing"}, {"3", "4"}, INPUT},
    /* Two outputs are one. */
    {{"w", "v"}, {"1", "1"}, {"3", "4"}, TWICE},
    {{"w", "v"}, {"1", "./1"}, {"3", "4"}, TWO},
    {{"w", "v"}, {"1", "a/../1"}, {"3", "4"}, TWO},
    {{"w", "v"}, {"a/1", "to_a/1"}, {"3", "4"}, TWO},
    {{"w", "v"}, {"a/1", "b/../a//1"}, {"3", "4"}, TWO},
    {{"w", "v"}, {"1", "2"}, {"3", "3"}, TWICE},
    {{"w", "v"}, {"1", "2"}, {"1", "3"}, TWICE}, /* data and its own sidecar */
    {{"w", "v"}, {"1", "2"}, {"2", "3"}, TWICE},
    {{"v", "v"}, {"soft", "hard"}, {"3", "4"}, TWO},
};

static void test_jobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(jobs); i++) {
        struct quant_error error = {QUANT_OK, ""};
        const enum quant_status status = quant_file_check_paths(jobs[i].inputs, jobs[i].outputs,
                                                                jobs[i].sidecars, NULL, 2, &error);
        char label[32];
        snprintf(label, sizeof label, "jobs[%zu]", i);
        check_error(label, status, &error, jobs[i].message ? QUANT_EXISTS : QUANT_OK,
                    jobs[i].message ? jobs[i].message : "");
    }
}

static void test_none(void **state)
{
    (void)state;
    struct quant_error error;
    const char *const none[1] = {NULL};
    check_ok(quant_file_check_paths(none, none, none, none, 0, &error), &error);
}

static void test_scales(void **state)
{
    (void)state;
    struct quant_error error;
    const char *const inputs[] = {"v", "w.scales"};
    const char *const outputs[] = {"1", "2"};
    const char *const sidecars[] = {"w.json", "w"};
    char *scales[] = {quant_file_scales_name(sidecars[0]), quant_file_scales_name(sidecars[1])};
    assert_string_equal(scales[0], "w.scales");
    assert_string_equal(scales[1], "w.scales");
    file_write_text("w.scales", "an input");
    const char *const first[] = {scales[0], NULL};
    check_error("an input", quant_file_check_paths(inputs, outputs, sidecars, first, 2, &error),
                &error, QUANT_EXISTS, "'w.scales'");
    assert_int_equal(unlink("w.scales"), 0);
    check_error(
        "two of a name",
        quant_file_check_paths(first, outputs, sidecars, (const char *const *)scales, 2, &error),
        &error, QUANT_EXISTS, "'w.scales'");
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
    struct quant_error error;
    const clock_t before = clock();
    check_ok(quant_file_check_paths(paths[0], paths[1], paths[2], NULL, MANY, &error), &error);
    /* Comparing each with each takes minutes; this takes a tenth of a second. */
    assert_true(clock() - before < 20 * CLOCKS_PER_SEC);
    paths[2][MANY - 1] = "a/../y0";
    check_error("many", quant_file_check_paths(paths[0], paths[1], paths[2], NULL, MANY, &error),
                &error, QUANT_EXISTS, TWO);
    paths[2][MANY - 1] = "x5000";
    check_error("many", quant_file_check_paths(paths[0], paths[1], paths[2], NULL, MANY, &error),
                &error, QUANT_EXISTS, "the output 'x5000' is the input 'x5000'");
}

/* In an empty folder nothing is looked for; what comes out is the same. */
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
    struct quant_error error;
    check_ok(quant_file_check_paths(paths[0], paths[1], paths[2], NULL, FEW, &error), &error);
    static const struct {
        const char *path; /* instead of the last sidecar */
        const char *message;
    } rows[] = {
        {"b/y3", TWICE}, {"./b/y3", TWO}, {"b/../w", INPUT}, {"b/../hard", INPUT}, {"soft", INPUT}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        paths[2][FEW - 1] = rows[i].path;
        check_error(rows[i].path,
                    quant_file_check_paths(paths[0], paths[1], paths[2], NULL, FEW, &error), &error,
                    QUANT_EXISTS, rows[i].message);
    }
    file_write_text("b/hidden", "");
    assert_int_equal(link("w", "b/y9"), 0); /* not empty any more */
    paths[2][FEW - 1] = names[1][FEW - 1];
    check_error("link", quant_file_check_paths(paths[0], paths[1], paths[2], NULL, FEW, &error),
                &error, QUANT_EXISTS, "the output 'b/y9' is the input 'w'");
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
        {"w.f32", "int8", "raw", NULL, "w.int8.f32"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_jobs, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_none, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_scales, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_many, enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_empty_folder, enter, folder_leave),
        cmocka_unit_test(test_output_name),
        cmocka_unit_test(test_sidecar_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
