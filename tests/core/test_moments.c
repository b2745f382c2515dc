/* SPDX-License-Identifier: MIT */
/* Mean and deviation: of numbers far from 0 too, and the same however they are cut into parts. */
#include <math.h>

#include "../support/floats.h"
#include "../support/random.h"
#include "../support/unit.h"
#include "core/moments.h"

static struct quant_moments moments_of(const float *x, size_t n, size_t part_length)
{
    static struct quant_moments_part part;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_moments moments;
    quant_observe(&observed, x, n);
    quant_moments_init(&moments, observed.min, observed.max);
    quant_moments_part_init(&part, &moments);
    for (size_t i = 0; i < n; i += part_length) {
        quant_moments_take(&part, x + i, n - i < part_length ? n - i : part_length);
        quant_moments_join(&moments, &part);
    }
    return moments;
}

static void test_small(void **state)
{
    (void)state;
    static const float x[] = {2, 4, 4, 4, 5, 5, 7, 9, -INFINITY, NAN};
    const struct quant_moments moments = moments_of(x, LENGTH(x), LENGTH(x));
    assert_int_equal(moments.n, 8);
    assert_int_equal(moments.nonzero, 8);
    assert_true(quant_moments_mean(&moments) == 5);
    assert_true(quant_moments_deviation(&moments) == 2);
    static const float y[] = {0, -0.0F, 1, -1};
    const struct quant_moments zeros = moments_of(y, LENGTH(y), LENGTH(y));
    assert_int_equal(zeros.nonzero, 2);
    assert_true(quant_moments_mean(&zeros) == 0);
    const struct quant_moments nothing = moments_of(x + 8, 2, 2);
    assert_true(isnan(quant_moments_mean(&nothing)));
    assert_true(isnan(quant_moments_deviation(&nothing)));
}

/* The sum of squares of such numbers alone would have no digit of the deviation left. */
static void test_far_from_zero(void **state)
{
    (void)state;
    enum { N = 10000 };
    static float x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = 0x1p30F + (i % 2 == 0 ? 128.0F : -128.0F);
    const struct quant_moments moments = moments_of(x, N, QUANT_MEASURE_BLOCK);
    assert_true(quant_moments_mean(&moments) == 0x1p30);
    assert_true(quant_moments_deviation(&moments) == 128);
    for (size_t i = 0; i < N; i++)
        x[i] = 0.1F;
    const struct quant_moments constant = moments_of(x, N, QUANT_MEASURE_BLOCK);
    assert_true(quant_moments_mean(&constant) == (double)0.1F);
    assert_true(quant_moments_deviation(&constant) == 0);
}

static void test_parts(void **state)
{
    (void)state;
    enum { N = 3 * QUANT_MEASURE_BLOCK + 77 };
    static float x[N];
    struct random random = random_begin();
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)(random_unit(&random) - 0.25);
        sum += (double)x[i];
    }
    const struct quant_moments whole = moments_of(x, N, (size_t)4 * QUANT_MEASURE_BLOCK);
    const struct quant_moments parts = moments_of(x, N, QUANT_MEASURE_BLOCK);
    assert_memory_equal(&whole, &parts, sizeof whole);
    assert_true(fabs(quant_moments_mean(&whole) - sum / N) < 1e-12);
    double squares = 0;
    for (size_t i = 0; i < N; i++)
        squares += ((double)x[i] - sum / N) * ((double)x[i] - sum / N);
    assert_true(fabs(quant_moments_deviation(&whole) - sqrt(squares / N)) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_far_from_zero),
        cmocka_unit_test(test_parts),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
