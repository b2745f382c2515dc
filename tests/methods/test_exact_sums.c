/* SPDX-License-Identifier: MIT */
/*
 * Exact sums: by hand, and against sums of 128 bits, which are exact for elements with few
 * exponents. Any order and any cuts give the same bits. interop/calibration_files compares ranges
 * with Python's integers.
 */
#include "methods/exact_sums.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"

struct moments {
    double mean;
    double deviation;
};

/* cut: the number of elements in a call. */
static struct moments moments_of(const float *x, size_t n, size_t cut, uint64_t nfinite)
{
    struct quant_exact_sums sums = {{0}, {0}};
    struct moments moments;
    for (size_t i = 0; i < n; i += cut)
        quant_exact_sums_add(&sums, x + i, n - i < cut ? n - i : cut);
    assert_true(quant_exact_sums_moments(&sums, nfinite, &moments.mean, &moments.deviation));
    return moments;
}

static void test_by_hand(void **state)
{
    (void)state;
    static const struct {
        float x[4];
        double mean;
        double deviation;
    } rows[] = {
        {{1, 1, -1, -1}, 0, 1},
        {{3, 3, 3, 3}, 3, 0},
        {{-5, -7, -5, -7}, -6, 1},
        {{0, -0.0F, 0, 8}, 2, 3.4641016151377544}, /* sqrt(12) */
        {{FLT_MAX, -FLT_MAX, FLT_MAX, -FLT_MAX}, 0, (double)FLT_MAX},
        {{FLT_MAX, FLT_MAX, FLT_MAX, FLT_MAX}, (double)FLT_MAX, 0},
        {{0x1p-149F, -0x1p-149F, 0x1p-149F, -0x1p-149F}, 0, 0x1p-149},
        {{0x1p-149F, 0, 0x1p-149F, 0}, 0x1p-150, 0x1p-150},
        {{0x1p-126F, 0x1p-127F, 0x1p-126F, 0x1p-127F}, 0x1.8p-127, 0x1p-128},
        {{0x1p127F, 0x1p-149F, -0x1p127F, 0x1p-149F}, 0x1p-150, 0x1.6a09e667f3bcdp126},
        {{16777216, 16777214, 16777216, 16777214}, 16777215, 1}, /* nothing cancels */
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t cut = 1; cut <= 4; cut++) {
            const struct moments found = moments_of(rows[i].x, 4, cut, 4);
            if (found.mean != rows[i].mean || found.deviation != rows[i].deviation)
                fail_msg("row %zu: %a and %a", i, found.mean, found.deviation);
        }
}

static void test_nonfinite(void **state)
{
    (void)state;
    float x[200];
    for (size_t i = 0; i < LENGTH(x); i++)
        x[i] = i % 3 == 0   ? (float)NAN
               : i % 3 == 1 ? (i % 2 ? (float)INFINITY : -(float)INFINITY)
                            : (float)(i % 2);
    const struct moments found = moments_of(x, LENGTH(x), LENGTH(x), 66);
    assert_true(found.mean == 0.5 && found.deviation == 0.5);
}

/* Elements of all magnitudes, in both orders and with any cuts. */
static void test_any_order(void **state)
{
    (void)state;
    enum { N = 5000 };
    static float x[N];
    static float reversed[N];
    struct random random = random_begin();
    for (int round = 0; round < 40; round++) {
        const size_t n = 2 + random_below(&random, N - 1);
        uint64_t nfinite = 0;
        for (size_t i = 0; i < n; i++) {
            const uint32_t bits = (uint32_t)random_64(&random);
            memcpy(&x[i], &bits, sizeof bits);
            nfinite += isfinite(x[i]) != 0;
            reversed[n - 1 - i] = x[i];
        }
        if (nfinite == 0)
            continue;
        const struct moments whole = moments_of(x, n, QUANT_EXACT_BLOCK, nfinite);
        const size_t cuts[] = {1, 1 + random_below(&random, 60), 1 + random_below(&random, 4096)};
        for (size_t i = 0; i < LENGTH(cuts); i++) {
            const struct moments parts = moments_of(i & 1 ? reversed : x, n, cuts[i], nfinite);
            assert_true(whole.mean == parts.mean);
            assert_true(whole.deviation == parts.deviation);
        }
    }
}

/* Whole numbers below 2^20: their sums are exact in 64 bits, n Q - S^2 in long steps of two. */
static void test_whole_numbers(void **state)
{
    (void)state;
    enum { N = 4096 };
    static float x[N];
    struct random random = random_begin();
    for (int round = 0; round < 200; round++) {
        const size_t n = 1 + random_below(&random, N);
        const int64_t base = (int64_t)random_below(&random, 1 << 20);
        int64_t sum = 0;
        int64_t from_base = 0;
        int64_t squares = 0;
        for (size_t i = 0; i < n; i++) {
            const int64_t beside = (int64_t)random_below(&random, 2001) - 1000;
            x[i] = (float)(base + beside);
            sum += base + beside;
            from_base += beside;
            squares += beside * beside;
        }
        const struct moments found = moments_of(x, n, N, n);
        const int64_t variance = (int64_t)n * squares - from_base * from_base; /* of any base */
        assert_true(found.mean == (double)sum / (double)n);
        assert_true(found.deviation == sqrt((double)variance) / (double)n);
    }
}

/* Sums that no elements can have. */
static void test_impossible(void **state)
{
    (void)state;
    struct quant_exact_sums sums = {{0}, {0}};
    struct moments moments = {1, 2};
    sums.elements[3] = 5;
    assert_false(quant_exact_sums_moments(&sums, 7, &moments.mean, &moments.deviation));
    sums.elements[3] = 0;
    sums.squares[36] = -1;
    assert_false(quant_exact_sums_moments(&sums, 7, &moments.mean, &moments.deviation));
    assert_true(moments.mean == 1 && moments.deviation == 2);
    for (size_t i = 0; i < QUANT_EXACT_SQUARES; i++)
        sums.squares[i] = INT64_C(1) << 53;
    for (size_t i = 0; i < QUANT_EXACT_ELEMENTS; i++)
        sums.elements[i] = -(INT64_C(1) << 53);
    quant_exact_sums_moments(&sums, UINT64_MAX, &moments.mean, &moments.deviation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),    cmocka_unit_test(test_nonfinite),
        cmocka_unit_test(test_any_order),  cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_impossible),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
