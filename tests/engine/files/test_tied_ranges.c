/* SPDX-License-Identifier: MIT */
/* Jobs with ties: tensors of several files share the range that calibrating finds for all of them,
 * whatever the threads; what cannot be tied is refused before any work. */
#include "../engine.h"

static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[0,96]},"
                             "\"b\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[96,192]},"
                             "\"c\":{\"dtype\":\"F32\",\"shape\":[24],\"data_offsets\":[192,288]}}";

static const struct quant_file files[] = {{.path = "m.safetensors", .output = "q.safetensors"},
                                          {.path = "n.safetensors", .output = "r.safetensors"},
                                          {.path = "w.npy", .output = "w.int8.npy"}};

struct seen {
    size_t n;
    double ranges[8][2];
};

static bool see_tensor(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    if (result->found)
        memcpy(seen->ranges[seen->n++], result->found->choice.range, sizeof seen->ranges[0]);
    return true;
}

static bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    if (result->found && result->found->ntensors == 0)
        memcpy(seen->ranges[seen->n++], result->found->choice.range, sizeof seen->ranges[0]);
    return true;
}

/* The numbers of one file are larger than those of the other. */
static void write_inputs(void)
{
    float *x = make_floats(72);
    file_write_container("m.safetensors", header, x, 288);
    write_npy("w.npy", x, 60, false, "(60,)");
    for (size_t i = 0; i < 72; i++)
        x[i] *= 3;
    file_write_container("n.safetensors", header, x, 288);
    free(x);
}

static struct quant_quantize_job make_job(struct seen *seen, const char *const *ties, size_t nties)
{
    *seen = (struct seen){.n = 0};
    return (struct quant_quantize_job){
        .size = sizeof(struct quant_quantize_job),
        .output = {.force = true},
        .control = {.on_tensor = see_tensor, .on_file = see_file, .context = seen},
        .files = files,
        .nfiles = 3,
        .ties = ties,
        .nties = nties};
}

static void test_shared(void **state)
{
    (void)state;
    static const char *const ties[] = {"a", "[bw]*"};
    static const char *const methods[] = {"minmax", "mse", "percentile"};
    static const char *const paths[] = {"m.safetensors", "n.safetensors", "w.npy"};
    struct quant_error error;
    write_inputs();
    for (size_t i = 0; i < LENGTH(methods); i++) {
        struct quant_calibrate_result expected[2];
        for (size_t k = 0; k < 2; k++) {
            const struct quant_calibrate_job calibrate = {.size = sizeof calibrate,
                                                          .paths = paths,
                                                          .npaths = 3,
                                                          .spec = {.calibration = methods[i]},
                                                          .selection = {&ties[k], 1, NULL, 0}};
            check_ok(quant_file_calibrate(&calibrate, &expected[k], &error), &error);
        }
        for (unsigned threads = 1; threads <= 3; threads++) {
            struct seen seen;
            struct quant_quantize_job job = make_job(&seen, ties, 2);
            job.control.threads = threads;
            job.spec.calibration = methods[i];
            check_ok(quant_file_quantize(&job, NULL, &error), &error);
            assert_int_equal(seen.n, 5); /* a, b, a, b, w.npy */
            for (size_t k = 0; k < seen.n; k++) {
                const double *range = expected[k % 2 == 1 || k == 4].range;
                assert_memory_equal(seen.ranges[k], range, sizeof seen.ranges[k]);
            }
        }
    }
}

static void expect_refused(const struct quant_quantize_job *job, enum quant_status status,
                           const char *message)
{
    struct quant_error error;
    check_error(message, quant_file_quantize(job, NULL, &error), &error, status, message);
    assert_false(file_exists("q.safetensors"));
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const a[] = {"a"};
    static const char *const c[] = {"c"};
    static const char *const twice[] = {"a", "[ab]"};
    static const char *const both[] = {"[ab]"};
    const struct quant_rule rule = {.pattern = "b", .spec = {.dtype = QUANT_INT4}};
    const struct quant_file stream = {.path = "-", .output = "o.npy", .sidecar = "o.json"};
    struct seen seen;
    write_inputs();
    struct quant_quantize_job job = make_job(&seen, c, 1);
    expect_refused(&job, QUANT_INVALID, "cannot tie 'c': it matches no tensor that is quantized");
    job = make_job(&seen, twice, 2);
    expect_refused(&job, QUANT_INVALID, "cannot tie 'a': tensor 'a' is tied by '[ab]' too");
    job = make_job(&seen, both, 1);
    job.rules = &rule;
    job.nrules = 1;
    expect_refused(&job, QUANT_INVALID, "tensor 'b' is mapped by another rule than the first");
    job = make_job(&seen, a, 1);
    job.granularity = (struct quant_granularity){true, 0, 0, 0};
    expect_refused(&job, QUANT_INVALID, "tensor 'a' has a scale for each channel or block");
    job = make_job(&seen, a, 1);
    job.spec.has_scale = true;
    job.spec.scale = 1;
    expect_refused(&job, QUANT_INVALID, "the range of tensor 'a' is given");
    job = make_job(&seen, a, 1);
    job.spec.dtype = QUANT_FLOAT16;
    expect_refused(&job, QUANT_INVALID, "the range of tensor 'a' is given, or not needed");
    job = make_job(&seen, a, 1);
    job.spec.calibration = "auto";
    expect_refused(&job, QUANT_INVALID, "cannot tie 'a': 'auto' compares methods on one tensor");
    job = make_job(&seen, a, 1);
    job.files = &stream;
    job.nfiles = 1;
    expect_refused(&job, QUANT_INVALID, "cannot tie tensors of '-': it cannot be read twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_shared),
        IN_FOLDER(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
