/* SPDX-License-Identifier: MIT */
/* How the format of a file is chosen: by its content, then by its name, else raw. */
#include "../support/files.h"

#include "../support/names.h"
#include "formats/format.h"

static void test_rows(void **state)
{
    (void)state;
    size_t n = 0;
    for (; quant_format_row(n); n++) {
        const struct quant_format *format = quant_format_row(n);
        assert_string_equal(format_name(n), format->name);
        assert_string_equal(format_summary(n), format->summary);
        assert_ptr_equal(quant_format_from_name(format->name), format);
        assert_non_null(format->extensions[0]);
        /* Many tensors, or one. */
        assert_true((format->container != NULL) == (format->open_reader == NULL));
        assert_true((format->container != NULL) == (format->open_writer == NULL));
        assert_true(strlen(format->name) < 32); /* fits the sidecar */
    }
    assert_int_equal(n, 6);
    assert_ptr_equal(quant_format_row(n - 1),
                     &quant_format_raw); /* matches anything, so it is last */
    assert_null(format_name(n));
    assert_null(format_summary(n));
    assert_null(quant_format_row(SIZE_MAX));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const none[] = {"", "NPY", "npx", " npy", "npy ", "f32", "bin"};
    for (size_t i = 0; i < LENGTH(none); i++)
        assert_null(quant_format_from_name(none[i]));
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const struct quant_format *format;
    } rows[] = {
        {"w.npy", &quant_format_npy},
        {"w.NPY", &quant_format_npy},
        {"w.Npy", &quant_format_npy},
        {"w.int8.npy", &quant_format_npy},
        {"/a.b/w.json", &quant_format_json},
        {"w.JSON", &quant_format_json},
        {"m.int8.safetensors", &quant_format_safetensors},
        {"m.GGUF", &quant_format_gguf},
        {"w.bin", &quant_format_raw},
        {"w.raw", &quant_format_raw},
        {"w.f32", &quant_format_raw},
        {"w.dat", &quant_format_raw},
        {"w.DAT", &quant_format_raw},
        {"w.npy.bin", &quant_format_raw},
        {"w", NULL},
        {"", NULL},
        {"w.", NULL},
        {"w.npyx", NULL},
        {"w.np", NULL},
        {"npy", NULL},
        {".npy", NULL},
        {"a/.npy", NULL},
        {"a.npy/w", NULL},
        {"a.npy/", NULL},
        {"w.txt", NULL},
        {"..npy", &quant_format_npy},
        {"-", NULL},
        {"w.npy ", NULL},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (quant_format_from_path(rows[i].path) != rows[i].format)
            fail_msg("%s", rows[i].path);
}

static void test_stated_types(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum quant_dtype dtype;
    } rows[] = {
        {"h.f16", QUANT_FLOAT16},       {"a.b/H.BF16", QUANT_BFLOAT16},
        {"w.int8.f32", QUANT_FLOAT32},  {"w.F64", QUANT_FLOAT64},
        {"w.bin", QUANT_DTYPE_NONE},    {"w.float16", QUANT_DTYPE_NONE},
        {"w.f8e5m2", QUANT_DTYPE_NONE}, {"w.i8", QUANT_DTYPE_NONE},
        {"f16", QUANT_DTYPE_NONE},      {".f16", QUANT_DTYPE_NONE},
        {"", QUANT_DTYPE_NONE},         {"w.f16.npy", QUANT_DTYPE_NONE},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (quant_format_path_dtype(rows[i].path) != rows[i].dtype)
            fail_msg("%s", rows[i].path);
}

/* ---- By content ---- */

struct row {
    const char *bytes;
    size_t nbytes;
    const char *name;
    const struct quant_format *format;
};

static const char digits[] =
    "0.33333333333333333333333333333333333333333333333333333333333333333333";

static const struct row rows[] = {
    {"\x93NUMPY\1\0", 8, "w.json", &quant_format_npy},
    {"\x93NUMPY", 6, "w", &quant_format_npy},
    {"\x93NUMP", 5, "w", &quant_format_raw},
    {"\x93NUMP", 5, "w.npy", &quant_format_npy}, /* by its name: the reader reports the error */
    {"\2\0\0\0\0\0\0\0{}", 10, "w", &quant_format_safetensors},
    {"GGUF\3\0\0\0\0\0", 10, "w.bin", &quant_format_gguf},
    {"{\0\0\0\0\0\0\0{\"", 10, "w.json", &quant_format_safetensors},
    {"\2\0\0\0\0\0\0\0[]", 10, "w", &quant_format_raw},
    {"\2\0\0\0", 4, "m.safetensors", &quant_format_safetensors}, /* by its name */
    {"", 0, "w.npy", &quant_format_npy},
    {"", 0, "w.json", &quant_format_json},
    {"", 0, "w.bin", &quant_format_raw},
    {"", 0, "w", &quant_format_raw},
    {"", 0, "standard input", &quant_format_raw},
    {"[1, 2]", 6, "w.npy", &quant_format_json},
    {"{\"data\":", 8, "w", &quant_format_json},
    {" \n[", 3, "w", &quant_format_json},
    {"x", 1, "w.JSON", &quant_format_json},
    {"x", 1, "w.NPY", &quant_format_npy},
    {"x", 1, "w.F16", &quant_format_raw},
    {"x", 1, "w.", &quant_format_raw},       /* no extension */
    {"7777", 4, "w.bin", &quant_format_raw}, /* four digits are a float32 too */
    {"\0\0\x80\x3f", 4, "w", &quant_format_raw},
    {"[\0\0\0", 4, "w", &quant_format_raw}, /* begins like JSON but is not text */
    {"[1, \x80]", 6, "w", &quant_format_raw},
    {"7777", 4, "w", &quant_format_json},  /* a number: a tensor without dimensions */
    {"    ", 4, "w", &quant_format_raw},   /* 1.35e-19 as float32 */
    {digits, 70, "w", &quant_format_json}, /* one number of any length */
    {digits, 70, "w.json", &quant_format_json},
    {digits, 63, "w.bin", &quant_format_raw},         /* too short to be refused as text */
    {"\x93NUMPY\1\0", 8, "w.bin", &quant_format_npy}, /* the content counts, not the name */
};

static void check_refused(const char *bytes, size_t nbytes, const char *name, bool has_raw_options,
                          const char *message)
{
    struct hiding_source source = hiding_source_make(bytes, nbytes);
    const struct quant_format *format = NULL;
    struct quant_error error;
    source.source.name = name;
    check_error(name, quant_format_recognize(&source.source, has_raw_options, &format, &error),
                &error, QUANT_UNRECOGNIZED, message);
}

/* A file of another program is not read as floats, whatever its name or the options. */
static void test_foreign(void **state)
{
    (void)state;
    static const char zip[] = "it is a ZIP archive, as .npz and PyTorch files are; export its "
                              "tensors as .npy or .safetensors files";
    static const char text[] = "it is text, not an array of floats; write it as JSON, or load it "
                               "(numpy.loadtxt) and save it as .npy";
    static const char lines[] =
        "1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 1.0 2.0 3.0 4.0 5.0 6.0 7.0 \n";
    static const char *const names[] = {"m.safetensors", "m.bin", "m",      "m.npy", "m.json",
                                        "m.F16",         "-",     "m.json", "m.xyz"};
    for (size_t i = 0; i < LENGTH(names) * 2; i++)
        check_refused("PK\3\4abcd", 8, names[i / 2], i % 2, zip);
    static const char *const not_json[] = {"t.bin", "t.dat",         "t", "t.npy",
                                           "t.csv", "t.safetensors", "-"};
    for (size_t i = 0; i < LENGTH(not_json) * 2; i++)
        check_refused(lines, 64, not_json[i / 2], i % 2, text);
}

static void test_extensions(void **state)
{
    (void)state;
    static const char unknown[] = "unknown format: neither its content nor its extension '.xyz' is "
                                  "known; if it holds only floats, give '--from raw'";
    check_refused("abcd", 4, "m.xyz", false, unknown);
    check_refused("abcd", 4, "m.PT", true,
                  "it is a PyTorch file, judging by its name; export its tensors as .npy or "
                  ".safetensors files");
    static const char *const names[] = {"w", "w.xyz"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct hiding_source source = hiding_source_make("7777", 4);
        const struct quant_format *format = NULL;
        struct quant_error error;
        source.source.name = names[i];
        check_ok(quant_format_recognize(&source.source, true, &format, &error), &error);
        assert_ptr_equal(format, &quant_format_raw);
    }
}

static void check_row(const struct row *row, bool hides)
{
    struct hiding_source source = hiding_source_make(row->bytes, row->nbytes);
    source.source.name = row->name;
    if (!hides)
        source.source.size = row->nbytes;
    const struct quant_format *format = NULL;
    struct quant_error error;
    check_ok(quant_format_recognize(&source.source, false, &format, &error), &error);
    if (format != row->format)
        fail_msg("'%s' %s: %s", row->bytes, row->name, format->name);
}

static void test_recognize(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        check_row(&rows[i], false);
        check_row(&rows[i], true);
    }
}

static void test_only_the_head(void **state)
{
    (void)state;
    char text[QUANT_FORMAT_HEAD + 1];
    memset(text, ' ', sizeof text);
    text[0] = '[';
    text[QUANT_FORMAT_HEAD] = '\0';
    check_row(&(struct row){text, sizeof text, "w", &quant_format_json}, true);
    text[QUANT_FORMAT_HEAD - 1] = '\0'; /* then it is not JSON, but not floats either */
    check_refused(text, sizeof text, "w", false, "it is text, not an array of floats");
    text[511] = '\0';
    check_row(&(struct row){text, sizeof text, "w", &quant_format_raw}, true);
}

static void test_read_error(void **state)
{
    (void)state;
    struct hiding_source source = hiding_source_make("[1]", 3);
    source.fails_at = 0;
    const struct quant_format *format = NULL;
    struct quant_error error;
    check_error("read", quant_format_recognize(&source.source, false, &format, &error), &error,
                QUANT_IO, "cannot read 'stream': bad sector");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign),      cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_stated_types), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_recognize),    cmocka_unit_test(test_only_the_head),
        cmocka_unit_test(test_read_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
