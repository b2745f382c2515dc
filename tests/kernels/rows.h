/* SPDX-License-Identifier: MIT */
/*
 * Tests of the kernel table's rows: one test for each row and group of functions, named after both,
 * so that what this machine cannot run is counted as skipped and not as passed. QUANT_TEST_ROW in
 * the environment names the one row to test.
 */
#ifndef QUANT_TESTS_KERNELS_ROWS_H
#define QUANT_TESTS_KERNELS_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/unit.h"
#include "kernels/kernels.h"

enum { ROWS_MOST_TESTS = 256 };

struct row_group {
    const char *name;
    void (*check)(const struct quant_kernels *row);
};

struct row_test {
    const struct quant_kernels *row;
    const struct row_group *group;
    char name[64];
};

static inline void row_test_run(void **state)
{
    const struct row_test *test = *state;
    if (!test->row->supported()) {
        print_message("skipped: %s: not supported here\n", test->name);
        skip();
    }
    test->group->check(test->row);
}

/* The tests in `others`, then each of the groups with each row of the table. */
static inline int rows_run(const char *title, const struct row_group *groups, size_t ngroups,
                           const struct CMUnitTest *others, size_t nothers)
{
    static struct row_test row_tests[ROWS_MOST_TESTS];
    static struct CMUnitTest tests[2 * ROWS_MOST_TESTS];
    const char *wanted = getenv("QUANT_TEST_ROW");
    size_t n = 0;
    size_t nrows = 0;
    for (; n < nothers; n++)
        tests[n] = others[n];
    for (size_t i = 0; quant_kernels_at(i); i++) {
        if (wanted && strcmp(wanted, quant_kernels_at(i)->name) != 0)
            continue;
        for (size_t k = 0; k < ngroups && nrows < ROWS_MOST_TESTS; k++) {
            struct row_test *test = &row_tests[nrows++];
            test->row = quant_kernels_at(i);
            test->group = &groups[k];
            snprintf(test->name, sizeof test->name, "%s: %s", test->row->name, test->group->name);
            tests[n++] = (struct CMUnitTest){
                .name = test->name, .test_func = row_test_run, .initial_state = test};
        }
    }
    if (nrows == 0) { /* what never ran must not look green */
        print_error("there is no row '%s'\n", wanted ? wanted : "");
        return 1;
    }
    return _cmocka_run_group_tests(title, tests, n, NULL, NULL);
}

#endif
