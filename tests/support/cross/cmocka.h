/* SPDX-License-Identifier: MIT */
/*
 * The part of cmocka that the kernel tests use, for another processor: a test should not require
 * that packages of another architecture are installed.
 */
#ifndef QUANT_TESTS_SUPPORT_CROSS_CMOCKA_H
#define QUANT_TESTS_SUPPORT_CROSS_CMOCKA_H

#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    void *setup_func; /* not supported */
    void *teardown_func;
    void *initial_state;
};

enum { CROSS_FAILED = 1, CROSS_SKIPPED = 2 };

/* The place to which a failed or skipped test returns. */
static jmp_buf cross_test_end;

#define print_message printf
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define skip() longjmp(cross_test_end, CROSS_SKIPPED)
#define fail_msg(...)                                                                              \
    (fprintf(stderr, "ERROR: " __VA_ARGS__), fprintf(stderr, "\n%s:%d\n", __FILE__, __LINE__),     \
     longjmp(cross_test_end, CROSS_FAILED))

#define assert_true(c)                                                                             \
    do {                                                                                           \
        if (!(c))                                                                                  \
            fail_msg("not true: %s", #c);                                                          \
    } while (0)
#define assert_false(c) assert_true(!(c))
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)

#define cmocka_unit_test(f)                                                                        \
    {                                                                                              \
#f, f, NULL, NULL, NULL                                                                    \
    }
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

/* 0, CROSS_FAILED or CROSS_SKIPPED. */
static inline int cross_run(const struct CMUnitTest *test)
{
    void *state = test->initial_state;
    const int end = setjmp(cross_test_end);
    if (end == 0)
        test->test_func(&state);
    return end;
}

static inline int _cmocka_run_group_tests(const char *title, const struct CMUnitTest *tests,
                                          size_t ntests, void *setup, void *teardown)
{
    static const char *const words[] = {"[       OK ]", "[  FAILED  ]", "[  SKIPPED ]"};
    int failed = 0;
    (void)setup;
    (void)teardown;
    for (size_t i = 0; i < ntests; i++) {
        const int end = cross_run(&tests[i]);
        failed += end == CROSS_FAILED;
        printf("%s %s\n", words[end], tests[i].name);
        fflush(stdout);
    }
    printf("%s: %zu tests, %d failed\n", title, ntests, failed);
    return failed;
}

#endif
