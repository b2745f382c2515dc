/* SPDX-License-Identifier: MIT */
/* Zero points of each type of integer, and arrays in the other order. */
#include "engine/files/scale_arrays.h"

#include "../engine.h"
#include "io/io.h"

struct open_file {
    struct quant_source *source;
    struct quant_tensor_file *file;
};

static struct open_file open_file(const char *type, const void *bytes, size_t nbytes, size_t n)
{
    char header[256];
    struct open_file opened;
    struct quant_error error;
    snprintf(header, sizeof header,
             "{\"z\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", type, n,
             nbytes);
    file_write_container("z.safetensors", header, bytes, nbytes);
    check_ok(quant_input_open("z.safetensors", &never, &opened.source, &error), &error);
    check_ok(quant_tensor_file_open(opened.source, &quant_format_safetensors, &opened.file, &error),
             &error);
    return opened;
}

static void close_file(struct open_file *opened)
{
    quant_tensor_file_close(opened->file);
    quant_source_close(opened->source);
}

static void test_zero_points(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        size_t nbytes;
        unsigned char bytes[16];
        int32_t expected[2];
    } cases[] = {
        {"I8", 2, {0x80, 0x7F}, {-128, 127}},
        {"U8", 2, {0x80, 0xFF}, {128, 255}},
        {"I16", 4, {0x00, 0x80, 0xFF, 0x7F}, {-32768, 32767}},
        {"U16", 4, {0x00, 0x80, 0xFF, 0xFF}, {32768, 65535}},
        {"I32", 8, {0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F}, {INT32_MIN, INT32_MAX}},
        {"I64",
         16,
         {0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0},
         {INT32_MIN, 3}},
    };
    struct quant_error error;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int32_t found[2] = {0, 0};
        struct open_file opened = open_file(cases[i].type, cases[i].bytes, cases[i].nbytes, 2);
        check_ok(quant_zero_point_array_read(opened.file, 0, found, &error), &error);
        assert_memory_equal(found, cases[i].expected, sizeof found);
        close_file(&opened);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const unsigned char beyond[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80};
    int32_t found[2];
    float scales[4];
    struct quant_error error;
    struct open_file opened = open_file("I64", beyond, sizeof beyond, 2);
    check_error("I64", quant_zero_point_array_read(opened.file, 0, found, &error), &error,
                QUANT_INVALID, "its zero point 'z' [1] is 2147483648, which exceeds 32 bits");
    check_error("I64", quant_scale_array_read(opened.file, 0, scales, &error), &error,
                QUANT_INVALID, "its scales 'z' have the type I64, not a float type");
    close_file(&opened);
    opened = open_file("F32", beyond, 8, 2);
    check_error("F32", quant_zero_point_array_read(opened.file, 0, found, &error), &error,
                QUANT_INVALID,
                "its zero points 'z' have the type F32; expected integers of 8, 16 or 32 bits");
    close_file(&opened);
    opened = open_file("BOOL", beyond, 2, 2);
    check_error("BOOL", quant_zero_point_array_read(opened.file, 0, found, &error), &error,
                QUANT_INVALID, "have the type BOOL; expected integers");
    close_file(&opened);
    opened = open_file("U64", beyond, 16, 2);
    check_error("U64", quant_zero_point_array_read(opened.file, 0, found, &error), &error,
                QUANT_INVALID,
                "have the type U64; expected integers of 8, 16 or 32 bits, or int64");
    close_file(&opened);
}

/* a[i][j][k] = 100 i + 10 j + k. */
static void test_order(void **state)
{
    (void)state;
    static const struct quant_shape shape = {3, {2, 3, 2}};
    int32_t c[12];
    int32_t fortran[12];
    int32_t found[12];
    struct quant_error error;
    for (int32_t i = 0; i < 2; i++)
        for (int32_t j = 0; j < 3; j++)
            for (int32_t k = 0; k < 2; k++) {
                c[(i * 3 + j) * 2 + k] = 100 * i + 10 * j + k;
                fortran[(k * 3 + j) * 2 + i] = 100 * i + 10 * j + k;
            }
    memcpy(found, c, sizeof found);
    check_ok(quant_array_reorder(found, &shape, true, &error), &error);
    assert_memory_equal(found, fortran, sizeof found);
    check_ok(quant_array_reorder(found, &shape, false, &error), &error);
    assert_memory_equal(found, c, sizeof found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_zero_points),
        IN_FOLDER(test_refused),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
