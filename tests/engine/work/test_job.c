/* SPDX-License-Identifier: MIT */
#include <quant/directory.h>
#include <string.h>

#include "../../support/unit.h"

#include "engine/work/job.h"

/* As three versions of a library see one job. */
struct first {
    size_t size;
    uint64_t a;
};
struct second {
    size_t size;
    uint64_t a;
    uint64_t b;
};
struct third {
    size_t size;
    uint64_t a;
    uint64_t b;
    uint64_t c[3];
};

static void test_older_caller(void **state)
{
    (void)state;
    /* The bytes after the caller's structure are not its own, and are not looked at. */
    const struct second memory = {.size = sizeof(struct first), .a = 7, .b = 8};
    struct second own;
    memset(&own, 0xFF, sizeof own);
    assert_int_equal(quant_job_copy(&own, sizeof own, &memory, "job", NULL), QUANT_OK);
    assert_int_equal(own.a, 7);
    assert_int_equal(own.b, 0);
    const size_t smallest = sizeof smallest;
    assert_int_equal(quant_job_copy(&own, sizeof own, &smallest, "job", NULL), QUANT_OK);
    assert_int_equal(own.a, 0);
}

static void test_same_version(void **state)
{
    (void)state;
    const struct second job = {.size = sizeof job, .a = 7, .b = 8};
    struct second own;
    assert_int_equal(quant_job_copy(&own, sizeof own, &job, "job", NULL), QUANT_OK);
    assert_memory_equal(&own, &job, sizeof job);
}

static void test_newer_caller(void **state)
{
    (void)state;
    struct third job = {.size = sizeof job, .a = 7, .b = 8};
    struct second own;
    struct quant_error error = {.status = QUANT_OK};
    assert_int_equal(quant_job_copy(&own, sizeof own, &job, "job", &error), QUANT_OK);
    assert_int_equal(own.b, 8);
    for (size_t i = 0; i < sizeof job.c; i++) { /* each byte counts */
        memset(job.c, 0, sizeof job.c);
        ((unsigned char *)job.c)[i] = 1;
        assert_int_equal(quant_job_copy(&own, sizeof own, &job, "job", &error), QUANT_INVALID);
        assert_int_equal(error.status, QUANT_INVALID);
        assert_non_null(
            strstr(error.text, "struct job has 48 bytes and uses members after the 24"));
    }
}

static void test_no_size(void **state)
{
    (void)state;
    struct second own;
    for (size_t size = 0; size < sizeof size; size++) {
        const struct second job = {.size = size, .a = 7};
        struct quant_error error = {.status = QUANT_OK};
        assert_int_equal(quant_job_copy(&own, sizeof own, &job, "job", &error), QUANT_INVALID);
        assert_non_null(strstr(error.text, "set it to sizeof(struct job)"));
    }
}

/* A member that is added after padding would be read from a caller's undefined bytes. */
static void test_jobs_have_no_end_padding(void **state)
{
    (void)state;
#define HAS_NO_END_PADDING(type, last)                                                             \
    do {                                                                                           \
        static const struct type job;                                                              \
        assert_ptr_equal(&job.last + 1, &job + 1);                                                 \
    } while (false)
    HAS_NO_END_PADDING(quant_quantize_job, layout);
    HAS_NO_END_PADDING(quant_dequantize_job, ways);
    HAS_NO_END_PADDING(quant_compare_job, selection);
    HAS_NO_END_PADDING(quant_calibrate_job, ways);
    HAS_NO_END_PADDING(quant_merge_job, ways);
    HAS_NO_END_PADDING(quant_directory_job, cancel);
    HAS_NO_END_PADDING(quant_checkpoint_job, ways);
#undef HAS_NO_END_PADDING
}

/* All jobs look at their size before anything else. */
static void test_jobs_check_their_size(void **state)
{
    (void)state;
    struct quant_error error;
    assert_int_equal(quant_file_quantize(&(struct quant_quantize_job){.size = 0}, NULL, &error),
                     QUANT_INVALID);
    assert_non_null(strstr(error.text, "struct quant_quantize_job is 0"));
    assert_int_equal(quant_file_dequantize(&(struct quant_dequantize_job){.size = 0}, NULL, &error),
                     QUANT_INVALID);
    assert_non_null(strstr(error.text, "struct quant_dequantize_job is 0"));
    assert_int_equal(quant_file_compare(&(struct quant_compare_job){.size = 0}, NULL, &error),
                     QUANT_INVALID);
    assert_non_null(strstr(error.text, "struct quant_compare_job is 0"));
    assert_int_equal(quant_file_calibrate(&(struct quant_calibrate_job){.size = 0}, NULL, &error),
                     QUANT_INVALID);
    assert_non_null(strstr(error.text, "struct quant_calibrate_job is 0"));
    assert_int_equal(quant_file_merge(&(struct quant_merge_job){.size = 0}, NULL, &error),
                     QUANT_INVALID);
    assert_non_null(strstr(error.text, "struct quant_merge_job is 0"));
}

static bool take(void *context, const struct quant_tensor_result *result)
{
    size_t *n = context;
    *n += result->tensor;
    return result->tensor < 3;
}

static void test_report(void **state)
{
    (void)state;
    size_t n = 0;
    struct quant_error error = {.status = QUANT_OK};
    const struct quant_control nobody = {.on_tensor = NULL};
    const struct quant_control control = {.on_tensor = take, .context = &n};
    struct quant_tensor_result result = {.tensor = 2, .name = ""};
    assert_int_equal(quant_control_report(&nobody, &result, &error), QUANT_OK);
    assert_int_equal(quant_control_report(&control, &result, &error), QUANT_OK);
    assert_int_equal(n, 2);
    result.tensor = 3;
    assert_int_equal(quant_control_report(&control, &result, &error), QUANT_CANCELLED);
    assert_int_equal(error.status, QUANT_CANCELLED);
    assert_int_equal(n, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_caller),
        cmocka_unit_test(test_same_version),
        cmocka_unit_test(test_newer_caller),
        cmocka_unit_test(test_no_size),
        cmocka_unit_test(test_jobs_have_no_end_padding),
        cmocka_unit_test(test_jobs_check_their_size),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
