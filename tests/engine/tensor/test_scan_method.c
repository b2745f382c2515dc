/* SPDX-License-Identifier: MIT */
/* Every calibration method on files: the same bytes by position and in order, from any number of
 * threads, by every instruction set, and the numbers that quant_calibrate finds in memory. */
#include <math.h>

#include "../../support/names.h"
#include "../engine.h"
#include "base/sum_order.h"
#include "engine/work/chunks.h"

#define CHUNK ((size_t)QUANT_CHUNK)

static const size_t lengths[] = {0, 1, 2, 1000, CHUNK + 4096 + 123};

/* Over several chunks: auto, which is all of them, and has a test of its own for that; in a slow
 * build also the method of most passes. */
static bool takes_too_long(const char *method, size_t n)
{
    return n > CHUNK &&
           (strcmp(method, "auto") == 0 || (IS_SLOW_BUILD && strcmp(method, "mse") == 0));
}

static struct quant_quantize_job job_of(const char *method, enum quant_scheme scheme,
                                        const char *input, const char *output)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.output.force = true;
    job.control.threads = 1;
    job.spec.scheme = scheme;
    job.spec.calibration = method;
    return job;
}

static void check_choice(const char *method, const struct quant_choice *found,
                         const struct quant_choice *expected)
{
    if (memcmp(&found->params, &expected->params, sizeof found->params) != 0 ||
        found->has_range != expected->has_range || found->range[0] != expected->range[0] ||
        found->range[1] != expected->range[1])
        fail_msg("%s: [%a, %a], scale %a; expected [%a, %a], scale %a", method, found->range[0],
                 found->range[1], (double)found->params.scale, expected->range[0],
                 expected->range[1], (double)expected->params.scale);
}

static void check_files(const char *method, enum quant_scheme scheme, const float *x, size_t n)
{
    struct quant_quantize_job job = job_of(method, scheme, "x.npy", "one.npy");
    struct quant_choice expected;
    if (takes_too_long(method, n))
        return;
    assert_int_equal(quant_calibrate(&job.spec, x, n, &expected, NULL), QUANT_OK);
    struct quant_quantize_result found = quantize_ok(&job);
    check_choice(method, &found.choice, &expected);
    job.output.path = "many.npy";
    job.control.threads = 3;
    found = quantize_ok(&job);
    check_choice(method, &found.choice, &expected);
    assert_true(files_equal("one.npy", "many.npy"));
    if (n > CHUNK && strcmp(method, "mse") == 0) /* its many passes over JSON take too long */
        return;
    job.input.path = "x.json";
    found = quantize_ok(&job);
    check_choice(method, &found.choice, &expected);
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        write_tensor("x.npy", x, lengths[i]);
        write_tensor("x.json", x, lengths[i]);
        for (size_t k = 0; method_name(k); k++) {
            check_files(method_name(k), QUANT_ABSMAX, x, lengths[i]);
            check_files(method_name(k), QUANT_ZERO_POINT, x, lengths[i]);
        }
        free(x);
    }
}

/* Only what is finite is looked at, wherever chunks and lanes meet the rest. */
static void test_nonfinite(void **state)
{
    (void)state;
    const size_t n = 2 * CHUNK + 77;
    float *x = make_floats(n);
    for (size_t i = 5; i < n; i += 1000)
        x[i] = i % 3 == 0 ? (float)NAN : i % 3 == 1 ? (float)INFINITY : -(float)INFINITY;
    write_tensor("x.npy", x, n);
    for (size_t k = 0; method_name(k); k++)
        for (int scheme = 0; scheme < 2; scheme++) {
            const char *method = method_name(k);
            if (takes_too_long(method, n))
                continue;
            struct quant_quantize_job job =
                job_of(method, (enum quant_scheme)scheme, "x.npy", "q.npy");
            quantize_fails(&job, QUANT_NONFINITE, "263 of 262221 elements not finite");
            job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
            struct quant_choice expected;
            assert_int_equal(quant_calibrate(&job.spec, x, n, &expected, NULL), QUANT_OK);
            assert_true(expected.range[1] > 2 && expected.range[1] < 8);
            job.control.threads = 3;
            const struct quant_quantize_result found = quantize_ok(&job);
            check_choice(method, &found.choice, &expected);
            assert_int_equal(unlink("q.npy"), 0);
            assert_int_equal(unlink("q.npy.json"), 0);
        }
    free(x);
}

static void test_instruction_sets(void **state)
{
    (void)state;
    const size_t n = QUANT_MEASURE_BLOCK + 1;
    float *x = make_floats(n);
    const char *const before = quant_isa_current();
    for (size_t k = 0; method_name(k); k++)
        for (int scheme = 0; scheme < 2; scheme++) {
            const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                            .calibration = method_name(k)};
            struct quant_choice expected;
            assert_int_equal(quant_isa_select("scalar", NULL), QUANT_OK);
            assert_int_equal(quant_calibrate(&spec, x, n, &expected, NULL), QUANT_OK);
            for (size_t i = 0; isa_name(i); i++) {
                if (!isa_supported(i) || strcmp(isa_name(i), "scalar") == 0)
                    continue;
                struct quant_choice found;
                assert_int_equal(quant_isa_select(isa_name(i), NULL), QUANT_OK);
                assert_int_equal(quant_calibrate(&spec, x, n, &found, NULL), QUANT_OK);
                check_choice(method_name(k), &found, &expected);
            }
        }
    assert_int_equal(quant_isa_select(before, NULL), QUANT_OK);
    free(x);
}

static void count_calls(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;
    assert_true(done > *last && done <= total);
    *last = done;
}

/* The scan, two passes of the method, and the mapping. */
static void test_progress(void **state)
{
    (void)state;
    const size_t n = 2 * CHUNK + 1;
    float *x = make_floats(n);
    write_tensor("x.npy", x, n);
    struct quant_quantize_job job = job_of("percentile", QUANT_ABSMAX, "x.npy", "q.npy");
    uint64_t last = 0;
    job.control.progress = count_calls;
    job.control.context = &last;
    quantize_ok(&job);
    assert_int_equal(last, 4 * n);
    free(x);
}

/* What is given is not looked for. */
static void test_sidecar(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 40};
    write_tensor("x.npy", x, LENGTH(x));
    struct quant_quantize_job job = job_of("sigma", QUANT_ZERO_POINT, "x.npy", "q.npy");
    job.spec.has_calibration_argument = true;
    job.spec.calibration_argument = 0.1;
    quantize_ok(&job);
    size_t nbytes;
    char *text = (char *)file_read("q.npy.json", &nbytes);
    assert_non_null(strstr(text, "\"method\": \"sigma\""));
    assert_non_null(strstr(text, "\"argument\": 0.1,"));
    free(text);
    job.spec.has_clip = true;
    job.spec.clip[1] = 2;
    quantize_ok(&job);
    text = (char *)file_read("q.npy.json", &nbytes);
    assert_non_null(strstr(text, "\"method\": \"clip\""));
    assert_null(strstr(text, "argument"));
    free(text);
}

/* What is written of any method is what is read. */
static void test_read_back(void **state)
{
    (void)state;
    float *x = make_floats(100);
    write_tensor("x.npy", x, 100);
    for (size_t i = 0; method_name(i); i++) {
        const struct quant_quantize_job job =
            job_of(method_name(i), QUANT_ABSMAX, "x.npy", "q.npy");
        const struct quant_quantize_result written = quantize_ok(&job);
        const struct quant_dequantize_job back = dequantize_job("q.npy", NULL);
        assert_true(dequantize_ok(&back).report.mse == written.report.mse);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_files),    IN_FOLDER(test_nonfinite), IN_FOLDER(test_instruction_sets),
        IN_FOLDER(test_progress), IN_FOLDER(test_sidecar),   IN_FOLDER(test_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
