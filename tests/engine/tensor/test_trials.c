/* SPDX-License-Identifier: MIT */
/* What auto writes is what the method of smallest mse writes, of those that a comparison shows. */
#include <math.h>

#include "../engine.h"
#include "base/sum_order.h"
#include "engine/work/chunks.h"

/* The first row of the scheme: rows are sorted, smallest mse first, equals in the order of the
 * table.
 */
static const struct quant_comparison *best_of(const struct quant_compare_result *result,
                                              enum quant_scheme scheme)
{
    size_t i = 0;
    while (i < result->n && result->rows[i].scheme != scheme)
        i++;
    assert_true(i < result->n);
    return &result->rows[i];
}

static struct quant_comparison compare(const char *path, const struct quant_spec *spec)
{
    const struct quant_compare_job job = {
        .size = sizeof job, .input = {.path = path}, .spec = *spec};
    static struct quant_compare_result result;
    struct quant_error error;
    check_ok(quant_file_compare(&job, &result, &error), &error);
    return *best_of(&result, spec->scheme);
}

/* A sidecar names its data: to compare two, both are made under one name. */
static void write_pair(const char *input, const struct quant_spec *spec, unsigned threads,
                       struct quant_quantize_result *result)
{
    struct quant_quantize_job job = quantize_job(input, "q.npy");
    job.output.force = true;
    job.spec = *spec;
    job.control.threads = threads;
    *result = quantize_ok(&job);
}

/* Returns the method that was taken. */
static const char *check_auto(const char *input, unsigned threads, const struct quant_spec *given)
{
    struct quant_spec spec = *given;
    const struct quant_comparison best = compare(input, &spec);
    struct quant_quantize_result expected;
    struct quant_quantize_result found;
    spec.calibration = best.calibration;
    write_pair(input, &spec, 1, &expected);
    assert_int_equal(rename("q.npy", "expected.npy"), 0);
    assert_int_equal(rename("q.npy.json", "expected.json"), 0);
    spec.calibration = "auto";
    write_pair(input, &spec, threads, &found);
    assert_true(files_equal("q.npy", "expected.npy"));
    assert_true(files_equal("q.npy.json", "expected.json"));
    assert_string_equal(found.choice.calibration, best.calibration);
    assert_memory_equal(&found.report, &best.report, sizeof found.report);
    return best.calibration;
}

static void check_memory(const float *x, size_t n, const struct quant_spec *given,
                         const char *method)
{
    struct quant_spec spec = *given;
    struct quant_choice expected;
    struct quant_choice found;
    spec.calibration = method;
    assert_int_equal(quant_calibrate(&spec, x, n, &expected, NULL), QUANT_OK);
    spec.calibration = "auto";
    assert_int_equal(quant_calibrate(&spec, x, n, &found, NULL), QUANT_OK);
    assert_string_equal(found.calibration, method);
    assert_memory_equal(&found.params, &expected.params, sizeof found.params);
    assert_memory_equal(found.range, expected.range, sizeof found.range);
    assert_int_equal(found.has_calibration_argument, expected.has_calibration_argument);
    assert_true(found.calibration_argument == expected.calibration_argument);
}

static const struct quant_spec specs[] = {
    {.dtype = QUANT_INT8},
    {.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT},
    {.dtype = QUANT_INT4},
    {.dtype = QUANT_UINT4, .scheme = QUANT_ZERO_POINT, .include_zero = true},
    {.dtype = QUANT_INT16},
    {.dtype = QUANT_UINT8, .rounding = QUANT_HALF_AWAY},
    {.dtype = QUANT_FLOAT8_E4M3FN},
    {.dtype = QUANT_FLOAT8_E5M2},
};

/* Every step-th of the specs: many passes over much take long. */
static void check_specs(const float *x, size_t n, size_t step)
{
    write_tensor("x.npy", x, n);
    for (size_t i = 0; i < LENGTH(specs); i += step) {
        struct quant_spec spec = specs[i];
        spec.nonfinite = QUANT_NONFINITE_SATURATE;
        check_memory(x, n, &spec, check_auto("x.npy", 1, &spec));
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 7, 500, QUANT_MEASURE_BLOCK + 1};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        const size_t step = lengths[i] <= QUANT_MEASURE_BLOCK ? 1
                            : IS_SLOW_BUILD                   ? LENGTH(specs)
                                                              : 3;
        check_specs(x, lengths[i], step);
        free(x);
    }
}

/* Several chunks, and workers: to integers, where that does not take too long, and to floats, which
 * have fewer methods. */
static void test_threads(void **state)
{
    (void)state;
    const size_t n = QUANT_CHUNK + 4096 + 77;
    float *x = make_floats(n);
    write_tensor("x.npy", x, n);
    for (unsigned threads = IS_OPTIMIZED ? 2 : 3; threads <= 3; threads++) {
        const struct quant_spec spec = {.dtype = threads == 2 ? QUANT_INT8 : QUANT_FLOAT8_E4M3FN};
        check_memory(x, n, &spec, check_auto("x.npy", threads, &spec));
    }
    free(x);
}

static void test_nonfinite(void **state)
{
    (void)state;
    enum { N = 500 };
    float *x = make_floats(N);
    for (size_t i = 5; i < N; i += 20)
        x[i] = i % 3 == 0 ? (float)NAN : (float)INFINITY;
    check_specs(x, N, 1);
    struct quant_quantize_job job = quantize_job("x.npy", "none.npy");
    job.spec.calibration = "auto";
    quantize_fails(&job, QUANT_NONFINITE, "25 of 500 elements not finite");
    struct quant_choice choice;
    assert_int_equal(quant_calibrate(&job.spec, x, N, &choice, NULL), QUANT_NONFINITE);
    free(x);
}

/* Not one method for all: where minmax loses nothing, where one element spoils it, where all are
 * equal. */
static void test_takes_several(void **state)
{
    (void)state;
    enum { N = 1024 };
    float x[N];
    const struct quant_spec spec = {.dtype = QUANT_INT8};
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((int)(i % 255) - 127);
    write_tensor("x.npy", x, N);
    assert_string_equal(check_auto("x.npy", 1, &spec), "minmax"); /* mse loses nothing either */
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((int)(i % 256) - 127) * (i == 3 ? 100.0F : 1.0F);
    write_tensor("x.npy", x, N);
    assert_string_not_equal(check_auto("x.npy", 1, &spec), "minmax");
    for (size_t i = 0; i < N; i++)
        x[i] = 2.5F;
    write_tensor("x.npy", x, N);
    assert_string_equal(check_auto("x.npy", 1, &spec), "minmax");
}

/* In order, not by position. */
static void test_json(void **state)
{
    (void)state;
    float *x = make_floats(1000);
    write_tensor("x.npy", x, 1000);
    write_tensor("x.json", x, 1000);
    const struct quant_spec spec = {.dtype = QUANT_INT4};
    const char *method = check_auto("x.npy", 1, &spec);
    assert_string_equal(check_auto("x.json", 1, &spec), method);
    free(x);
}

static void count_calls(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;
    assert_true(done > *last && done <= total);
    *last = done;
}

/* The last call says that all is done. */
static void test_progress(void **state)
{
    (void)state;
    const size_t n = QUANT_CHUNK + 1;
    float *x = make_floats(n);
    write_tensor("x.npy", x, n);
    struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
    uint64_t last = 0;
    job.spec.calibration = "auto";
    job.spec.dtype = QUANT_FLOAT8_E5M2;
    job.control.progress = count_calls;
    job.control.context = &last;
    quantize_ok(&job);
    assert_true(last > 4 * n && last % n == 0);
    free(x);
}

/* It is not looked for where there is nothing to find, and takes no argument. */
static void test_given(void **state)
{
    (void)state;
    const float x[] = {1, 2, 30};
    struct quant_spec spec = {.calibration = "auto", .has_clip = true, .clip = {-2, 2}};
    struct quant_choice choice;
    struct quant_error error;
    assert_int_equal(quant_calibrate(&spec, x, LENGTH(x), &choice, &error), QUANT_OK);
    assert_true(choice.range[0] == -2 && choice.range[1] == 2 && !choice.calibration);
    spec = (struct quant_spec){
        .calibration = "auto", .has_calibration_argument = true, .calibration_argument = 3};
    assert_int_equal(quant_spec_check(&spec, &error), QUANT_INVALID);
    assert_string_equal(error.text, "calibration 'auto' takes no argument");
    spec = (struct quant_spec){.calibration = "auto", .dtype = QUANT_FLOAT16};
    assert_int_equal(quant_spec_check(&spec, &error), QUANT_INVALID);
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    spec = (struct quant_spec){.calibration = "auto"};
    assert_int_equal(quant_choose(&spec, &observed, &choice, &error), QUANT_OK);
    assert_string_equal(choice.calibration, "minmax");
    quant_observe(&observed, x, LENGTH(x));
    assert_int_equal(quant_choose(&spec, &observed, &choice, &error), QUANT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_lengths),       IN_FOLDER(test_threads), IN_FOLDER(test_nonfinite),
        IN_FOLDER(test_takes_several), IN_FOLDER(test_json),    IN_FOLDER(test_progress),
        cmocka_unit_test(test_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
