/* SPDX-License-Identifier: MIT */
/*
 * Checks and times the kernels: every row of the kernel table, every function of a row.
 *
 *     check_kernels [KIND...]          compares every row with the scalar definition, bit for bit
 *     check_kernels --bench [...]      measures its speed: see check_speed.c
 *
 * KIND is the name of a kind below; without any, all are checked. QUANT_TEST_ROW in the environment
 * selects one row of the table, QUANT_TEST_SEED another seed. A row that this machine cannot run is
 * counted as skipped, not as passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/names.h"
#include "kinds.h"

/* ---- The table ------------------------------------------------------------------------------- */

/* In the order of struct quant_kernels. */
static const struct kind *const kinds[] = {
    &kind_observe,         &kind_quantize,        &kind_dequantize,    &kind_mapped_8,
    &kind_mapped_16,       &kind_widen,           &kind_measure,       &kind_point_errors,
    &kind_multiply,        &kind_mark_levels,     &kind_integer_range, &kind_observe_each,
    &kind_observe_runs,    &kind_quantize_each,   &kind_quantize_runs, &kind_quantize_rows,
    &kind_dequantize_each, &kind_dequantize_runs, &kind_scale_each,    &kind_each_errors,
    &kind_run_errors,
};

typedef void any_function(void);

const struct kind *kind_at(size_t i)
{
    return i < LENGTH(kinds) ? kinds[i] : NULL;
}

bool kind_is_in(const struct kind *kind, const struct quant_kernels *row, enum quant_dtype dtype)
{
    any_function *function;
    memcpy(&function, (const unsigned char *)row + kind->member + dtype * sizeof function,
           sizeof function);
    return function != NULL;
}

bool kind_is_checked(const struct kind *kind, const struct quant_kernels *row,
                     enum quant_dtype dtype)
{
    return kind->is_optional ? kind->is_for(dtype) : kind_is_in(kind, row, dtype);
}

/* The kinds cover struct quant_kernels from its first function to its end. A function that is added
 * there and has no row here makes a gap. */
static void test_every_function_has_a_kind(void **state)
{
    (void)state;
    size_t end = offsetof(struct quant_kernels, supported) + sizeof(any_function *);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        if (kinds[i]->member != end)
            fail_msg("struct quant_kernels has a function before %s that has no kind",
                     kinds[i]->name);
        end += kinds[i]->nmembers * sizeof(any_function *);
    }
    if (end != sizeof(struct quant_kernels))
        fail_msg("struct quant_kernels has a function after %s that has no kind",
                 kinds[LENGTH(kinds) - 1]->name);
}

static void test_rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; quant_kernels_at(i); i++)
        for (size_t k = 0; k < LENGTH(kinds); k++)
            for (size_t dtype = 0; dtype < kinds[k]->nmembers; dtype++) {
                const struct quant_kernels *row = quant_kernels_at(i);
                const bool present = kind_is_in(kinds[k], row, (enum quant_dtype)dtype);
                const bool wanted = !kinds[k]->is_for || kinds[k]->is_for((enum quant_dtype)dtype);
                if (present ? !wanted : wanted && !kinds[k]->is_optional)
                    fail_msg("%s %s %s of type %zu", row->name, present ? "must not have" : "lacks",
                             kinds[k]->name, dtype);
            }
}

static void test_table_ends_in_scalar(void **state)
{
    (void)state;
    size_t n = 0;
    while (quant_kernels_at(n))
        n++;
    assert_true(n >= 1);
    assert_ptr_equal(quant_kernels_at(n - 1), &quant_kernels_scalar);
    assert_true(quant_kernels_scalar.supported());
    assert_null(quant_kernels_at(n));
    assert_null(quant_kernels_at(SIZE_MAX));
    assert_null(isa_name(n));
    assert_null(isa_summary(n));
    assert_false(isa_supported(n));
}

static void test_names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; quant_kernels_at(i); i++) {
        assert_non_null(quant_kernels_at(i)->supported);
        assert_string_equal(isa_name(i), quant_kernels_at(i)->name);
        assert_string_equal(isa_summary(i), quant_kernels_at(i)->summary);
        assert_true(strlen(isa_name(i)) > 0 && strlen(isa_summary(i)) > 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(isa_name(i), isa_name(k));
    }
}

/* Unless someone selected another, the first row that runs here. */
static void test_fastest_is_in_use(void **state)
{
    (void)state;
    size_t i = 0;
    while (!isa_supported(i))
        i++;
    assert_string_equal(quant_isa_current(), isa_name(i));
    assert_ptr_equal(quant_kernels(), quant_kernels_at(i));
}

static void test_select(void **state)
{
    (void)state;
    struct quant_error error;
    for (size_t i = 0; isa_name(i); i++) {
        const char *before = quant_isa_current();
        const enum quant_status status = quant_isa_select(isa_name(i), &error);
        if (isa_supported(i)) {
            assert_int_equal(status, QUANT_OK);
            assert_string_equal(quant_isa_current(), isa_name(i));
            continue;
        }
        assert_int_equal(status, QUANT_INVALID);
        assert_non_null(strstr(error.text, "this machine cannot run the instruction set '"));
        assert_string_equal(quant_isa_current(), before);
    }
    assert_int_equal(quant_isa_select("sclar", &error), QUANT_INVALID);
    assert_int_equal(error.status, QUANT_INVALID);
    assert_string_equal(error.text, "there is no instruction set 'sclar'");
    assert_int_equal(quant_isa_select("", NULL), QUANT_INVALID);
    assert_string_equal(quant_isa_current(), "scalar");
}

/* ---- Running --------------------------------------------------------------------------------- */

enum { MAX_TESTS = 512 };

/* One check of one kind in one row; either `general` or `special`. */
struct row_test {
    const struct quant_kernels *row;
    const struct kind *kind;
    void (*general)(const struct kind *kind, const struct quant_kernels *row);
    void (*special)(const struct quant_kernels *row);
    char name[80];
};

struct suite {
    struct CMUnitTest tests[MAX_TESTS];
    size_t count;
    struct row_test row_tests[MAX_TESTS];
    size_t nrow_tests;
};

static void run_row_test(void **state)
{
    const struct row_test *test = *state;
    if (!test->row->supported()) {
        print_message("skipped: %s: not supported here\n", test->name);
        skip();
    }
    if (test->general)
        test->general(test->kind, test->row);
    else
        test->special(test->row);
}

static void add_test(struct suite *suite, struct row_test test, const char *name)
{
    if (suite->nrow_tests == MAX_TESTS || suite->count == MAX_TESTS)
        abort();
    struct row_test *added = &suite->row_tests[suite->nrow_tests++];
    *added = test;
    (void)snprintf(added->name, sizeof added->name, "%s: %s, %s", test.row->name, test.kind->name,
                   name);
    suite->tests[suite->count++] =
        (struct CMUnitTest){.name = added->name, .test_func = run_row_test, .initial_state = added};
}

static void add_kind(struct suite *suite, const struct quant_kernels *row, const struct kind *kind)
{
    if (kind->takes_null)
        add_test(suite, (struct row_test){row, kind, check_nothing, NULL, ""}, "nothing");
    add_test(suite, (struct row_test){row, kind, check_values, NULL, ""}, "values");
    add_test(suite, (struct row_test){row, kind, check_places, NULL, ""}, "lengths and places");
    for (const struct check *check = kind->checks; check && check->name; check++)
        add_test(suite, (struct row_test){row, kind, NULL, check->run, ""}, check->name);
}

static bool is_named(const struct kind *kind, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], kind->name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    static struct suite suite;
    const struct CMUnitTest table_tests[] = {
        cmocka_unit_test(test_fastest_is_in_use), /* before test_select */
        cmocka_unit_test(test_every_function_has_a_kind),
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_table_ends_in_scalar),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_select),
    };
    const char *wanted = getenv("QUANT_TEST_ROW");
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return time_kernels(argc - 1, argv + 1);
    memcpy(suite.tests, table_tests, sizeof table_tests);
    suite.count = LENGTH(table_tests);
    for (size_t i = 0; quant_kernels_at(i); i++)
        for (size_t k = 0; k < LENGTH(kinds); k++)
            if ((!wanted || strcmp(wanted, quant_kernels_at(i)->name) == 0) &&
                is_named(kinds[k], argc, argv))
                add_kind(&suite, quant_kernels_at(i), kinds[k]);
    if (suite.nrow_tests == 0) { /* what never ran must not look green */
        print_error("there is no row '%s', or no such kind\n", wanted ? wanted : "");
        return 1;
    }
    const int failed =
        _cmocka_run_group_tests("kernels/check_kernels", suite.tests, suite.count, NULL, NULL);
    printf("%llu results compared\n", work_compared());
    return random_end(failed);
}
