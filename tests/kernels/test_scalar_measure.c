/* SPDX-License-Identifier: MIT */
/* The scalar definition of observe, and of the sums of the error report. */
#include <float.h>

#include "../support/unit.h"
#include "core/measure.h"
#include "exact.h"
#include "kernels/kernels.h"

enum { LANES = QUANT_MEASURE_LANES };

/* ---- observe --------------------------------------------------------------------------------- */

static void test_observe_by_hand(void **state)
{
    (void)state;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_kernels_scalar.observe(NULL, 0, &observed);
    assert_int_equal(observed.count, 0);
    assert_true(isinf(observed.min) && observed.min > 0);
    assert_true(isinf(observed.max) && observed.max < 0);

    const float x[] = {3, -0x1p-149F, (float)NAN, FLT_MAX, -(float)INFINITY, -7.5F};
    quant_kernels_scalar.observe(x, 3, &observed);
    assert_int_equal(observed.count, 3);
    assert_int_equal(observed.nonfinite, 1);
    assert_int_equal(observed.first_nonfinite, 2);
    assert_true(isnan(observed.nonfinite_value));
    assert_true(observed.min == -0x1p-149F && observed.max == 3);
    quant_kernels_scalar.observe(x + 3, 3, &observed);
    assert_int_equal(observed.count, 6);
    assert_int_equal(observed.nonfinite, 2);
    assert_int_equal(observed.first_nonfinite, 2);
    assert_true(isnan(observed.nonfinite_value));
    assert_true(observed.min == -7.5F && observed.max == FLT_MAX);
}

/* The first element that is not finite, counted from the first element of all calls. */
static void test_observe_counts_on(void **state)
{
    (void)state;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    const float finite[] = {1, 2, 3};
    const float infinite[] = {1, -(float)INFINITY, (float)NAN};
    observed.count = UINT64_C(1) << 40;
    quant_kernels_scalar.observe(finite, 3, &observed);
    quant_kernels_scalar.observe(infinite, 3, &observed);
    assert_int_equal(observed.first_nonfinite, (UINT64_C(1) << 40) + 4);
    assert_int_equal(observed.nonfinite, 2);
    assert_true(observed.nonfinite_value == -(float)INFINITY);
    assert_true(observed.min == 1 && observed.max == 3);
}

/* ---- measure --------------------------------------------------------------------------------- */

struct totals {
    double lanes[QUANT_MEASURE_SUMS][LANES];
    struct quant_measure_block block;
};

static void measure(const struct quant_params *params, const float *x, const float *restored,
                    size_t n, size_t first_lane, struct totals *totals)
{
    memset(totals->lanes, 0, sizeof totals->lanes);
    totals->block = (struct quant_measure_block){.lanes = totals->lanes, .max_abs_error = -1};
    quant_unclipped_range(params, &totals->block.min_unclipped, &totals->block.max_unclipped);
    quant_kernels_scalar.measure(x, restored, n, first_lane, &totals->block);
}

static const struct quant_params unit_params = {
    .dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 1};

static void test_measure_nothing(void **state)
{
    (void)state;
    const float x[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    const float restored[] = {1e9F, 127, -127};
    struct totals totals;
    for (size_t n = 0; n <= LENGTH(x); n++) {
        measure(&unit_params, x, restored, n, 15, &totals);
        assert_int_equal(totals.block.nonfinite, n);
        assert_int_equal(totals.block.clipped, 0);
        assert_int_equal(totals.block.zeroed, 0);
        assert_int_equal(totals.block.sign_flipped, 0);
        assert_true(totals.block.max_abs_error == -1);
        assert_int_equal(totals.block.max_abs_error_index, 0);
        for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
            for (size_t lane = 0; lane < LANES; lane++)
                assert_true(totals.lanes[i][lane] == 0);
    }
}

/* Six elements from lane 14, two of them not finite: the others keep their lanes 14, 0, 1 and 3. */
static void test_measure_lanes(void **state)
{
    (void)state;
    const float x[] = {3, (float)NAN, -2.5F, 0.25F, (float)INFINITY, 200};
    const float restored[] = {3, 0, -2, 0, 127, 127};
    struct totals totals;
    measure(&unit_params, x, restored, LENGTH(x), 14, &totals);
    static const struct {
        size_t lane;
        double sums[QUANT_MEASURE_SUMS]; /* in the order of enum quant_sum */
    } expected[] = {
        {14, {0, 0, 0, 9, 9, 9}},
        {0, {0.25, 0.5, -0.5, 6.25, 4, 5}},
        {1, {0.0625, 0.25, 0.25, 0.0625, 0, 0}},
        {3, {5329, 73, 73, 40000, 16129, 25400}},
    };
    double rest[QUANT_MEASURE_SUMS][LANES];
    memcpy(rest, totals.lanes, sizeof rest);
    for (size_t k = 0; k < LENGTH(expected); k++)
        for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++) {
            assert_true(totals.lanes[i][expected[k].lane] == expected[k].sums[i]);
            rest[i][expected[k].lane] = 0;
        }
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            assert_true(rest[i][lane] == 0);
    assert_int_equal(totals.block.nonfinite, 2);
    assert_int_equal(totals.block.clipped, 1);
    assert_int_equal(totals.block.zeroed, 1);
    assert_int_equal(totals.block.sign_flipped, 0);
    assert_true(totals.block.max_abs_error == 73);
    assert_int_equal(totals.block.max_abs_error_index, 5);
}

/* Adds e^2 = 2^40 - 2^11 + 2^-20 to 2^-14. Doubles of this magnitude are multiples of 2^-13: 2^-20
 * is lost if e^2 is rounded first, but decides the direction of a single rounding. */
static void test_measure_one_rounding(void **state)
{
    (void)state;
    const float x[LANES + 1] = {[0] = 0x1p-7F, [LANES] = 0x1p20F};
    const float restored[LANES + 1] = {[LANES] = 0x1p-10F};
    struct totals totals;
    measure(&unit_params, x, restored, LENGTH(x), 0, &totals);
    const double found = totals.lanes[QUANT_SUM_SQUARED_ERROR][0];
    assert_true(found == 0x1p40 - 0x1p11 + 0x1p-13);
}

struct counted {
    float x;
    float restored;
    bool clipped;
    bool zeroed;
    bool sign_flipped;
};

/* clipped depends on x and the parameters only (here z = 0, -127..127), the others on signs. */
static const struct counted counted[] = {
    {0, 0, false, false, false},           {-0.0F, 0, false, false, false},
    {0, 1, false, false, false},           {0, -1, false, false, false},
    {0x1p-149F, 0, false, true, false},    {-0x1p-149F, -0.0F, false, true, false},
    {1, -0.0F, false, true, false},        {1, -1, false, false, true},
    {-1, 0x1p-149F, false, false, true},   {-1, -2, false, false, false},
    {127, 127, false, false, false},       {127.25F, 127, false, false, false},
    {127.5F, 127, true, false, false},     {126.5F, 126, false, false, false},
    {-127.25F, -127, false, false, false}, {-127.5F, -127, true, false, false},
    {FLT_MAX, 127, true, false, false},    {-FLT_MAX, 0, true, true, false},
    {1e9F, -127, true, false, true},
};

static void test_measure_counts(void **state)
{
    (void)state;
    struct totals totals;
    for (size_t i = 0; i < LENGTH(counted); i++) {
        const struct counted *c = &counted[i];
        measure(&unit_params, &c->x, &c->restored, 1, i % LANES, &totals);
        if (totals.block.clipped != c->clipped || totals.block.zeroed != c->zeroed ||
            totals.block.sign_flipped != c->sign_flipped || totals.block.nonfinite != 0)
            fail_msg("x %a, restored %a: clipped %d, zeroed %d, sign_flipped %d", (double)c->x,
                     (double)c->restored, (int)totals.block.clipped, (int)totals.block.zeroed,
                     (int)totals.block.sign_flipped);
    }
}

/* An element is clipped if the clamp changes it, by the mapping in integers. */
static void test_measure_clipped(void **state)
{
    (void)state;
    static const int32_t zero_points[] = {0, -23, -383, 4194304, INT32_MAX, INT32_MIN};
    struct random random = random_begin();
    struct totals totals;
    for (size_t i = 0; i < 300000; i++) {
        struct quant_params params = unit_params;
        params.rounding = i % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
        params.zero_point = zero_points[i % LENGTH(zero_points)];
        params.scale = i % 3 ? random_scale(&random) : 0.25F;
        const float x = random_element(&random, params.scale, params.zero_point);
        const float restored = 0;
        measure(&params, &x, &restored, 1, 0, &totals);
        const int64_t mapped = exact_mapped(&params, x);
        const bool expected = isfinite(x) && (mapped < params.qmin || mapped > params.qmax);
        if (totals.block.clipped != expected)
            fail_msg("x %a, scale %a, z %d, rounding %d: clipped %d", (double)x,
                     (double)params.scale, params.zero_point, (int)params.rounding,
                     (int)totals.block.clipped);
    }
}

/* The first of equal errors, of either sign. A call without errors has its maximum, 0, at its first
 * finite element. */
static void test_measure_first_maximum(void **state)
{
    (void)state;
    const float x[] = {(float)NAN, 1, 2, 3, 4, 5};
    float restored[] = {0, 1, 2, 3, 4, 5};
    struct totals totals;
    measure(&unit_params, x, restored, LENGTH(x), 3, &totals);
    assert_true(totals.block.max_abs_error == 0);
    assert_int_equal(totals.block.max_abs_error_index, 1);
    restored[4] = 4.5F;
    restored[3] = 2.5F;
    restored[2] = 2.25F;
    measure(&unit_params, x, restored, LENGTH(x), 3, &totals);
    assert_true(totals.block.max_abs_error == 0.5);
    assert_int_equal(totals.block.max_abs_error_index, 3);
}

/* A restored value that overflows float32 is an infinite error; it is not excluded. */
static void test_measure_infinite_restored(void **state)
{
    (void)state;
    const float x[] = {FLT_MAX, 1};
    const float restored[] = {(float)INFINITY, 1};
    struct totals totals;
    measure(&unit_params, x, restored, 2, 0, &totals);
    assert_int_equal(totals.block.nonfinite, 0);
    assert_true(isinf(totals.block.max_abs_error));
    assert_int_equal(totals.block.max_abs_error_index, 0);
    assert_true(isinf(totals.lanes[QUANT_SUM_SQUARED_ERROR][0]));
    assert_true(totals.lanes[QUANT_SUM_SQUARED_X][0] == (double)FLT_MAX * (double)FLT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observe_by_hand),
        cmocka_unit_test(test_observe_counts_on),
        cmocka_unit_test(test_measure_nothing),
        cmocka_unit_test(test_measure_lanes),
        cmocka_unit_test(test_measure_one_rounding),
        cmocka_unit_test(test_measure_counts),
        cmocka_unit_test(test_measure_clipped),
        cmocka_unit_test(test_measure_first_maximum),
        cmocka_unit_test(test_measure_infinite_restored),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
