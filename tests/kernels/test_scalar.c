/* SPDX-License-Identifier: MIT */
/*
 * The scalar definition of the mapping, which docs/design.md describes: cases by hand for each
 * rule, and comparison with integer arithmetic for everything else.
 */
#include <float.h>
#include <stdio.h>

#include "../support/unit.h"
#include "exact.h"
#include "kernels/kernels.h"

static int32_t quantize_one(const struct quant_params *params, float x)
{
    int8_t i8 = 0x55;
    uint8_t u8 = 0x55;
    const bool is_unsigned = params->dtype == QUANT_UINT8;
    void *q = is_unsigned ? (void *)&u8 : (void *)&i8;
    quant_kernels_scalar.quantize[params->dtype](params, &x, 1, q);
    return is_unsigned ? u8 : i8;
}

static float dequantize_one(const struct quant_params *params, int32_t q)
{
    const int8_t i8 = (int8_t)q;
    const uint8_t u8 = (uint8_t)q;
    float x = -77;
    const void *from = params->dtype == QUANT_UINT8 ? (const void *)&u8 : (const void *)&i8;
    quant_kernels_scalar.dequantize[params->dtype](params, from, 1, &x);
    return x;
}

/* ---- By hand --------------------------------------------------------------------------------- */

struct by_hand {
    float x;
    float scale;
    int32_t zero_point;
    int32_t half_even; /* expected in int8, -128..127 */
    int32_t half_away;
};

static const struct by_hand cases[] = {
    /* the worked examples of docs/design.md */
    {350.5F, 3, 0, 117, 117},
    {1.5F, 3, 0, 0, 1},
    {-350.5F, 3, 0, -117, -117},
    /* ties: to even, or away from zero */
    {0.5F, 1, 0, 0, 1},
    {1.5F, 1, 0, 2, 2},
    {2.5F, 1, 0, 2, 3},
    {3.5F, 1, 0, 4, 4},
    {-0.5F, 1, 0, 0, -1},
    {-1.5F, 1, 0, -2, -2},
    {-2.5F, 1, 0, -2, -3},
    /* the largest float32 below one half, and its neighbour above */
    {0x1.FFFFFEp-2F, 1, 0, 0, 0},
    {-0x1.FFFFFEp-2F, 1, 0, 0, 0},
    {0x1.000002p-1F, 1, 0, 1, 1},
    /* the quotient is rounded to float32 first: a little more or less than a tie becomes one */
    {0x1.400008p+1F, 0x1.000006p+0F, 0, 2, 3},
    {0x1.400002p+1F, 0x1.000002p+0F, 0, 2, 3},
    /* rounding first, then z: 0.5 + 1 is 1 and not 2, 1.5 + 1 is 3 */
    {0.5F, 1, 1, 1, 2},
    {1.5F, 1, 1, 3, 3},
    {-0.5F, 1, -23, -23, -24},
    {2.5F, 1, -23, -21, -20},
    /* the clamp is last: z outside the type */
    {5, 0.0196078438F, -383, -128, -128},
    {10, 0.0196078438F, -383, 127, 127},
    {383, 1, -383, 0, 0},
    {-4194304, 1, 4194304, 0, 0},
    /* rounded + z exceeds 32 bits */
    {0x1p31F, 1, INT32_MAX, 127, 127},
    {-0x1p31F, 1, INT32_MAX, -1, -1},
    {-0x1p31F, 1, INT32_MIN, -128, -128},
    {0x1p31F, 1, INT32_MIN, 0, 0},
    {0x1p63F, 1, INT32_MIN, 127, 127},
    {-0x1p63F, 1, INT32_MAX, -128, -128},
    /* the limits of the type */
    {127, 1, 0, 127, 127},
    {127.5F, 1, 0, 127, 127},
    {128, 1, 0, 127, 127},
    {-128.5F, 1, 0, -128, -128},
    {-1e30F, 1, 0, -128, -128},
    /* the quotient overflows to infinity, or underflows to zero */
    {FLT_MAX, 0x1p-149F, 0, 127, 127},
    {-FLT_MAX, 0x1p-149F, 5, -128, -128},
    {0x1p-149F, FLT_MAX, 5, 5, 5},
    /* zeros of either sign; subnormals, which are not flushed */
    {0.0F, 1, 3, 3, 3},
    {-0.0F, 1, 3, 3, 3},
    {0x1p-149F, 0x1p-149F, 0, 1, 1},
    {-0x3p-149F, 0x1p-149F, 0, -3, -3},
    {0x1p-149F, 0x1p-148F, 0, 0, 1},
    {0x3p-149F, 0x1p-148F, 0, 2, 2},
    {0x1p-130F, 0x1p-126F, 0, 0, 0},
    {0x1p-127F, FLT_MIN, 0, 0, 1},
    {0x1.FFFFFCp-127F, FLT_MIN, 0, 1, 1},
    /* not finite */
    {(float)INFINITY, 1, 0, 127, 127},
    {-(float)INFINITY, 1, 0, -128, -128},
    {(float)INFINITY, 1, INT32_MIN, 127, 127},
    {-(float)INFINITY, 1, INT32_MAX, -128, -128},
    {(float)NAN, 1, -23, -23, -23},
    {-(float)NAN, 1, 0, 0, 0},
    {(float)NAN, 1, -383, -128, -128},
    {(float)NAN, 1, 200, 127, 127},
};

static void test_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct by_hand *c = &cases[i];
        struct quant_params params = {.dtype = QUANT_INT8, .qmin = -128, .qmax = 127};
        params.scale = c->scale;
        params.zero_point = c->zero_point;
        const int32_t half_even = quantize_one(&params, c->x);
        params.rounding = QUANT_HALF_AWAY;
        const int32_t half_away = quantize_one(&params, c->x);
        if (half_even != c->half_even || half_away != c->half_away)
            fail_msg("%a / %a, z %d: found %d and %d, expected %d and %d", (double)c->x,
                     (double)c->scale, c->zero_point, half_even, half_away, c->half_even,
                     c->half_away);
    }
}

/* qmin and qmax limit everything: elements that are not finite too, and z, which NaN becomes. */
static void test_narrowed_range(void **state)
{
    (void)state;
    const struct quant_params params = {
        .dtype = QUANT_UINT8, .qmin = 10, .qmax = 100, .scale = 2.5F, .zero_point = -28};
    assert_int_equal(quantize_one(&params, 320), 100);
    assert_int_equal(quantize_one(&params, 1e9F), 100);
    assert_int_equal(quantize_one(&params, (float)INFINITY), 100);
    assert_int_equal(quantize_one(&params, 70), 10);
    assert_int_equal(quantize_one(&params, -(float)INFINITY), 10);
    assert_int_equal(quantize_one(&params, (float)NAN), 10);
    assert_int_equal(quantize_one(&params, 195), 50);
}

/* ---- Against integer arithmetic -------------------------------------------------------------- */

static const float scales[] = {1,     3,      0.1F,    0x1p-7F,   0x1p10F,
                               1e38F, 1e-30F, FLT_MIN, 0x1p-149F, 0x1.8p-140F};
static const int32_t zero_points[] = {0,    -23,     128,       255,       -383,
                                      1000, 4194304, INT32_MAX, INT32_MIN, -2147483647};

static struct quant_params random_params(struct random *random)
{
    const bool is_unsigned = random_64(random) & 1;
    const bool narrow = random_64(random) & 1;
    return (struct quant_params){
        .dtype = is_unsigned ? QUANT_UINT8 : QUANT_INT8,
        .rounding = random_64(random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = (is_unsigned ? 0 : -128) + (narrow ? 100 : 0),
        .qmax = is_unsigned ? 255 : 127,
        .scale = random_64(random) & 1 ? random_scale(random)
                                       : scales[random_below(random, LENGTH(scales))],
        .zero_point = zero_points[random_below(random, LENGTH(zero_points))],
    };
}

static void test_quantize_exactly(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < 1000000; i++) {
        const struct quant_params params = random_params(&random);
        const float x = random_element(&random, params.scale, params.zero_point);
        const int32_t found = quantize_one(&params, x);
        const int32_t expected = exact_quantize(&params, x);
        if (found != expected)
            fail_msg("%a (0x%x) / %a, z %d, rounding %d: found %d, expected %d", (double)x,
                     bits_of(x), (double)params.scale, params.zero_point, (int)params.rounding,
                     found, expected);
    }
}

/* Integers that float32 rounds: above 2^24, ties to even. By integer arithmetic again. */
static float exact_float(int64_t integer)
{
    uint64_t magnitude = (uint64_t)(integer < 0 ? -integer : integer);
    int shift = 0;
    while (magnitude >> shift >= UINT64_C(1) << 24)
        shift++;
    magnitude = exact_shift(magnitude, shift, false, false) << shift;
    return (float)(integer < 0 ? -(double)magnitude : (double)magnitude);
}

/* The product of two float32 numbers is exact in double, so it is rounded once, at the end. */
static void test_dequantize_exactly(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < 4000; i++) {
        struct quant_params params = random_params(&random);
        if (i % 4 == 0)
            params.zero_point = (int32_t)(uint32_t)random_64(&random);
        const int32_t min = params.dtype == QUANT_UINT8 ? 0 : -128;
        for (int32_t q = min; q < min + 256; q++) {
            const double steps = (double)exact_float((int64_t)q - params.zero_point);
            const float expected = (float)(steps * (double)params.scale);
            const float found = dequantize_one(&params, q);
            if (!same_bits(found, expected))
                fail_msg("(%d - %d) * %a: found %a, expected %a", q, params.zero_point,
                         (double)params.scale, (double)found, (double)expected);
        }
    }
}

static void test_dequantize_by_hand(void **state)
{
    (void)state;
    struct quant_params params = {.dtype = QUANT_INT8, .qmin = -128, .qmax = 127, .scale = 3};
    assert_true(dequantize_one(&params, 117) == 351);
    assert_true(same_bits(dequantize_one(&params, 0), 0.0F));
    assert_true(dequantize_one(&params, -117) == -351);
    params.zero_point = INT32_MIN; /* the difference needs 33 bits: 2^31 + 127, rounded */
    assert_true(dequantize_one(&params, 127) == 3 * 0x1p31F);
    params.zero_point = INT32_MAX;
    assert_true(dequantize_one(&params, -128) == -3 * 0x1p31F);
    params.zero_point = -16777216; /* 2^24 + 1 and 2^24 + 3 are ties */
    params.scale = 1;
    assert_true(dequantize_one(&params, 1) == 16777216);
    assert_true(dequantize_one(&params, 3) == 16777220);
    params.zero_point = 0;
    params.scale = 0x1p127F; /* too large for float32: infinity */
    assert_true(dequantize_one(&params, -127) == -(float)INFINITY);
    params.scale = 0x1p-149F; /* subnormal, and remains subnormal */
    assert_true(dequantize_one(&params, 5) == 0x5p-149F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_narrowed_range),
        cmocka_unit_test(test_quantize_exactly),
        cmocka_unit_test(test_dequantize_exactly),
        cmocka_unit_test(test_dequantize_by_hand),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
