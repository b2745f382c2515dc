/* SPDX-License-Identifier: MIT */
/* A dry run: the sizes that it reports are those that are then written, over formats, types and
 * granularities; it fails like the real run; and it leaves nothing. */
#include "../engine.h"

#include <quant/dry_run.h>

static const char header[] =
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[6,20],\"data_offsets\":[0,480]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[480,504]}}    ";

struct seen {
    size_t ntensors;
    size_t nfiles;
    enum quant_status status;
    uint64_t tensor_nbytes; /* of all tensors */
    struct quant_file_preview file;
};

static bool see_tensor(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    assert_non_null(result->preview);
    assert_null(result->found);
    assert_null(result->restored);
    assert_true(result->preview->has_shape);
    assert_int_equal(result->preview->is_copied, strcmp(result->name, "b") == 0);
    seen->tensor_nbytes += result->preview->nbytes;
    seen->ntensors++;
    return true;
}

static bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->status == QUANT_OK, result->preview != NULL);
    assert_null(result->found);
    assert_null(result->restored);
    seen->nfiles++;
    seen->status = result->status;
    if (result->preview) {
        seen->file = *result->preview;
        assert_int_equal(result->is_unsized, !result->preview->has_size);
    }
    return true;
}

static uint64_t size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (uint64_t)status.st_size;
}

static void expect_size(const struct seen *seen, const char *output)
{
    assert_int_equal(seen->nfiles, 1);
    assert_int_equal(seen->ntensors, seen->file.ntensors);
    if (strstr(output, ".json"))
        assert_false(seen->file.has_size);
    else
        assert_int_equal(seen->file.nbytes, size_of(output));
    assert_true(seen->tensor_nbytes <= seen->file.nbytes);
}

/* First dry, then real: the outputs must not exist before. */
static void quantize_both(struct quant_quantize_job *job)
{
    struct quant_quantize_result result;
    struct quant_error error;
    struct seen seen = {.nfiles = 0};
    const int before = folder_count(".");
    job->ways = QUANT_DRY_RUN;
    job->control =
        (struct quant_control){.on_tensor = see_tensor, .on_file = see_file, .context = &seen};
    const enum quant_status status = quant_file_quantize(job, &result, &error);
    assert_int_equal(folder_count("."), before);
    const struct quant_error dry = error;
    job->ways = 0;
    job->control = (struct quant_control){.threads = 1};
    if (status != QUANT_OK) {
        assert_int_equal(quant_file_quantize(job, &result, &error), status);
        assert_string_equal(error.text, dry.text);
        return;
    }
    check_ok(quant_file_quantize(job, &result, &error), &error);
    expect_size(&seen, job->output.path);
    char *sidecar = NULL;
    assert_true(asprintf(&sidecar, "%s.json", job->output.path) > 0);
    char *scales = quant_file_scales_name(sidecar);
    assert_int_equal(file_exists(scales), seen.file.scales_nbytes > 0);
    if (file_exists(scales))
        assert_int_equal(size_of(scales), seen.file.scales_nbytes);
    assert_int_equal(seen.file.scales_nbytes > 0, strcmp(job->input.path, "many.npy") == 0);
    free(scales);
    free(sidecar);
}

static void dequantize_both(const char *path, const char *output, enum quant_dtype dtype)
{
    struct quant_dequantize_result result;
    struct quant_error error;
    struct seen seen = {.nfiles = 0};
    struct quant_dequantize_job job = dequantize_job(path, output);
    const int before = folder_count(".");
    job.measure = false;
    job.dtype = dtype;
    job.ways = QUANT_DRY_RUN;
    job.control =
        (struct quant_control){.on_tensor = see_tensor, .on_file = see_file, .context = &seen};
    check_ok(quant_file_dequantize(&job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    job.ways = 0;
    job.control = (struct quant_control){.threads = 1};
    check_ok(quant_file_dequantize(&job, &result, &error), &error);
    expect_size(&seen, output);
    job.ways = QUANT_DRY_RUN;
    assert_int_equal(quant_file_dequantize(&job, &result, &error), QUANT_EXISTS);
}

static void write_inputs(void)
{
    float *x = make_floats(200000);
    write_npy("a.npy", x, 120, false, "(6, 20)");
    write_npy("f.npy", x, 120, true, "(6, 20)");
    write_npy("many.npy", x, 140000, false, "(70000, 2)");
    write_json("j.json", x, 50);
    write_raw("r.bin", x, 121);
    file_write_container("c.safetensors", header, x, 504);
    free(x);
}

static void test_sizes(void **state)
{
    (void)state;
    static const char *const inputs[] = {"a.npy", "f.npy", "r.bin", "j.json", "c.safetensors"};
    static const char *const extensions[] = {"npy", "bin", "json", "safetensors"};
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_UINT4, QUANT_UINT16,
                                              QUANT_FLOAT8_E5M2, QUANT_BFLOAT16};
    static const struct quant_granularity granularities[] = {{.has_axis = false},
                                                             {.has_axis = true, .axis = 0},
                                                             {.has_axis = true, .axis = 1},
                                                             {.block_size = 7}};
    write_inputs();
    for (size_t i = 0; i < 800; i++) {
        char output[64];
        char restored[64];
        const char *extension = extensions[i / 5 % 4];
        snprintf(output, sizeof output, "o%zu.%s", i, extension);
        snprintf(restored, sizeof restored, "o%zu.back.%s", i, extension);
        struct quant_quantize_job job = quantize_job(inputs[i % 5], output);
        job.measure = false;
        job.spec.dtype = dtypes[i / 20 % 5];
        job.granularity = granularities[i / 100 % 4];
        job.spec.scheme = i < 400 ? QUANT_ABSMAX : QUANT_ZERO_POINT;
        const bool is_known = job.input.path[0] != 'j'; /* its shape is known at its end */
        if (!is_known && (strcmp(extension, "json") != 0 || job.granularity.axis == 1))
            continue;
        quantize_both(&job);
        if (file_exists(output) && strstr(job.input.path, extension))
            dequantize_both(output, restored, i % 2 ? QUANT_FLOAT16 : QUANT_FLOAT32);
    }
}

static void test_many_scales(void **state)
{
    (void)state;
    write_inputs();
    struct quant_quantize_job job = quantize_job("many.npy", "m.npy");
    job.measure = false;
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 0};
    quantize_both(&job);
    job.output.path = "z.npy";
    job.spec.scheme = QUANT_ZERO_POINT;
    quantize_both(&job);
}

/* The same errors, before and after the outputs exist. */
static void test_failures(void **state)
{
    (void)state;
    write_inputs();
    struct quant_quantize_job job = quantize_job("c.safetensors", "c.npy");
    job.measure = false;
    quantize_both(&job);
    job = quantize_job("a.npy", "a.npy");
    quantize_both(&job);
    job = quantize_job("f.npy", "f.safetensors");
    quantize_both(&job);
    job = quantize_job("missing.npy", "m.npy");
    quantize_both(&job);
    job = quantize_job("a.npy", "out.npy");
    job.measure = false;
    quantize_both(&job);
    quantize_both(&job); /* it exists */
    job.has_min_dims = true;
    job.min_dims = 3;
    quantize_both(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_many_scales, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_failures, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
