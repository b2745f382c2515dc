/* SPDX-License-Identifier: MIT */
/* Loading gives the integers of the file and the parameters of its sidecar, or nothing. */
#include <quant/file.h>

#include "../engine.h"

enum { N = 70000 }; /* more than a chunk when rows have scales of one element */

static void quantize(const char *input, const char *output, enum quant_dtype dtype,
                     uint64_t block_size)
{
    const struct quant_quantize_job job = {
        .size = sizeof job,
        .input = {.path = input},
        .output = {.path = output, .force = true},
        .spec = {.scheme = QUANT_ZERO_POINT, .dtype = dtype},
        .granularity = {.block_size = block_size},
    };
    static struct quant_quantize_result result;
    struct quant_error error;
    check_ok(quant_file_quantize(&job, &result, &error), &error);
}

/* Restores all elements by what was loaded, and compares with what dequantizing the file gives. */
static void check_loaded(const char *path, const char *format_of_raw)
{
    struct quant_loaded loaded;
    struct quant_error error;
    check_ok(quant_file_load(path, NULL, &never, &loaded, &error), &error);
    float *x = malloc((size_t)(loaded.nelems + 1) * sizeof *x);
    assert_non_null(x);
    const struct quant_group_params groups = {.scales = loaded.scales,
                                              .zero_points = loaded.zero_points};
    const struct quant_dequantize_job job = {
        .size = sizeof job, .path = path, .output = {.path = format_of_raw, .force = true}};
    static struct quant_dequantize_result result;
    check_ok(quant_file_dequantize(&job, &result, &error), &error);
    if (loaded.grouping.axis < 0)
        quant_dequantize(&loaded.params, loaded.q, (size_t)loaded.nelems, x);
    else
        quant_dequantize_groups(&loaded.params, &loaded.grouping, &groups, 0, loaded.q,
                                (size_t)loaded.nelems, x);
    size_t nbytes = 0;
    unsigned char *expected = file_read(format_of_raw, &nbytes);
    assert_int_equal(nbytes, loaded.nelems * sizeof *x);
    assert_memory_equal(x, expected, nbytes);
    free(expected);
    free(x);
    quant_loaded_release(&loaded);
    assert_null(loaded.q);
}

static void test_load(void **state)
{
    (void)state;
    float *x = make_floats(N);
    write_tensor("x.npy", x, N);
    static const struct {
        enum quant_dtype dtype;
        uint64_t block_size;
        const char *output;
    } cases[] = {{QUANT_INT8, 0, "a.npy"},  {QUANT_INT4, 0, "b.bin"}, {QUANT_UINT16, 32, "c.npy"},
                 {QUANT_INT8, 1, "d.npy"}, /* a file of scales */
                 {QUANT_INT8, 0, "e.json"}, {QUANT_INT4, 6, "f.npy"}, {QUANT_INT8, 50000, "g.npy"}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        quantize("x.npy", cases[i].output, cases[i].dtype, cases[i].block_size);
        check_loaded(cases[i].output, "restored.bin");
    }
    free(x);
}

static void test_sidecar_alone(void **state)
{
    (void)state;
    const float x[] = {-1, 0.5F, 2};
    write_tensor("x.npy", x, 3);
    quantize("x.npy", "q.npy", QUANT_INT8, 0);
    struct quant_loaded loaded;
    struct quant_error error;
    check_ok(quant_sidecar_read("q.npy.json", &never, &loaded, &error), &error);
    assert_null(loaded.q);
    assert_int_equal(loaded.nelems, 3);
    assert_int_equal(loaded.shape.dims[0], 3);
    assert_true(loaded.scales[0] == (float)(3.0 / 255));
    assert_int_equal(loaded.zero_points[0], -128 + 85);
    assert_int_equal(loaded.source_dtype, QUANT_FLOAT32);
    quant_loaded_release(&loaded);
}

static const char of_many[] =
    "{\"format\": \"quant-sidecar\", \"version\": 2, \"tool\": \"quant 0.1.0\", "
    "\"source\": {\"path\": null, \"format\": \"safetensors\", \"bytes\": 10}, "
    "\"data\": {\"path\": null, \"format\": \"safetensors\", \"bytes\": 10, "
    "\"header\": {\"bytes\": 10, \"xxh3_64\": \"0000000000000000\"}}, "
    "\"plan\": {\"xxh3_64\": \"0000000000000000\"}, \"tensors\": {}}";

static void test_errors(void **state)
{
    (void)state;
    const float x[] = {-1, 0.5F, 2};
    struct quant_loaded loaded;
    struct quant_error error;
    write_tensor("x.npy", x, 3);
    quantize("x.npy", "q.bin", QUANT_INT8, 0);
    check_error("missing", quant_file_load("none.npy", NULL, &never, &loaded, &error), &error,
                QUANT_IO, "none.npy");
    file_write("q.bin", "abc", 3);
    check_error("changed", quant_file_load("q.bin", NULL, &never, &loaded, &error), &error,
                QUANT_CORRUPT, "checksum");
    assert_null(loaded.q);
    assert_null(loaded.scales);
    file_write("q.bin", "ab", 2);
    check_error("short", quant_file_load("q.bin", NULL, &never, &loaded, &error), &error,
                QUANT_CORRUPT, "size");
    file_write("many.json", of_many, sizeof of_many - 1);
    check_error("many", quant_sidecar_read("many.json", &never, &loaded, &error), &error,
                QUANT_UNSUPPORTED, "many tensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_sidecar_alone, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_errors, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
