/* SPDX-License-Identifier: MIT */
/* Jobs with a selection: what is selected is as without one, the rest is copied or left out, and
 * nothing selected is an error, but for one of several containers. */
#include "../engine.h"

static const char header[] = "{\"a.w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"b.w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,48]},"
                             "\"n\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[48,56]}} ";

static const char *const only_a[] = {"a.*"};
static const char *const only_n[] = {"n"};
static const char *const nothing[] = {"x*"};
static const char *const any[] = {"*"};

static const struct quant_selection selects_a = {only_a, 1, NULL, 0};
static const struct quant_selection selects_n = {only_n, 1, NULL, 0};
static const struct quant_selection selects_nothing = {nothing, 1, NULL, 0};
static const struct quant_selection excludes_a = {NULL, 0, only_a, 1};
static const struct quant_selection excludes_all = {NULL, 0, any, 1};

static void write_inputs(void)
{
    float *x = make_floats(14);
    file_write_container("m.safetensors", header, x, 56);
    write_npy("w.npy", x, 14, false, "(14,)");
    free(x);
}

struct seen {
    char names[64]; /* of what was worked on, each with a space after it */
    size_t ncopied;
};

static bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    seen->ncopied += result->is_copied;
    if (!result->is_copied && result->status == QUANT_OK)
        strcat(strcat(seen->names, result->name), " ");
    return true;
}

static bool see_name(void *context, const struct quant_listed_tensor *tensor)
{
    struct seen *seen = context;
    strcat(strcat(seen->names, tensor->name), " ");
    return true;
}

static void test_quantize(void **state)
{
    (void)state;
    write_inputs();
    struct seen seen = {"", 0};
    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    job.control.on_tensor = see;
    job.control.context = &seen;
    job.selection = selects_a;
    struct quant_quantize_result result = quantize_ok(&job);
    assert_string_equal(seen.names, "a.w ");
    assert_int_equal(result.ncopied, 2);
    seen = (struct seen){"", 0};
    job.output.force = true;
    job.selection = excludes_a;
    result = quantize_ok(&job);
    assert_string_equal(seen.names, "b.w ");
    assert_int_equal(result.ncopied, 2);
    job.output.path = "fails.safetensors";
    job.selection = selects_nothing;
    quantize_fails(&job, QUANT_INVALID, "no tensor is selected (tensors: 3)");
    job.selection = selects_n;
    quantize_fails(&job, QUANT_INVALID, "its float tensors that are selected have fewer than 2");
}

static void test_quantize_single(void **state)
{
    (void)state;
    static const char *const path[] = {"w.npy"};
    static const char *const name[] = {"w"};
    write_inputs();
    struct quant_quantize_job job = quantize_job("w.npy", "q.npy");
    job.selection = (struct quant_selection){name, 1, NULL, 0};
    quantize_fails(&job, QUANT_INVALID, "cannot quantize 'w.npy': it is not selected");
    job.selection = excludes_all;
    quantize_fails(&job, QUANT_INVALID, "it is not selected");
    job.selection = (struct quant_selection){path, 1, NULL, 0};
    quantize_ok(&job);
    job.output.path = "q.safetensors"; /* it goes by its path there too, not by its new name */
    quantize_ok(&job);
    job = quantize_job("m.safetensors", "a.npy");
    job.input.tensor = "a.w";
    job.output.format = "npy";
    job.selection = excludes_a;
    quantize_fails(&job, QUANT_INVALID, "cannot quantize 'm.safetensors: a.w': it is not selected");
    job.selection = selects_a;
    quantize_ok(&job);
}

static void test_one_of_several(void **state)
{
    (void)state;
    write_inputs();
    const struct quant_file files[] = {{.path = "w.npy", .output = "q.npy"},
                                       {.path = "m.safetensors", .output = "q.safetensors"}};
    static const char *const both[] = {"w.npy", "n"};
    struct seen seen = {"", 0};
    struct quant_error error;
    const struct quant_quantize_job job = {.size = sizeof job,
                                           .control = {.on_tensor = see, .context = &seen},
                                           .files = files,
                                           .nfiles = 2,
                                           .selection = {both, 2, NULL, 0}};
    check_ok(quant_file_quantize(&job, NULL, &error), &error);
    assert_string_equal(seen.names, "");
    assert_int_equal(seen.ncopied, 3);
}

static void test_dequantize(void **state)
{
    (void)state;
    write_inputs();
    struct seen seen = {"", 0};
    const struct quant_quantize_job quantize = quantize_job("m.safetensors", "q.safetensors");
    quantize_ok(&quantize);
    struct quant_dequantize_job job = dequantize_job("q.safetensors", "f.safetensors");
    job.control.on_tensor = see;
    job.control.context = &seen;
    job.selection = selects_a;
    const struct quant_dequantize_result result = dequantize_ok(&job);
    assert_string_equal(seen.names, "a.w ");
    assert_int_equal(result.ntensors, 1);
    assert_int_equal(result.ncopied, 0);
    const struct quant_input restored = {.path = "f.safetensors"};
    struct quant_error error;
    bool is_container;
    seen = (struct seen){"", 0};
    check_ok(quant_file_list(&restored, &never, see_name, &seen, &is_container, &error), &error);
    assert_string_equal(seen.names, "a.w ");
    job.output.path = "fails.safetensors";
    job.selection = selects_nothing;
    dequantize_fails(&job, QUANT_INVALID, "no tensor is selected (tensors: 3)");
    const struct quant_quantize_job single = quantize_job("w.npy", "w.int8.npy");
    quantize_ok(&single);
    job = dequantize_job("w.int8.npy", "w.f32.npy");
    job.selection = excludes_all;
    dequantize_fails(&job, QUANT_INVALID, "cannot dequantize 'w.int8.npy': it is not selected");
}

static void test_compare(void **state)
{
    (void)state;
    static struct quant_compare_result result;
    struct quant_error error;
    write_inputs();
    struct quant_compare_job job = {.size = sizeof job, .input = {.path = "m.safetensors"}};
    job.selection = selects_a;
    check_ok(quant_file_compare(&job, &result, &error), &error);
    assert_int_equal(result.ntensors, 1);
    job.selection = selects_nothing;
    check_error("nothing", quant_file_compare(&job, &result, &error), &error, QUANT_INVALID,
                "no tensor is selected (tensors: 3)");
    job.selection = selects_n;
    check_error("integers", quant_file_compare(&job, &result, &error), &error, QUANT_UNSUPPORTED,
                "it has no selected tensor of floats");
    job.input.path = "w.npy";
    check_error("a file", quant_file_compare(&job, &result, &error), &error, QUANT_INVALID,
                "cannot compare 'w.npy': it is not selected");
}

static void test_calibrate(void **state)
{
    (void)state;
    static const char *const paths[] = {"m.safetensors", "w.npy"};
    static const char *const some[] = {"a.*", "w.npy"};
    struct quant_calibrate_result result;
    struct quant_error error;
    write_inputs();
    struct quant_calibrate_job job = {.size = sizeof job, .paths = paths, .npaths = 2};
    const struct {
        struct quant_selection selection;
        size_t count;
    } rows[] = {{{NULL, 0, NULL, 0}, 26},
                {selects_a, 6},
                {excludes_a, 20},
                {{some, 2, NULL, 0}, 20},
                {{some + 1, 1, NULL, 0}, 14}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        job.selection = rows[i].selection;
        check_ok(quant_file_calibrate(&job, &result, &error), &error);
        assert_int_equal(result.count, rows[i].count);
    }
    job.selection = selects_n;
    check_error("nothing", quant_file_calibrate(&job, &result, &error), &error, QUANT_INVALID,
                "nothing to calibrate: no tensor of floats is selected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_quantize),   IN_FOLDER(test_quantize_single), IN_FOLDER(test_one_of_several),
        IN_FOLDER(test_dequantize), IN_FOLDER(test_compare),         IN_FOLDER(test_calibrate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
