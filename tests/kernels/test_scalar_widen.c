/* SPDX-License-Identifier: MIT */
/* The scalar definition of widening to float32: each pattern by its fields, and well-known numbers
 * by hand. */
#include <float.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

static float widen_one(enum quant_dtype dtype, uint64_t bits, bool big)
{
    const size_t size = (size_t)quant_dtype_bytes(dtype, 1);
    unsigned char bytes[9] = {0};
    for (size_t i = 0; i < size; i++)
        bytes[1 + (big ? size - 1 - i : i)] = (unsigned char)(bits >> (8 * i));
    float x = -77;
    quant_kernels_scalar.widen[dtype](bytes + 1, 1, big, &x);
    return x;
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

struct by_hand {
    enum quant_dtype dtype;
    uint64_t bits;
    float value;
};

static const struct by_hand cases[] = {
    {QUANT_FLOAT16, 0x0000, 0.0F},
    {QUANT_FLOAT16, 0x8000, -0.0F},
    {QUANT_FLOAT16, 0x0001, 0x1p-24F},
    {QUANT_FLOAT16, 0x8001, -0x1p-24F},
    {QUANT_FLOAT16, 0x03FF, 0x3FFp-24F},
    {QUANT_FLOAT16, 0x0400, 0x1p-14F},
    {QUANT_FLOAT16, 0x3555, 0.333251953125F},
    {QUANT_FLOAT16, 0x3C00, 1},
    {QUANT_FLOAT16, 0x3C01, 1.0009765625F},
    {QUANT_FLOAT16, 0xC000, -2},
    {QUANT_FLOAT16, 0x4248, 3.140625F},
    {QUANT_FLOAT16, 0x7BFF, 65504},
    {QUANT_FLOAT16, 0xFBFF, -65504},
    {QUANT_FLOAT16, 0x7C00, (float)INFINITY},
    {QUANT_FLOAT16, 0xFC00, -(float)INFINITY},
    {QUANT_BFLOAT16, 0x0000, 0.0F},
    {QUANT_BFLOAT16, 0x8000, -0.0F},
    {QUANT_BFLOAT16, 0x0001, 0x1p-133F},
    {QUANT_BFLOAT16, 0x0080, FLT_MIN},
    {QUANT_BFLOAT16, 0x3F80, 1},
    {QUANT_BFLOAT16, 0x4049, 3.140625F},
    {QUANT_BFLOAT16, 0x7F7F, 0x1.FEp127F},
    {QUANT_BFLOAT16, 0xFF80, -(float)INFINITY},
    {QUANT_FLOAT32, 0x80000000, -0.0F},
    {QUANT_FLOAT32, 0x00000001, 0x1p-149F},
    {QUANT_FLOAT32, 0x3DCCCCCD, 0.1F},
    {QUANT_FLOAT32, 0x7F7FFFFF, FLT_MAX},
    {QUANT_FLOAT64, 0x8000000000000000, -0.0F},
    {QUANT_FLOAT64, 0x3FB999999999999A, 0.1F},
    {QUANT_FLOAT64, 0x7FF0000000000000, (float)INFINITY},
    {QUANT_FLOAT64, 0xFFF0000000000000, -(float)INFINITY},
    {QUANT_FLOAT64, 0x7FEFFFFFFFFFFFFF, (float)INFINITY},
    {QUANT_FLOAT64, 0x0000000000000001, 0.0F},
};

static void test_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (int big = 0; big < 2; big++) {
            const float found = widen_one(cases[i].dtype, cases[i].bits, big);
            if (!same_bits(found, cases[i].value))
                fail_msg("%s 0x%llx: found %a, expected %a", quant_dtype_info(cases[i].dtype)->name,
                         (unsigned long long)cases[i].bits, (double)found, (double)cases[i].value);
        }
}

struct rounding {
    double from;
    float to;
};

/* float64 to float32: to nearest, ties to even, overflow to infinity, subnormals not flushed. */
static const struct rounding roundings[] = {
    {1 + 0x1p-24, 1},
    {1 + 0x1.000001p-24, 1 + 0x1p-23F},
    {1 + 0x3p-24, 1 + 0x1p-22F},
    {1 + 0x2.FFFFFFp-24, 1 + 0x1p-23F},
    {16777217, 16777216},
    {16777219, 16777220},
    {-16777217, -16777216},
    {0x1.FFFFFEp127, FLT_MAX},
    {0x1.FFFFFEFFFFFFFp127, FLT_MAX},
    {0x1.FFFFFFp127, (float)INFINITY},
    {-0x1.FFFFFFp127, -(float)INFINITY},
    {1e39, (float)INFINITY},
    {0x1p-149, 0x1p-149F},
    {0x1p-150, 0.0F},
    {-0x1p-150, -0.0F},
    {0x1.0000000000001p-150, 0x1p-149F},
    {0x3p-150, 0x1p-148F},
    {0x1.FFFFFDFFFFFFFp-127, 0x1.FFFFFCp-127F}, /* to the largest subnormal ... */
    {0x1.FFFFFEp-127, FLT_MIN},                 /* ... and halfway after it */
};

static void test_float64_rounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(roundings); i++) {
        const float found = widen_one(QUANT_FLOAT64, bits_of_double(roundings[i].from), i % 2 == 1);
        if (!same_bits(found, roundings[i].to))
            fail_msg("%a: found %a, expected %a", roundings[i].from, (double)found,
                     (double)roundings[i].to);
    }
}

/* (-1)^sign * 1.fraction * 2^(exponent - bias), for any format with these widths. */
static double decode(uint32_t bits, int exponent_bits, int fraction_bits)
{
    const uint32_t fraction = bits & ((1U << fraction_bits) - 1);
    const int exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const double sign = bits >> (exponent_bits + fraction_bits) ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
        return fraction ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * ldexp((double)fraction, 1 - bias - fraction_bits);
    return sign * ldexp((double)(fraction | 1U << fraction_bits), exponent - bias - fraction_bits);
}

static void check_pattern(enum quant_dtype dtype, uint32_t bits, double expected)
{
    for (int big = 0; big < 2; big++) {
        const float found = widen_one(dtype, bits, big);
        const bool right = isnan(expected) ? isnan(found) && bits_of(found) >> 31 == bits >> 15
                                           : same_bits(found, (float)expected);
        if (!right)
            fail_msg("%s 0x%04x: found %a, expected %a", quant_dtype_info(dtype)->name, bits,
                     (double)found, expected);
    }
}

static void test_all_16_bit_patterns(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        check_pattern(QUANT_FLOAT16, bits, decode(bits, 5, 10));
        check_pattern(QUANT_BFLOAT16, bits, decode(bits, 8, 7));
    }
}

/* The limits in the table of formats agree with widening. */
static void test_ends_of_types(void **state)
{
    (void)state;
    assert_true(quant_dtype_info(QUANT_FLOAT16)->max == decode(0x7BFF, 5, 10));
    assert_true(quant_dtype_info(QUANT_BFLOAT16)->max == decode(0x7F7F, 8, 7));
    assert_true(quant_dtype_info(QUANT_FLOAT16)->epsilon == decode(0x3C01, 5, 10) - 1);
    assert_true(quant_dtype_info(QUANT_BFLOAT16)->epsilon == decode(0x3F81, 8, 7) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_float64_rounds),
        cmocka_unit_test(test_all_16_bit_patterns),
        cmocka_unit_test(test_ends_of_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
