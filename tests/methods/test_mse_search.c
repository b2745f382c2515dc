/* SPDX-License-Identifier: MIT */
/* The ranges that a search finds; test_mse.c compares the best one with an exhaustive search. */
#include "methods/mse_search.h"

#include "../support/unit.h"
#include "methods/plan_make.h"
#include "samples.h"

static size_t count_ranges(const struct quant_spec *spec, const float *x, size_t n)
{
    static struct quant_mse_points points;
    static struct quant_mse_search search;
    static uint32_t keys[64];
    struct quant_mse_range ranges[QUANT_MSE_RANGES];
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    assert_true(2 * n <= LENGTH(keys));
    quant_observe(&observed, x, n);
    const struct quant_mse_bins bins = quant_mse_bins_of(&observed);
    quant_mse_points_from_elements(&points, &bins, x, n, keys);
    const struct quant_target target = quant_spec_target(spec);
    return quant_mse_search(&search, &points, &target, &observed, QUANT_MSE_RANGES, ranges);
}

/* If only the scale of the observed range can be stored there is nothing to search: neither below
 * the smallest scale of a type, nor far above its largest. */
static void test_nothing_to_search(void **state)
{
    (void)state;
    static const float tiny[] = {3e-42F, -1e-41F, 2e-40F, 7e-41F, -2e-40F};
    static const float huge[] = {1.7e28F, 6e27F, -1.1e28F, 2e28F, -3e27F};
    static const float usual[] = {1.7F, 0.6F, -1.1F, 2, -0.3F};
    for (int scheme = 0; scheme < 2; scheme++) {
        struct quant_spec spec = {.scheme = (enum quant_scheme)scheme};
        assert_int_equal(count_ranges(&spec, tiny, LENGTH(tiny)), 0);
        assert_int_not_equal(count_ranges(&spec, huge, LENGTH(huge)), 0);
        assert_int_not_equal(count_ranges(&spec, usual, LENGTH(usual)), 0);
        spec.scale_dtype = QUANT_FLOAT16;
        assert_int_equal(count_ranges(&spec, huge, LENGTH(huge)), 0);
        assert_int_not_equal(count_ranges(&spec, usual, LENGTH(usual)), 0);
    }
}

/* Each range is inside the observed one, and they come by rising cost but for neighbors of a scale.
 */
static void test_ranges(void **state)
{
    (void)state;
    enum { N = 2000 };
    static float x[N];
    static uint32_t keys[2 * N];
    static struct quant_mse_points points;
    static struct quant_mse_search search;
    struct random random = random_begin();
    for (int i = 0; i < 2 * KINDS; i++) {
        const struct quant_spec spec = {.scheme = (enum quant_scheme)(i % 2)};
        const struct quant_target target = quant_spec_target(&spec);
        struct quant_observed observed = QUANT_OBSERVED_INIT;
        struct quant_mse_range ranges[QUANT_MSE_RANGES];
        fill(&random, (enum kind)(i / 2), x, N);
        quant_observe(&observed, x, N);
        const double absmax = fmax(fabs((double)observed.min), fabs((double)observed.max));
        const double lo = i % 2 == 0 ? -absmax : (double)observed.min;
        const double hi = i % 2 == 0 ? absmax : (double)observed.max;
        const struct quant_mse_bins bins = quant_mse_bins_of(&observed);
        quant_mse_points_from_elements(&points, &bins, x, N, keys);
        for (size_t max = 1; max <= QUANT_MSE_RANGES; max++) {
            const size_t n = quant_mse_search(&search, &points, &target, &observed, max, ranges);
            assert_true(n > 0 && n <= max);
            for (size_t k = 0; k < n; k++) {
                assert_true(ranges[k].lo >= lo && ranges[k].lo < ranges[k].hi &&
                            ranges[k].hi <= hi);
                assert_true(k == 0 || ranges[k].cost >= ranges[k - 1].cost);
            }
        }
    }
}

/* By cost, then by width, then by place. */
static void test_compare(void **state)
{
    (void)state;
    static const struct quant_mse_range rising[] = {
        {0, 1, 1}, {-2, 2, 2}, {-1, 2, 2}, {0, 3, 2}, {-9, 9, 3}};
    for (size_t i = 0; i < LENGTH(rising); i++)
        for (size_t k = 0; k < LENGTH(rising); k++) {
            const int order = quant_mse_range_compare(&rising[i], &rising[k]);
            assert_true((order < 0) == (i < k) && (order > 0) == (i > k));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_search),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_compare),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
