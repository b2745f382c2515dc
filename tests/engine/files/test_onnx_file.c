/* SPDX-License-Identifier: MIT */
/* Models of jobs: when there is one, what is refused, and that nothing is left then. What is in
 * them tests/interop/onnx_models.py checks. */
#include "../engine.h"

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}}";

static void write_inputs(void)
{
    static const float x[] = {1, -2, 3, 0, 5, 6, 7, 8, 9};
    static const float far[] = {5, 6, 7, 8, 9, 10};
    write_npy("w.npy", x, 6, false, "(2, 3)");
    write_npy("far.npy", far, 6, false, "(6,)");
    file_write_container("m.safetensors", header, x, sizeof x);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static struct quant_quantize_job model_job(const char *input, const char *output)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.onnx = "m.onnx";
    return job;
}

static void refuse(const struct quant_quantize_job *job, enum quant_status status, const char *text)
{
    struct quant_quantize_result result;
    struct quant_error error;
    check_error(text, quant_onnx_check(job, &error), &error, status, text);
    check_error(text, quant_file_quantize(job, &result, &error), &error, status, text);
    assert_false(exists(job->output.path));
}

static void test_written(void **state)
{
    (void)state;
    struct quant_error error;
    write_inputs();
    struct quant_quantize_job job = model_job("m.safetensors", "q.safetensors");
    check_ok(quant_onnx_check(&job, &error), &error);
    assert_false(exists("m.onnx"));
    job.ways = QUANT_DRY_RUN;
    quantize_ok(&job);
    assert_false(exists("m.onnx"));
    job.ways = 0;
    quantize_ok(&job);
    assert_true(exists("m.onnx"));
    refuse(&(struct quant_quantize_job){.size = sizeof job,
                                        .input = {.path = "w.npy"},
                                        .output = {.path = "other.npy"},
                                        .onnx = "m.onnx"},
           QUANT_EXISTS, "m.onnx");
    job.onnx = NULL;
    check_ok(quant_onnx_check(&job, &error), &error);
}

/* A run that goes on leaves the outputs, and makes the same model again. */
static void test_resumed(void **state)
{
    (void)state;
    size_t nbytes[2];
    write_inputs();
    struct quant_quantize_job job = model_job("m.safetensors", "q.safetensors");
    quantize_ok(&job);
    void *first = file_read("m.onnx", &nbytes[0]);
    assert_int_equal(remove("m.onnx"), 0);
    job.ways = QUANT_RESUME;
    for (int i = 0; i < 2; i++) {
        quantize_ok(&job);
        void *again = file_read("m.onnx", &nbytes[1]);
        assert_int_equal(nbytes[0], nbytes[1]);
        assert_memory_equal(first, again, nbytes[0]);
        free(again);
    }
    free(first);
}

/* The old model does not stay where the new one could not be made. */
static void test_late(void **state)
{
    (void)state;
    struct quant_quantize_result result;
    struct quant_error error;
    write_inputs();
    struct quant_quantize_job job = model_job("far.npy", "q.npy");
    quantize_ok(&job);
    assert_true(exists("m.onnx"));
    job.spec.scheme = QUANT_ZERO_POINT;
    job.output.force = true;
    check_ok(quant_onnx_check(&job, &error), &error);
    check_error("far", quant_file_quantize(&job, &result, &error), &error, QUANT_UNSUPPORTED,
                "cannot write 'm.onnx': tensor 'far': the zero point is -383");
    assert_false(exists("m.onnx"));
    assert_true(exists("q.npy.json"));
    job.spec.include_zero = true;
    quantize_ok(&job);
    assert_true(exists("m.onnx"));
}

static void test_refused(void **state)
{
    (void)state;
    write_inputs();
    assert_int_equal(mkdir("d", 0777), 0);
    struct quant_quantize_job job = model_job("w.npy", "q.npy");
    job.onnx = "d/m.onnx";
    refuse(&job, QUANT_INVALID, "'q.npy' is not in its directory or below it");
    job.onnx = "missing/m.onnx";
    refuse(&job, QUANT_IO, "its directory does not exist");
    job.onnx = "-";
    refuse(&job, QUANT_INVALID, "a stream is in no directory");
    job.onnx = "w.npy";
    refuse(&job, QUANT_EXISTS, "w.npy");
    job.onnx = "q.npy";
    refuse(&job, QUANT_EXISTS, "q.npy");
    job.onnx = "q.npy.json";
    refuse(&job, QUANT_EXISTS, "q.npy.json");
    job = model_job("w.npy", "q.json");
    refuse(&job, QUANT_UNSUPPORTED, "would be text");
    job = model_job("w.npy", "q.npy");
    job.granularity = (struct quant_granularity){.block_size = 2, .block_rows = 2};
    refuse(&job, QUANT_UNSUPPORTED, "not of rows and columns");
    job = model_job("w.npy", "q.npy");
    job.spec.has_scale = true;
    job.spec.scale = 1;
    job.spec.scheme = QUANT_ZERO_POINT;
    job.spec.has_zero_point = true;
    job.spec.zero_point = 128;
    refuse(&job, QUANT_UNSUPPORTED, "the zero point is 128");
}

/* Two of several files must not have a tensor of one name; files of one tensor are named by their
 * directory too. */
static void test_several(void **state)
{
    (void)state;
    struct quant_quantize_result result;
    struct quant_error error;
    write_inputs();
    assert_int_equal(mkdir("a", 0777), 0);
    assert_int_equal(mkdir("b", 0777), 0);
    struct quant_file files[] = {{.path = "w.npy", .output = "a/q.npy"},
                                 {.path = "w.npy", .output = "b/q.npy"}};
    struct quant_quantize_job job = model_job(NULL, NULL);
    job.files = files;
    job.nfiles = LENGTH(files);
    check_ok(quant_file_quantize(&job, &result, &error), &error);
    assert_true(exists("m.onnx"));
    job.onnx = "n.onnx";
    files[0].output = "a/q.safetensors";
    files[1].output = "b/q.safetensors";
    check_error("names", quant_file_quantize(&job, &result, &error), &error, QUANT_INVALID,
                "cannot write 'n.onnx': two tensors would have the name 'w'");
    assert_false(exists("a/q.safetensors"));
    /* A file that fails: there is no model. */
    files[0].output = "a/2.npy";
    files[1] = (struct quant_file){.path = "missing.npy", .output = "b/2.npy"};
    check_error("failed", quant_file_quantize(&job, &result, &error), &error, QUANT_IO, "missing");
    assert_true(exists("a/2.npy.json"));
    assert_false(exists("n.onnx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_resumed, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_late, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_refused, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_several, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
