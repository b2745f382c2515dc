/* SPDX-License-Identifier: MIT */
/* Each element is between the edges of its bin, by the fast way and by the exact one. */
#include <float.h>
#include <math.h>

#include "../support/random.h"
#include "../support/unit.h"
#include "core/histogram.h"

enum { N = 5000 };

/* By the definition. */
static void count_plainly(const struct quant_bins *bins, const float *x, size_t n, uint64_t *counts)
{
    for (size_t i = 0; i < n; i++) {
        const double value = (double)x[i];
        if (!(value >= bins->edges[0] && value <= bins->edges[bins->n]))
            continue;
        size_t bin = 0;
        while (bin + 1 < bins->n && value >= bins->edges[bin + 1])
            bin++;
        counts[bin]++;
    }
}

static void check(const struct quant_bins *bins, const float *x, size_t n, bool all_inside)
{
    uint64_t expected[QUANT_HISTOGRAM_BINS] = {0};
    uint64_t found[QUANT_HISTOGRAM_BINS] = {0};
    count_plainly(bins, x, n, expected);
    quant_bins_count(bins, x, n, all_inside, found);
    assert_memory_equal(found, expected, sizeof found);
}

/* Random numbers, and the floats on both sides of each edge. */
static void check_range(struct random *random, float low, float high)
{
    static float x[N];
    struct quant_bins bins;
    quant_bins_make(&bins, (double)low, (double)high, false);
    assert_int_equal(bins.n, QUANT_HISTOGRAM_BINS);
    assert_true(bins.edges[0] == (double)low && bins.edges[bins.n] == (double)high);
    for (size_t i = 0; i < N; i++) {
        const double edge = bins.edges[i % (bins.n + 1)];
        const double inside = (double)low + ((double)high - (double)low) * random_unit(random);
        float value = (float)(i % 3 == 0 ? edge : inside);
        if (i % 3 == 1)
            value = nextafterf((float)edge, i % 2 ? INFINITY : -INFINITY);
        x[i] = value < low ? low : value > high ? high : value;
    }
    check(&bins, x, N, true);
    check(&bins, x, N, false);
    x[7] = NAN;
    x[8] = INFINITY;
    x[9] = -INFINITY;
    check(&bins, x, N, false);
}

static void test_edges(void **state)
{
    (void)state;
    static const float ranges[][2] = {
        {-1, 1},      {0, 1},       {-0.3F, 0.7F},        {1e-20F, 1e-19F},
        {-3, 100000}, {1000, 1001}, {16777216, 16777280}, {-FLT_MAX, FLT_MAX},
        {0, 1e-44F},  {0, FLT_MIN}, {-1e20F, 3},          {0.1F, 0.10001F},
    };
    struct random random = random_begin();
    for (size_t i = 0; i < LENGTH(ranges); i++)
        check_range(&random, ranges[i][0], ranges[i][1]);
    for (int i = 0; i < 50; i++) {
        const float low = (float)(random_unit(&random) * 4 - 2);
        check_range(&random, low, low + (float)random_unit(&random) + 0.001F);
    }
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        double min, max;
        size_t n;
    } rows[] = {{-128, 127, 64}, {0, 15, 16}, {-7, 7, 15}, {-127, 112, 60}, {-32768, 32767, 64}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_bins bins;
        uint64_t counts[QUANT_HISTOGRAM_BINS] = {0};
        quant_bins_make(&bins, rows[i].min, rows[i].max, true);
        assert_int_equal(bins.n, rows[i].n);
        assert_true(bins.edges[0] == rows[i].min - 0.5);
        for (double x = rows[i].min; x <= rows[i].max; x++)
            quant_bins_count(&bins, &(float){(float)x}, 1, true, counts);
        for (size_t k = 0; k + 1 < bins.n; k++) /* the last may have fewer */
            assert_int_equal(counts[k], counts[0]);
    }
}

static void test_constant(void **state)
{
    (void)state;
    static const float x[] = {3, 3, 3};
    struct quant_bins bins;
    uint64_t counts[QUANT_HISTOGRAM_BINS] = {0};
    quant_bins_make(&bins, 3, 3, false);
    quant_bins_count(&bins, x, LENGTH(x), true, counts);
    assert_int_equal(bins.n, 1);
    assert_int_equal(counts[0], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_constant),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
