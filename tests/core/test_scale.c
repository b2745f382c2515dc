/* SPDX-License-Identifier: MIT */
/* Rounding scales: every number of the 16-bit types, and numbers between it and the next one. */
#include "core/scale.h"

#include <float.h>
#include <math.h>

#include "../support/floats.h"
#include "../support/random.h"
#include "../support/unit.h"
#include "base/small_float.h"

static const enum quant_direction directions[] = {QUANT_TO_NEAREST, QUANT_UPWARD, QUANT_DOWNWARD};

static void check(enum quant_dtype dtype, double scale, enum quant_direction direction,
                  double expected)
{
    const float found = quant_scale_round(dtype, scale, direction);
    if ((double)found != expected)
        fail_msg("%a to %s, direction %d: found %a, expected %a", scale,
                 dtype == QUANT_DTYPE_NONE ? "none" : quant_dtype_info(dtype)->name, (int)direction,
                 (double)found, expected);
}

/* low and high are neighbors; the middle is rounded to the even one. */
static void check_between(enum quant_dtype dtype, double low, double high, double even)
{
    const double middle = low + (high - low) / 2;
    const double below = nextafter(middle, low);
    const double above = nextafter(middle, high);
    const double inside[] = {nextafter(low, high), below, middle, above, nextafter(high, low)};
    for (size_t i = 0; i < LENGTH(inside); i++) {
        check(dtype, inside[i], QUANT_UPWARD, high);
        check(dtype, inside[i], QUANT_DOWNWARD, low);
        check(dtype, inside[i], QUANT_TO_NEAREST, i < 2 ? low : i == 2 ? even : high);
    }
    for (size_t i = 0; i < LENGTH(directions); i++)
        check(dtype, low, directions[i], low);
}

/* Patterns rise with the numbers, and the even ones end in 0. */
static void test_every_number(void **state)
{
    static const enum quant_dtype dtypes[] = {QUANT_FLOAT16, QUANT_BFLOAT16};
    static const uint32_t smallest[] = {0x0400, 0x0080}; /* patterns of the normal ones */
    (void)state;
    for (size_t i = 0; i < LENGTH(dtypes); i++) {
        const struct quant_small_float *type = quant_small_float(dtypes[i]);
        for (uint32_t pattern = smallest[i]; pattern < type->max; pattern++) {
            const double low = (double)quant_small_float_decode(type, pattern);
            const double high = (double)quant_small_float_decode(type, pattern + 1);
            check_between(dtypes[i], low, high, pattern % 2 == 0 ? low : high);
        }
        assert_true(quant_scale_smallest(dtypes[i]) ==
                    (double)quant_small_float_decode(type, smallest[i]));
        assert_true(quant_scale_largest(dtypes[i]) ==
                    (double)quant_small_float_decode(type, type->max));
    }
}

static void test_float32(void **state)
{
    struct random random = random_begin();
    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        const float low =
            ldexpf(1 + (float)random_unit(&random), (int)random_below(&random, 250) - 125);
        const float high = nextafterf(low, FLT_MAX);
        uint32_t bits;
        memcpy(&bits, &low, sizeof bits);
        const enum quant_dtype dtype = i % 2 ? QUANT_FLOAT32 : QUANT_DTYPE_NONE;
        check_between(dtype, (double)low, (double)high, (double)(bits % 2 == 0 ? low : high));
    }
}

/* No scale is subnormal or infinite, whatever the direction. */
static void test_bounds(void **state)
{
    static const struct {
        enum quant_dtype dtype;
        double smallest;
        double largest;
    } rows[] = {
        {QUANT_FLOAT32, (double)FLT_MIN, (double)FLT_MAX},
        {QUANT_DTYPE_NONE, (double)FLT_MIN, (double)FLT_MAX},
        {QUANT_FLOAT16, 0x1p-14, 65504},
        {QUANT_BFLOAT16, 0x1p-126, 0x1.FEp127},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_true(quant_scale_smallest(rows[i].dtype) == rows[i].smallest);
        assert_true(quant_scale_largest(rows[i].dtype) == rows[i].largest);
        for (size_t k = 0; k < LENGTH(directions); k++) {
            const double small[] = {5e-324, 1e-300, rows[i].smallest / 2,
                                    nextafter(rows[i].smallest, 0), rows[i].smallest};
            const double large[] = {rows[i].largest, nextafter(rows[i].largest, INFINITY),
                                    rows[i].largest * 1.5, 1e300, INFINITY};
            for (size_t j = 0; j < LENGTH(small); j++) {
                check(rows[i].dtype, small[j], directions[k], rows[i].smallest);
                check(rows[i].dtype, large[j], directions[k], rows[i].largest);
            }
        }
    }
}

/* A number just above the middle of two float16 numbers. Its float32 is the middle, whose even
 * neighbor is wrong. */
static void test_one_rounding(void **state)
{
    (void)state;
    const double scale = 1 + 0x1p-11 + 0x1p-40;
    assert_true((double)(float)scale == 1 + 0x1p-11);
    check(QUANT_FLOAT16, scale, QUANT_TO_NEAREST, 1 + 0x1p-10);
    check(QUANT_FLOAT16, (double)(float)scale, QUANT_TO_NEAREST, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),
        cmocka_unit_test(test_float32),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_one_rounding),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
