/* SPDX-License-Identifier: MIT */
/* The same bytes, figures and errors from any number of threads, by position and in order. */
#include <math.h>

#include "../engine.h"
#include "engine/work/chunks.h"

#define CHUNK ((size_t)QUANT_CHUNK)

static const unsigned threads[] = {2, 3, 4, 8, 16};

/* Chunks, and what lies beside their borders. */
static const size_t lengths[] = {0,     1,         4097,      CHUNK - 1,
                                 CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 4096 + 123};

static void check_same_report(const struct quant_report *found, const struct quant_report *expected,
                              const char *what)
{
    if (memcmp(found, expected, sizeof *found) != 0)
        fail_msg("%s: mse %a, expected %a; max at %llu, expected %llu", what, found->mse,
                 expected->mse, (unsigned long long)found->max_abs_error_index,
                 (unsigned long long)expected->max_abs_error_index);
}

static struct quant_report quantize_with(unsigned count, const char *input, const char *output,
                                         bool clips)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.output.force = true;
    job.control.threads = count;
    job.spec.scheme = QUANT_ZERO_POINT;
    if (clips) {
        job.spec.has_clip = true;
        job.spec.clip[0] = -1;
        job.spec.clip[1] = 2;
    }
    return quantize_ok(&job).report;
}

static struct quant_report dequantize_with(unsigned count, const char *path, const char *output)
{
    struct quant_dequantize_job job = dequantize_job(path, output);
    job.output.force = true;
    job.control.threads = count;
    return dequantize_ok(&job).report;
}

static void check_threads(const char *input, const char *one, const char *many, bool clips)
{
    const struct quant_report expected = quantize_with(1, input, one, clips);
    const struct quant_report restored = dequantize_with(1, one, "one.f32.npy");
    check_same_report(&restored, &expected, "dequantize, one thread");
    for (size_t i = 0; i < LENGTH(threads); i++) {
        const struct quant_report found = quantize_with(threads[i], input, many, clips);
        check_same_report(&found, &expected, "quantize");
        assert_true(files_equal(one, many));
        const struct quant_report back = dequantize_with(threads[i], many, "many.f32.npy");
        check_same_report(&back, &expected, "dequantize");
        assert_true(files_equal("one.f32.npy", "many.f32.npy"));
    }
}

static void test_npy(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        write_tensor("x.npy", x, lengths[i]);
        check_threads("x.npy", "one.npy", "many.npy", false);
        check_threads("x.npy", "one.npy", "many.npy", true);
        check_threads("x.npy", "one.json", "many.json", true);
        free(x);
    }
}

/* Read in order, whatever the number of threads: the same again. */
static void test_json(void **state)
{
    (void)state;
    const size_t n = 2 * CHUNK + 77;
    float *x = make_floats(n);
    write_tensor("x.json", x, n);
    write_tensor("x.npy", x, n);
    check_threads("x.json", "one.npy", "many.npy", false);
    check_threads("x.json", "one.json", "many.json", true);
    quantize_with(4, "x.npy", "other.npy", false);
    quantize_with(4, "x.json", "one.npy", false);
    assert_true(files_equal("one.npy", "other.npy"));
    free(x);
}

/* The first of several, wherever threads meet the others. */
static void test_first_nonfinite(void **state)
{
    (void)state;
    const size_t n = 6 * CHUNK;
    float *x = make_floats(n);
    x[5 * CHUNK + 9] = x[4 * CHUNK] = (float)NAN;
    x[2 * CHUNK + 1] = -(float)INFINITY;
    write_tensor("x.npy", x, n);
    for (unsigned count = 1; count <= 8; count++)
        for (int clips = 0; clips < 2; clips++) {
            struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
            job.control.threads = count;
            job.spec.has_clip = clips;
            job.spec.clip[1] = 1;
            quantize_fails(&job, QUANT_NONFINITE,
                           "3 of 786432 elements not finite, the first is -inf at element 262145,");
        }
    free(x);
}

static void count_calls(void *context, uint64_t done, uint64_t total)
{
    uint64_t *last = context;
    assert_true(done > *last && done <= total);
    *last = done;
}

static void test_progress(void **state)
{
    (void)state;
    const size_t n = 4 * CHUNK + 1;
    float *x = make_floats(n);
    write_tensor("x.npy", x, n);
    uint64_t last = 0;
    struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
    job.control.threads = 4;
    job.control.progress = count_calls;
    job.control.context = &last;
    quantize_ok(&job);
    assert_int_equal(last, 2 * n); /* two passes */
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_npy),
        IN_FOLDER(test_json),
        IN_FOLDER(test_first_nonfinite),
        IN_FOLDER(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
