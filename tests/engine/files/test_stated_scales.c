/* SPDX-License-Identifier: MIT */
/* GGUF files from one end to the other: floats to blocks and back, by several threads. */
#include "engine/files/stated_scales.h"

#include "../../support/files.h"

#include <math.h>

#include "kernels/ggml_blocks.h"

/* Four chunks. */
enum { ROWS = 512, COLUMNS = 1024, NELEMS = ROWS * COLUMNS, HEADER = 128 };

static float x[NELEMS];

static void put_64(FILE *file, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        fputc((int)(value >> 8 * i & 255), file);
}

static void put_32(FILE *file, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        fputc((int)(value >> 8 * i & 255), file);
}

static void put_text(FILE *file, const char *text)
{
    put_64(file, strlen(text));
    fputs(text, file);
}

/* One pair, and one tensor of float32. */
static void write_gguf(const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("GGUF", file);
    put_32(file, 3);
    put_64(file, 1);
    put_64(file, 1);
    put_text(file, "general.architecture");
    put_32(file, 8);
    put_text(file, "test");
    put_text(file, "a.weight");
    put_32(file, 2);
    put_64(file, COLUMNS);
    put_64(file, ROWS);
    put_32(file, 0);
    put_64(file, 0);
    while (ftell(file) < HEADER)
        fputc(0, file);
    assert_int_equal(fwrite(x, sizeof *x, NELEMS, file), NELEMS);
    assert_int_equal(fclose(file), 0);
}

static void fill(void)
{
    for (int i = 0; i < NELEMS; i++)
        x[i] = (float)(i * 7919LL % 65537 - 32768) / (float)(1 << i % 12);
}

static enum quant_status quantize(const char *output, enum quant_dtype dtype, unsigned threads,
                                  struct quant_error *error)
{
    struct quant_quantize_result result;
    const struct quant_quantize_job job = {.size = sizeof job,
                                           .input = {.path = "m.gguf"},
                                           .output = {.path = output, .force = true},
                                           .spec = {.dtype = dtype},
                                           .control = {.threads = threads}};
    return quant_file_quantize(&job, &result, error);
}

static unsigned char *read_tail(const char *path, size_t nbytes)
{
    unsigned char *bytes = malloc(nbytes);
    FILE *file = fopen(path, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)nbytes, SEEK_END), 0);
    assert_int_equal(fread(bytes, 1, nbytes, file), nbytes);
    fclose(file);
    return bytes;
}

static void check_blocks(enum quant_dtype dtype, unsigned threads)
{
    const struct quant_block_type *block = quant_ggml_block(dtype);
    const size_t nbytes = (size_t)quant_dtype_bytes(dtype, NELEMS);
    unsigned char *expected = malloc(nbytes);
    struct quant_error error = {.text = ""};
    assert_non_null(expected);
    quant_ggml_quantize(block, x, NELEMS, expected);
    if (quantize("q.gguf", dtype, threads, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    unsigned char *found = read_tail("q.gguf", nbytes);
    assert_memory_equal(found, expected, nbytes);
    float *restored = malloc(sizeof x);
    assert_non_null(restored);
    quant_ggml_dequantize(block, expected, NELEMS, restored);
    struct quant_dequantize_result result;
    const struct quant_dequantize_job job = {.size = sizeof job,
                                             .path = "q.gguf",
                                             .output = {.path = "r.gguf", .force = true},
                                             .control = {.threads = threads}};
    assert_int_equal(quant_file_dequantize(&job, &result, &error), QUANT_OK);
    unsigned char *back = read_tail("r.gguf", sizeof x);
    assert_memory_equal(back, restored, sizeof x);
    free(expected);
    free(found);
    free(restored);
    free(back);
}

static void test_chunks(void **state)
{
    (void)state;
    static const enum quant_dtype dtypes[] = {QUANT_Q8_0, QUANT_Q4_0, QUANT_Q4_1, QUANT_Q5_0,
                                              QUANT_Q5_1};
    fill();
    write_gguf("m.gguf");
    for (size_t i = 0; i < LENGTH(dtypes); i++)
        check_blocks(dtypes[i], 1 + 3 * (unsigned)(i % 2));
    assert_int_equal(access("q.gguf.json", F_OK), -1);
}

/* The first of those that are too large, wherever it lies; nothing is left. */
static void test_too_large(void **state)
{
    (void)state;
    struct quant_error error = {.text = ""};
    fill();
    x[NELEMS - 5] = 3e38F;
    x[NELEMS - 70] = 3e38F;
    write_gguf("m.gguf");
    assert_int_equal(quantize("t.gguf", QUANT_Q8_0, 4, &error), QUANT_OUT_OF_RANGE);
    assert_non_null(strstr(error.text, "from index 524192 on are too large"));
    x[NELEMS - 200000] = NAN;
    write_gguf("m.gguf");
    x[NELEMS - 200000] = 0;
    assert_int_equal(quantize("t.gguf", QUANT_Q8_0, 4, &error), QUANT_OUT_OF_RANGE);
    assert_non_null(strstr(error.text, "from index 524192 on are too large"));
    x[NELEMS - 5] = x[NELEMS - 70] = 0;
    x[NELEMS - 1] = INFINITY;
    write_gguf("m.gguf");
    assert_int_equal(quantize("t.gguf", QUANT_Q4_1, 4, &error), QUANT_NONFINITE);
    assert_int_equal(access("t.gguf", F_OK), -1);
}

static bool states(const char *path)
{
    bool found = true;
    assert_int_equal(quant_states_scales(path, &never, &found, NULL), QUANT_OK);
    return found;
}

static void test_states(void **state)
{
    (void)state;
    fill();
    write_gguf("m.gguf");
    write_gguf("m.bin");
    assert_true(states("m.gguf"));
    assert_true(states("m.bin"));
    assert_false(states("missing.gguf"));
    assert_false(states("."));
    assert_false(states("-"));
    FILE *sidecar = fopen("m.gguf.json", "w");
    assert_non_null(sidecar);
    fclose(sidecar);
    assert_false(states("m.gguf"));
    FILE *other = fopen("o.gguf", "w");
    assert_non_null(other);
    fputs("GGML", other);
    fclose(other);
    assert_false(states("o.gguf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chunks, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_too_large, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_states, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
