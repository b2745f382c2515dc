/* SPDX-License-Identifier: MIT */
/* A comparison's rows are what quantizing with each scheme and method finds and reports. */
#include <math.h>

#include "engine.h"
#include "engine/chunks.h"

static struct quant_compare_job compare_job(const char *input)
{
    return (struct quant_compare_job){.input = {.path = input}, .cancel = {NULL, -1}};
}

static struct quant_compare_result compare_ok(const struct quant_compare_job *job)
{
    struct quant_compare_result result;
    struct quant_error error;
    const int before = folder_count(".");
    check_ok(quant_file_compare(job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    return result;
}

/* Every scheme with every method but auto, which is one of the others; of a float type, those that
 * do not assume evenly spaced levels. */
static size_t count_rows(enum quant_dtype dtype)
{
    size_t nmethods = 0;
    while (quant_calibration_name(nmethods))
        nmethods++;
    return dtype == QUANT_FLOAT8_E5M2 ? 3 : 2 * (nmethods - 1);
}

static void check_rows(const struct quant_compare_job *job)
{
    const struct quant_compare_result result = compare_ok(job);
    assert_int_equal(result.n, count_rows(job->spec.dtype));
    for (size_t i = 0; i < result.n; i++) {
        const struct quant_comparison *row = &result.rows[i];
        struct quant_quantize_job single = quantize_job(job->input.path, "q.npy");
        single.spec = job->spec;
        single.spec.scheme = row->scheme;
        single.spec.calibration = row->calibration;
        single.output.force = true;
        const struct quant_quantize_result expected = quantize_ok(&single);
        assert_memory_equal(&row->choice.params, &expected.choice.params,
                            sizeof row->choice.params);
        assert_memory_equal(&row->report, &expected.report, sizeof row->report);
        assert_true(i == 0 || !(row->report.mse < result.rows[i - 1].report.mse));
        for (size_t k = 0; k < i; k++)
            assert_false(row->scheme == result.rows[k].scheme &&
                         row->calibration == result.rows[k].calibration);
    }
    assert_int_equal(unlink("q.npy"), 0);
    assert_int_equal(unlink("q.npy.json"), 0);
}

static void test_rows(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 7, 1000, QUANT_CHUNK + 77};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        write_tensor("x.npy", x, lengths[i]);
        struct quant_compare_job job = compare_job("x.npy");
        job.threads = 2;
        job.spec.dtype = QUANT_FLOAT8_E5M2;
        check_rows(&job);
        if (lengths[i] <= QUANT_CHUNK) { /* beyond, searching for ranges takes too long */
            job.threads = 1;
            job.spec.dtype = QUANT_INT8;
            check_rows(&job);
            job.spec.dtype = QUANT_UINT8;
            job.spec.rounding = QUANT_HALF_AWAY;
            check_rows(&job);
        }
        free(x);
    }
}

static void test_json(void **state)
{
    (void)state;
    float *x = make_floats(1000);
    write_tensor("x.json", x, 1000);
    write_tensor("x.npy", x, 1000);
    struct quant_compare_job job = compare_job("x.json");
    const struct quant_compare_result found = compare_ok(&job);
    job.input.path = "x.npy";
    const struct quant_compare_result expected = compare_ok(&job);
    for (size_t i = 0; i < expected.n; i++)
        assert_memory_equal(&found.rows[i].report, &expected.rows[i].report,
                            sizeof expected.rows[i].report);
    free(x);
}

static void compare_fails(const struct quant_compare_job *job, enum quant_status expected,
                          const char *message)
{
    struct quant_compare_result result;
    struct quant_error error = {QUANT_OK, ""};
    check_error(message, quant_file_compare(job, &result, &error), &error, expected, message);
}

/* What one of the schemes does not go with is left out; the error is that of the first. */
static void test_schemes(void **state)
{
    (void)state;
    float *x = make_floats(100);
    write_tensor("x.npy", x, 100);
    struct quant_compare_job job = compare_job("x.npy");
    const size_t both = compare_ok(&job).n;
    job.spec.has_qmin = job.spec.has_qmax = true;
    job.spec.qmin = -8;
    job.spec.qmax = -1;
    const struct quant_compare_result result = compare_ok(&job);
    assert_int_equal(result.n, both / 2);
    for (size_t i = 0; i < result.n; i++)
        assert_int_equal(result.rows[i].scheme, QUANT_ZERO_POINT);
    job.spec.scheme = QUANT_ZERO_POINT; /* which is not looked at */
    assert_int_equal(compare_ok(&job).n, both / 2);
    job.spec.qmin = -1;
    compare_fails(&job, QUANT_INVALID, "target range -1..-1 is empty");
    job.spec = (struct quant_spec){.dtype = QUANT_FLOAT8_E5M2, .scheme = QUANT_ZERO_POINT};
    assert_int_equal(compare_ok(&job).rows[0].scheme, QUANT_ABSMAX);
    job.spec.include_zero = true;
    compare_fails(&job, QUANT_INVALID, "does not take zero to be included");
    free(x);
}

static void test_errors(void **state)
{
    (void)state;
    float x[] = {1, (float)NAN, 3};
    write_tensor("x.npy", x, LENGTH(x));
    struct quant_compare_job job = compare_job("x.npy");
    compare_fails(&job, QUANT_NONFINITE, "1 of 3 elements not finite");
    job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
    assert_int_equal(compare_ok(&job).rows[0].report.n, 2);
    job.spec.has_scale = true;
    job.spec.scale = 1;
    compare_fails(&job, QUANT_INVALID, "there are no ranges to compare");
    job = compare_job("none.npy");
    compare_fails(&job, QUANT_IO, "none.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_rows),
        IN_FOLDER(test_json),
        IN_FOLDER(test_schemes),
        IN_FOLDER(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
