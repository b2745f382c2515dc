/* SPDX-License-Identifier: MIT */
/* Observations of an array do not depend on how it is cut into calls. */
#include <quant/quant.h>

#include "../support/floats.h"
#include "../support/unit.h"

static void assert_same(const struct quant_observed *a, const struct quant_observed *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->nonfinite, b->nonfinite);
    assert_int_equal(a->first_nonfinite, b->first_nonfinite);
    assert_int_equal(bits_of(a->nonfinite_value), bits_of(b->nonfinite_value));
    assert_true(a->min == b->min);
    assert_true(a->max == b->max);
}

static void test_cuts(void **state)
{
    (void)state;
    enum { MOST = 1000 };
    float x[MOST];
    struct random random = random_begin();
    for (size_t round = 0; round < 500; round++) {
        const size_t n = random_below(&random, MOST + 1);
        random_elements(&random, 1, 0, x, n);
        struct quant_observed whole = QUANT_OBSERVED_INIT;
        struct quant_observed cut = QUANT_OBSERVED_INIT;
        quant_observe(&whole, x, n);
        for (size_t at = 0; at < n;) {
            const size_t piece = random_below(&random, 100);
            const size_t most = piece < n - at ? piece : n - at;
            quant_observe(&cut, x + at, most);
            at += most;
        }
        assert_same(&whole, &cut);
    }
}

/* Min, max, and the first element that is not finite, against their definitions. */
static void test_definition(void **state)
{
    (void)state;
    float x[300];
    struct random random = random_begin();
    for (size_t round = 0; round < 1000; round++) {
        const size_t n = random_below(&random, LENGTH(x) + 1);
        random_elements(&random, 1, 0, x, n);
        struct quant_observed expected = QUANT_OBSERVED_INIT;
        expected.count = n;
        for (size_t i = n; i-- > 0;) {
            if (!isfinite(x[i])) {
                expected.nonfinite++;
                expected.first_nonfinite = i;
                expected.nonfinite_value = x[i];
                continue;
            }
            expected.min = fminf(expected.min, x[i]);
            expected.max = fmaxf(expected.max, x[i]);
        }
        struct quant_observed found = QUANT_OBSERVED_INIT;
        quant_observe(&found, x, n);
        assert_same(&found, &expected);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    const struct quant_observed before = observed;
    quant_observe(&observed, NULL, 0);
    assert_same(&observed, &before);
    assert_true(observed.min == (float)INFINITY);
    assert_true(observed.max == -(float)INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_nothing),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
