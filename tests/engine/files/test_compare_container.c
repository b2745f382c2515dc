/* SPDX-License-Identifier: MIT */
/* Comparing a container: each tensor of floats as if it were compared alone, in the order of the
 * file, small ones and a large one; one that fails does not stop the others. */
#include "../engine.h"

#include <math.h>

enum { COLUMNS = 64, LARGE_ROWS = 40000, SMALL_ROWS = 3, TENSORS = 5, MOST_THREADS = 4 };

static const char *const names[TENSORS] = {"a", "b", "large", "d", "e"};

struct seen {
    size_t n;
    size_t stop_at;
    enum quant_status statuses[TENSORS];
    struct quant_compare_result results[TENSORS];
};

static bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    assert_true(seen->n < TENSORS);
    assert_int_equal(result->tensor, seen->n);
    assert_int_equal(result->ntensors, TENSORS);
    assert_string_equal(result->name, names[seen->n]);
    assert_int_equal(result->compared == NULL, result->status != QUANT_OK);
    seen->statuses[seen->n] = result->status;
    if (result->compared)
        seen->results[seen->n] = *result->compared;
    return seen->n++ != seen->stop_at;
}

/* Five matrices of floats, a vector, and a matrix of integers. bad: of these matrices the first has
 * a NaN. */
static void write_container(unsigned bad)
{
    char header[1024];
    size_t length = 0;
    size_t nbytes = 0;
    length += (size_t)snprintf(header, sizeof header, "{");
    for (size_t i = 0; i < TENSORS; i++) {
        const size_t rows = i == 2 ? LARGE_ROWS : SMALL_ROWS;
        const size_t end = nbytes + rows * COLUMNS * sizeof(float);
        length += (size_t)snprintf(header + length, sizeof header - length,
                                   "\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%d],"
                                   "\"data_offsets\":[%zu,%zu]},",
                                   names[i], rows, COLUMNS, nbytes, end);
        nbytes = end;
    }
    length += (size_t)snprintf(header + length, sizeof header - length,
                               "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],"
                               "\"data_offsets\":[%zu,%zu]},"
                               "\"ids\":{\"dtype\":\"I32\",\"shape\":[1,2],"
                               "\"data_offsets\":[%zu,%zu]}}",
                               nbytes, nbytes + 8, nbytes + 8, nbytes + 16);
    while (length % 8 != 0)
        header[length++] = ' ';
    header[length] = '\0';
    float *x = make_floats(nbytes / sizeof(float) + 4);
    for (size_t i = 0; i < 2; i++)
        if (bad & 1u << i)
            x[i * SMALL_ROWS * COLUMNS + 5] = NAN;
    file_write_container("x.safetensors", header, x, nbytes + 16);
    free(x);
}

static struct quant_compare_job make_job(struct seen *seen, unsigned threads)
{
    *seen = (struct seen){.stop_at = TENSORS};
    return (struct quant_compare_job){
        .size = sizeof(struct quant_compare_job),
        .input = {.path = "x.safetensors"},
        .control = {.threads = threads, .on_tensor = see, .context = seen}};
}

static void expect_like_alone(const struct seen *seen, size_t i)
{
    static struct quant_compare_result alone;
    struct quant_error error;
    const struct quant_compare_job job = {.size = sizeof job,
                                          .input = {.path = "x.safetensors", .tensor = names[i]}};
    check_ok(quant_file_compare(&job, &alone, &error), &error);
    assert_int_equal(seen->results[i].n, alone.n);
    assert_true(alone.n > 2);
    for (size_t k = 0; k < alone.n; k++) {
        assert_string_equal(seen->results[i].rows[k].calibration, alone.rows[k].calibration);
        assert_true(seen->results[i].rows[k].report.mse == alone.rows[k].report.mse);
    }
}

static void test_each_tensor(void **state)
{
    (void)state;
    static struct seen seen;
    static struct quant_compare_result result;
    struct quant_error error;
    write_container(0);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        const struct quant_compare_job job = make_job(&seen, threads);
        check_ok(quant_file_compare(&job, &result, &error), &error);
        assert_int_equal(seen.n, TENSORS);
        assert_int_equal(result.ntensors, TENSORS);
        assert_int_equal(result.nfailed, 0);
        assert_string_equal(result.source_format, "safetensors");
        for (size_t i = 0; i < TENSORS; i++)
            expect_like_alone(&seen, i);
    }
}

static void test_failures(void **state)
{
    (void)state;
    static struct seen seen;
    static struct quant_compare_result result;
    struct quant_error error;
    write_container(3);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        const struct quant_compare_job job = make_job(&seen, threads);
        check_error("the first", quant_file_compare(&job, &result, &error), &error, QUANT_NONFINITE,
                    "x.safetensors: a");
        assert_int_equal(seen.n, TENSORS);
        assert_int_equal(result.nfailed, 2);
        for (size_t i = 0; i < TENSORS; i++)
            assert_int_equal(seen.statuses[i], i < 2 ? QUANT_NONFINITE : QUANT_OK);
        expect_like_alone(&seen, 2);
    }
}

static void test_stops(void **state)
{
    (void)state;
    static struct seen seen;
    static struct quant_compare_result result;
    struct quant_error error;
    write_container(1);
    for (unsigned i = 0; i < MOST_THREADS * TENSORS; i++) {
        const struct quant_compare_job job = make_job(&seen, i % MOST_THREADS + 1);
        seen.stop_at = i / MOST_THREADS;
        check_error("stop", quant_file_compare(&job, &result, &error), &error, QUANT_CANCELLED,
                    "cancelled");
        assert_int_equal(seen.n, seen.stop_at + 1);
    }
}

static void test_nothing_to_compare(void **state)
{
    (void)state;
    static const float x[2] = {1, 2};
    static struct seen seen;
    static struct quant_compare_result result;
    struct quant_error error;
    file_write_container("x.safetensors",
                         "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ", x,
                         8);
    const struct quant_compare_job job = make_job(&seen, 1);
    check_error("none", quant_file_compare(&job, &result, &error), &error, QUANT_UNSUPPORTED,
                "no tensor of floats with 2 or more dimensions");
    assert_int_equal(seen.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_each_tensor),
        IN_FOLDER(test_failures),
        IN_FOLDER(test_stops),
        IN_FOLDER(test_nothing_to_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
