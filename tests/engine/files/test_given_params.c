/* SPDX-License-Identifier: MIT */
/* Quantizing by the scales that another run has found gives the bytes of that run, for each place
 * that scales can be in; scales that do not fit a tensor are refused before anything is written. */
#include "../engine.h"

static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[0,96]},"
                             "\"b\":{\"dtype\":\"F32\",\"shape\":[8,5],\"data_offsets\":[96,256]},"
                             "\"c\":{\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[256,288]}}";

static const struct quant_granularity granularities[] = {
    {.has_axis = false},
    {.has_axis = true, .axis = 0},
    {.has_axis = true, .axis = -1},
    {.block_size = 2},
    {.has_axis = true, .axis = 0, .block_size = 3},
    {.block_size = 4, .block_rows = 3},
};

/* The scheme says whether there are zero points, and they are taken from the file in any case. */
static void check_equal(struct quant_quantize_job found, struct quant_quantize_job given,
                        const char *scale_from)
{
    quantize_ok(&found);
    given.scale_from = scale_from;
    quantize_ok(&given);
    if (!files_equal(found.output.path, given.output.path))
        fail_msg("other bytes by the scales of %s", scale_from);
}

static void test_containers(void **state)
{
    (void)state;
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_UINT8, QUANT_INT4,
                                              QUANT_FLOAT8_E4M3FN};
    static const char *const outputs[] = {"q.safetensors", "q.npz"};
    float *x = make_floats(72);
    file_write_container("m.safetensors", header, x, 288);
    free(x);
    for (size_t i = 0; i < LENGTH(granularities) * LENGTH(dtypes) * 2; i++) {
        const char *output = outputs[i / LENGTH(dtypes) / LENGTH(granularities)];
        struct quant_quantize_job found = quantize_job("m.safetensors", output);
        found.output.force = true;
        found.granularity = granularities[i % LENGTH(granularities)];
        found.spec.dtype = dtypes[i / LENGTH(granularities) % LENGTH(dtypes)];
        if (found.spec.dtype != QUANT_FLOAT8_E4M3FN)
            found.spec.scheme = QUANT_ZERO_POINT;
        struct quant_quantize_job given = found;
        given.output.path = strcmp(output, "q.npz") == 0 ? "again.npz" : "again.safetensors";
        given.control.threads = 3;
        check_equal(found, given, output);
        char sidecar[32];
        snprintf(sidecar, sizeof sidecar, "%s.json", output);
        check_equal(found, given, sidecar);
    }
}

/* More elements than a chunk has, so that several workers share them, in both orders. */
static void test_single(void **state)
{
    (void)state;
    enum { ROWS = 601, COLUMNS = 700, N = ROWS * COLUMNS };
    float *x = make_floats(N);
    for (size_t order = 0; order < 2; order++) {
        write_npy("x.npy", x, N, order == 1, "(601, 700)");
        for (size_t i = 0; i < LENGTH(granularities); i++) {
            struct quant_quantize_job found = quantize_job("x.npy", "q.npy");
            found.output.force = true;
            found.granularity = granularities[i];
            found.spec.scheme = i % 2 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
            struct quant_quantize_job given = found;
            given.output.path = "again.npy";
            given.control.threads = 3;
            check_equal(found, given, "q.npy.json");
        }
    }
    free(x);
}

/* ---- What other programs write ---- */

/* A file with one array of scales for `a`, whose header ends in type and shape. */
static void write_scales(const char *type, const char *shape, const float *scales, size_t nbytes)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"a_scale\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%zu]}}", type, shape,
             nbytes);
    file_write_container("s.safetensors", text, scales, nbytes);
}

static struct quant_quantize_job job_of_a(void)
{
    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    static const char *const a[] = {"a"};
    job.output.force = true;
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 0};
    job.selection = (struct quant_selection){a, 1, NULL, 0};
    job.scale_from = "s.safetensors";
    return job;
}

static void expect_refused(const char *message)
{
    const struct quant_quantize_job job = job_of_a();
    quantize_fails(&job, QUANT_INVALID, message);
    assert_false(file_exists("q.safetensors"));
}

static void test_refused(void **state)
{
    (void)state;
    static const float scales[] = {0.5F, 0.25F, 0, 1, 2, 3};
    static const float not_finite[] = {0.5F, INFINITY, 1, 1};
    float *x = make_floats(72);
    file_write_container("m.safetensors", header, x, 288);
    write_scales("F32", "[6]", scales, 24);
    expect_refused("it needs 4 scales, and 's.safetensors' has 6 for it");
    write_scales("F32", "[2,2]", scales, 16);
    expect_refused("have the shape (2, 2), and it needs (4, 1)");
    write_scales("F32", "[4]", scales, 16);
    expect_refused("scale [2] for it in 's.safetensors' is 0; it must be above 0");
    write_scales("F32", "[4]", not_finite, 16);
    expect_refused("scale [1] for it in 's.safetensors' is inf");
    write_scales("I32", "[4]", scales, 16);
    expect_refused("its scales 'a_scale' have the type I32, not a float type");
    file_write_container("s.safetensors", header, x, 288);
    free(x);
    expect_refused("has no scales for it: no 'a_scale'");
    file_write_text("s.safetensors", "[0.5, 0.5]");
    expect_refused("has no scales");
}

static void test_excluded(void **state)
{
    (void)state;
    static const char message[] = "exclude each other";
    struct quant_quantize_job job = job_of_a();
    job.spec.calibration = "mse";
    quantize_fails(&job, QUANT_INVALID, message);
    job = job_of_a();
    job.spec.has_clip = true;
    job.spec.clip[1] = 1;
    quantize_fails(&job, QUANT_INVALID, message);
    job = job_of_a();
    job.range_from = "r.json";
    quantize_fails(&job, QUANT_INVALID, message);
}

/* ---- Ranges ---- */

static void calibrate_axis(const char *const *paths, size_t n, const char *method)
{
    struct quant_calibrate_result result;
    struct quant_error error;
    const struct quant_calibrate_job job = {.size = sizeof job,
                                            .paths = paths,
                                            .npaths = n,
                                            .spec = {.calibration = method},
                                            .granularity = {.has_axis = true, .axis = 0},
                                            .output = "r.json",
                                            .force = true};
    check_ok(quant_file_calibrate(&job, &result, &error), &error);
}

/* The ranges of the file itself give what the method finds in it. */
static void test_ranges(void **state)
{
    (void)state;
    enum { ROWS = 601, COLUMNS = 700, N = ROWS * COLUMNS };
    static const char *const methods[] = {"minmax", "percentile", "mse"};
    static const char *const paths[] = {"x.npy"};
    float *x = make_floats(N);
    write_npy("x.npy", x, N, false, "(601, 700)");
    write_npy("y.npy", x, N, false, "(700, 601)");
    for (size_t i = 0; i < LENGTH(methods); i++) {
        calibrate_axis(paths, 1, methods[i]);
        struct quant_quantize_job found = quantize_job("x.npy", "q.npy");
        found.output.force = true;
        found.granularity = (struct quant_granularity){.has_axis = true, .axis = 0};
        found.spec.calibration = methods[i];
        struct quant_quantize_job given = found;
        given.spec.calibration = NULL;
        given.output.path = "again.npy";
        given.range_from = "r.json";
        quantize_ok(&found);
        quantize_ok(&given);
        assert_true(files_equal("q.npy", "again.npy"));
        given.input.path = "y.npy";
        quantize_fails(&given, QUANT_INVALID, "'r.json' has ranges for 601");
    }
    free(x);
}

/* An engine maps by a factor that is not quite the inverse of the scale: at ties it shows. */
static void test_ranges_of_engine(void **state)
{
    (void)state;
    enum { ROWS = 64, COLUMNS = 256 };
    static const char *const paths[] = {"x.npy"};
    float *x = make_floats((size_t)ROWS * COLUMNS);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < COLUMNS; k++) {
            const float top = 1 + (float)i / 61;
            x[i * COLUMNS + k] = k == 0 ? top : ((float)(k % 126) + 0.5F) * top / 127;
        }
    write_npy("x.npy", x, (size_t)ROWS * COLUMNS, false, "(64, 256)");
    free(x);
    calibrate_axis(paths, 1, "minmax");
    struct quant_quantize_job found = quantize_job("x.npy", "q.npy");
    found.granularity = (struct quant_granularity){.has_axis = true, .axis = 0};
    found.spec.like = "ncnn";
    struct quant_quantize_job given = found;
    given.output.path = "again.npy";
    given.range_from = "r.json";
    quantize_ok(&found);
    quantize_ok(&given);
    assert_true(files_equal("q.npy", "again.npy"));
}

/* The ranges of minmax are for any type, but not for one that needs a scale. */
static void test_ranges_and_types(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.npy"};
    float *x = make_floats(6);
    write_npy("x.npy", x, 6, false, "(2, 3)");
    free(x);
    calibrate_axis(paths, 1, "minmax");
    struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 0};
    job.range_from = "r.json";
    job.spec.dtype = QUANT_FLOAT8_E5M2;
    quantize_ok(&job);
    job.output.path = "wide.npy";
    job.spec.dtype = QUANT_INT32;
    quantize_fails(&job, QUANT_INVALID, "int32 needs a given scale");
    assert_false(file_exists("wide.npy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_containers),       IN_FOLDER(test_single), IN_FOLDER(test_refused),
        IN_FOLDER(test_excluded),         IN_FOLDER(test_ranges), IN_FOLDER(test_ranges_of_engine),
        IN_FOLDER(test_ranges_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
