/* SPDX-License-Identifier: MIT */
/* What a container has, from its header; and one tensor of it as if it were a file of its own. */
#include "../engine.h"

static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"ids\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]},"
                             "\"h\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[40,42]},"
                             "\"e\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[42,42]}}";

static const float a[] = {5.47F, 3.08F, -7.59F, 0, -1.95F, 10.8F};

static void write_container(const char *path)
{
    unsigned char bytes[42] = {0};
    memcpy(bytes, a, sizeof a);
    file_write_container(path, header, bytes, sizeof bytes);
}

struct listing {
    size_t n;
    size_t most; /* stop after this many */
};

static bool check_listed(void *context, const struct quant_listed_tensor *tensor)
{
    static const struct {
        const char *name, *type;
        enum quant_dtype dtype;
        bool is_float;
        unsigned ndim;
        uint64_t offset, nbytes;
    } rows[] = {
        {"a", "F32", QUANT_FLOAT32, true, 2, 0, 24},
        {"ids", "I64", QUANT_DTYPE_NONE, false, 1, 24, 16},
        {"h", "BF16", QUANT_BFLOAT16, true, 0, 40, 2},
        {"e", "F32", QUANT_FLOAT32, true, 2, 42, 0},
    };
    struct listing *listing = context;
    assert_true(listing->n < LENGTH(rows));
    const size_t i = listing->n++;
    assert_string_equal(tensor->name, rows[i].name);
    assert_string_equal(tensor->type, rows[i].type);
    assert_int_equal(tensor->dtype, rows[i].dtype);
    assert_int_equal(tensor->is_float, rows[i].is_float);
    assert_int_equal(tensor->ndim, rows[i].ndim);
    assert_int_equal(tensor->nbytes, rows[i].nbytes);
    assert_int_equal(tensor->offset, rows[i].offset + 8 + sizeof header - 1);
    assert_true(i != 0 || (tensor->dims[0] == 2 && tensor->dims[1] == 3));
    return listing->n < listing->most;
}

static enum quant_status list(const char *path, struct listing *listing, bool *is_container,
                              struct quant_error *error)
{
    const struct quant_input input = {.path = path};
    listing->n = 0;
    return quant_file_list(&input, &never, check_listed, listing, is_container, error);
}

static void test_container(void **state)
{
    (void)state;
    struct listing listing = {.most = SIZE_MAX};
    struct quant_error error;
    bool is_container = false;
    write_container("m.safetensors");
    check_ok(list("m.safetensors", &listing, &is_container, &error), &error);
    assert_true(is_container);
    assert_int_equal(listing.n, 4);
    listing.most = 2;
    check_error("stopped", list("m.safetensors", &listing, &is_container, &error), &error,
                QUANT_CANCELLED, "cancelled");
    assert_int_equal(listing.n, 2);
}

static void test_other_files(void **state)
{
    (void)state;
    struct listing listing = {.most = SIZE_MAX};
    struct quant_error error;
    bool is_container = true;
    write_tensor("w.npy", a, LENGTH(a));
    check_ok(list("w.npy", &listing, &is_container, &error), &error);
    assert_false(is_container);
    assert_int_equal(listing.n, 0);
    check_error("missing", list("gone.safetensors", &listing, &is_container, &error), &error,
                QUANT_IO, "gone.safetensors");
    file_write("bad.safetensors", "\x10\0\0\0\0\0\0\0{\"a\":}", 14);
    assert_int_not_equal(list("bad.safetensors", &listing, &is_container, &error), QUANT_OK);
}

static void test_one_tensor(void **state)
{
    (void)state;
    write_container("m.safetensors");
    write_npy("a.npy", a, LENGTH(a), false, "(2, 3)");
    struct quant_quantize_job job = quantize_job("m.safetensors", "one.npy");
    job.input.tensor = "a";
    job.output.format = "npy";
    const struct quant_quantize_result one = quantize_ok(&job);
    const struct quant_quantize_job like = quantize_job("a.npy", "a.int8.npy");
    const struct quant_quantize_result expected = quantize_ok(&like);
    assert_true(files_equal("one.npy", "a.int8.npy"));
    assert_memory_equal(&one.report, &expected.report, sizeof one.report);
    job.output.force = true;
    job.input.tensor = "b";
    quantize_fails(&job, QUANT_INVALID, "'b'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_container),
        IN_FOLDER(test_other_files),
        IN_FOLDER(test_one_tensor),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
