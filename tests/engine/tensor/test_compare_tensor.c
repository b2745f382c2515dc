/* SPDX-License-Identifier: MIT */
/* A comparison's rows are what quantizing with each type, scheme and method finds and reports. */
#include <math.h>

#include "../../support/names.h"
#include "../engine.h"
#include "engine/work/chunks.h"

static struct quant_compare_job compare_job(const char *input)
{
    return (struct quant_compare_job){.size = sizeof(struct quant_compare_job),
                                      .input = {.path = input}};
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
    while (method_name(nmethods))
        nmethods++;
    return dtype == QUANT_FLOAT8_E5M2 ? 3 : 2 * (nmethods - 1);
}

/* The quantization that a row stands for. */
static struct quant_quantize_job row_job(const struct quant_compare_job *job,
                                         const struct quant_comparison *row)
{
    struct quant_quantize_job single = quantize_job(job->input.path, "q.npy");
    single.input = job->input;
    single.spec = job->spec;
    single.spec.dtype = row->choice.params.dtype;
    single.spec.scheme = row->scheme;
    single.spec.calibration = row->calibration;
    single.spec.has_clip = !row->calibration;
    single.granularity = job->granularity;
    single.output.force = true;
    return single;
}

static void check_row(const struct quant_compare_job *job, const struct quant_comparison *row)
{
    const struct quant_quantize_job single = row_job(job, row);
    const struct quant_quantize_result expected = quantize_ok(&single);
    assert_memory_equal(&row->choice.params, &expected.choice.params, sizeof row->choice.params);
    assert_int_equal(row->choice.notes, expected.choice.notes);
    assert_memory_equal(&row->report, &expected.report, sizeof row->report);
}

/* Returns the number of rows. */
static size_t check_rows(const struct quant_compare_job *job)
{
    const struct quant_compare_result result = compare_ok(job);
    for (size_t i = 0; i < result.n; i++) {
        const struct quant_comparison *row = &result.rows[i];
        check_row(job, row);
        const bool begins_type = i == 0 || row->choice.params.dtype != row[-1].choice.params.dtype;
        assert_true(begins_type || !(row->report.mse < row[-1].report.mse));
        for (size_t k = 0; k < i; k++)
            assert_false(row->scheme == result.rows[k].scheme &&
                         row->calibration == result.rows[k].calibration &&
                         row->choice.params.dtype == result.rows[k].choice.params.dtype);
    }
    assert_int_equal(unlink("q.npy"), 0);
    assert_int_equal(unlink("q.npy.json"), 0);
    return result.n;
}

static void check_all_rows(const struct quant_compare_job *job)
{
    assert_int_equal(check_rows(job), count_rows(job->spec.dtype));
}

static void test_rows(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 7, 1000, QUANT_CHUNK + 77};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        write_tensor("x.npy", x, lengths[i]);
        struct quant_compare_job job = compare_job("x.npy");
        job.control.threads = 2;
        job.spec.dtype = QUANT_FLOAT8_E5M2;
        check_all_rows(&job);
        if (lengths[i] <= QUANT_CHUNK) { /* beyond, searching for ranges takes too long */
            job.control.threads = 1;
            job.spec.dtype = QUANT_INT8;
            check_all_rows(&job);
            job.spec.dtype = QUANT_UINT8;
            job.spec.rounding = QUANT_HALF_AWAY;
            check_all_rows(&job);
        }
        free(x);
    }
}

/* Groups that lie in a short stretch, groups that do not, and blocks; from a file, and from JSON,
 * which is spooled. */
static void test_groups(void **state)
{
    (void)state;
    enum { ROWS = 40, COLUMNS = 37 };
    const size_t n = (size_t)ROWS * COLUMNS;
    static const struct quant_granularity granularities[] = {
        {true, 0, 0, 0}, {true, -1, 0, 0}, {false, 0, 16, 0}, {true, 0, 8, 0}};
    float *x = make_floats(n);
    write_npy("x.npy", x, n, false, "(40, 37)");
    write_npy("f.npy", x, n, true, "(40, 37)");
    write_json("x.json", x, n);
    for (size_t i = 0; i < LENGTH(granularities); i++) {
        struct quant_compare_job job = compare_job(i % 2 == 0 ? "x.npy" : "f.npy");
        job.granularity = granularities[i];
        job.control.threads = 1 + (unsigned)i % 2;
        job.spec.dtype = i == 3 ? QUANT_FLOAT8_E5M2 : QUANT_INT4;
        job.spec.scale_dtype = i == 2 ? QUANT_FLOAT16 : QUANT_FLOAT32;
        check_all_rows(&job);
    }
    struct quant_compare_job job = compare_job("x.json");
    job.granularity = granularities[2];
    job.spec.scheme = QUANT_ZERO_POINT;
    job.has_scheme = true;
    assert_int_equal(check_rows(&job), count_rows(QUANT_INT8) / 2);
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 2, .block_size = 0};
    struct quant_error error;
    struct quant_compare_result result;
    assert_int_equal(quant_file_compare(&job, &result, &error), QUANT_INVALID);
    free(x);
}

/* Panels longer than a chunk need passes of their own. */
static void test_far_groups(void **state)
{
    (void)state;
    enum { COLUMNS = 2 * QUANT_CHUNK + 5 };
    float *x = make_floats(2 * (size_t)COLUMNS);
    char shape[64];
    snprintf(shape, sizeof shape, "(%d, 2)", (int)COLUMNS);
    write_npy("x.npy", x, 2 * (size_t)COLUMNS, true, shape);
    struct quant_compare_job job = compare_job("x.npy");
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 1, .block_size = 0};
    job.spec.dtype = QUANT_FLOAT8_E5M2; /* few methods, and quick ones */
    job.control.threads = 2;
    check_all_rows(&job);
    free(x);
}

/* Types in the order given, one scheme of two, and a range. */
static void test_selection(void **state)
{
    (void)state;
    static const enum quant_dtype dtypes[] = {QUANT_UINT16, QUANT_FLOAT8_E4M3FN, QUANT_INT4};
    float *x = make_floats(500);
    write_tensor("x.npy", x, 500);
    struct quant_compare_job job = compare_job("x.npy");
    job.dtypes = dtypes;
    job.ndtypes = LENGTH(dtypes);
    job.spec.has_clip = true;
    job.spec.clip[0] = -2;
    job.spec.clip[1] = 3;
    const size_t all = count_rows(QUANT_INT8) + 2;
    const size_t floats = count_rows(QUANT_FLOAT8_E5M2) + 1;
    assert_int_equal(check_rows(&job), 2 * all + floats);
    const struct quant_compare_result result = compare_ok(&job);
    assert_int_equal(result.rows[0].choice.params.dtype, QUANT_UINT16);
    assert_int_equal(result.rows[all].choice.params.dtype, QUANT_FLOAT8_E4M3FN);
    assert_int_equal(result.rows[all + floats].choice.params.dtype, QUANT_INT4);
    job.has_scheme = true; /* absmax */
    assert_int_equal(check_rows(&job), all + floats);
    job.spec.scheme = QUANT_ZERO_POINT;
    struct quant_error error;
    struct quant_compare_result none;
    assert_int_equal(quant_file_compare(&job, &none, &error), QUANT_INVALID);
    job.dtypes = NULL;
    job.ndtypes = 0;
    assert_int_equal(check_rows(&job), all / 2);
    job.granularity.block_size = 8;
    assert_int_equal(quant_file_compare(&job, &none, &error), QUANT_INVALID);
    free(x);
}

static struct quant_outliers find_outliers(const float *x, size_t n)
{
    write_tensor("x.npy", x, n);
    struct quant_compare_job job = compare_job("x.npy");
    job.spec.dtype = QUANT_FLOAT8_E5M2;
    job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
    job.control.threads = 2;
    return compare_ok(&job).outliers;
}

/* More than half of the largest magnitude. */
static void test_outliers(void **state)
{
    (void)state;
    const float one[] = {1, -2, 50, 25, -25, (float)NAN, (float)INFINITY};
    struct quant_outliers found = find_outliers(one, LENGTH(one));
    assert_int_equal(found.count, 1);
    assert_true(found.min == -25 && found.max == 25);
    const float below[] = {-50, -26, 3};
    found = find_outliers(below, LENGTH(below));
    assert_int_equal(found.count, 2);
    assert_true(found.min == 3 && found.max == 3);
    const float zeros[] = {0, 0};
    assert_int_equal(find_outliers(zeros, LENGTH(zeros)).count, 0);
    found = find_outliers(zeros, 0);
    assert_true(found.count == 0 && found.min > found.max);
    const size_t n = 2 * QUANT_CHUNK + 3;
    float *x = calloc(n, sizeof *x);
    assert_non_null(x);
    x[0] = 1;
    x[n - 1] = -1;
    x[QUANT_CHUNK] = 0.25F;
    found = find_outliers(x, n);
    assert_int_equal(found.count, 2);
    assert_true(found.min == 0 && found.max == 0.25F);
    free(x);
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

/* What one of the schemes cannot be used with is left out; the error is that of the first. */
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
    compare_fails(&job, QUANT_INVALID, "-1..-1, which is empty");
    job.spec = (struct quant_spec){.dtype = QUANT_FLOAT8_E5M2, .scheme = QUANT_ZERO_POINT};
    assert_int_equal(compare_ok(&job).rows[0].scheme, QUANT_ABSMAX);
    job.spec.include_zero = true;
    compare_fails(&job, QUANT_INVALID, "does not take include-zero");
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
    compare_fails(&job, QUANT_INVALID, "no ranges to compare");
    job = compare_job("none.npy");
    compare_fails(&job, QUANT_IO, "none.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_rows),      IN_FOLDER(test_groups),   IN_FOLDER(test_far_groups),
        IN_FOLDER(test_selection), IN_FOLDER(test_outliers), IN_FOLDER(test_json),
        IN_FOLDER(test_schemes),   IN_FOLDER(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
