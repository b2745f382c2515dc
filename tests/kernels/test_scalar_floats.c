/* SPDX-License-Identifier: MIT */
/* The float targets by their definitions: what each pattern means, every number is restored as
 * itself, and every float32 between two numbers is rounded to the nearer one. */
#include <float.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

enum { PATTERNS = 65536 };

static const struct float_type {
    enum quant_dtype dtype;
    int exponent_bits;
    int fraction_bits;
    bool has_infinities; /* else only the pattern of all ones is NaN */
    uint32_t max;
    uint32_t nan;
    float max_unclipped; /* the largest float32 that rounds to the largest number without a clamp */
} types[] = {
    {QUANT_FLOAT16, 5, 10, true, 0x7BFF, 0x7E00, 0x1.FFDFFEp15F},
    {QUANT_BFLOAT16, 8, 7, true, 0x7F7F, 0x7FC0, 0x1.FEFFFEp127F},
    {QUANT_FLOAT8_E4M3FN, 4, 3, false, 0x7E, 0x7F, 464}, /* a tie: the even number */
    {QUANT_FLOAT8_E5M2, 5, 2, true, 0x7B, 0x7E, 0x1.DFFFFEp15F},
};

static uint32_t sign_of(const struct float_type *type)
{
    return 1U << (type->exponent_bits + type->fraction_bits);
}

static bool is_scaled(const struct float_type *type)
{
    return !quant_dtype_info(type->dtype)->is_unscaled;
}

/* By definition: (-1)^s 2^(e - bias) 1.f, or 2^(1 - bias) 0.f. */
static double meaning(const struct float_type *type, uint32_t pattern)
{
    const uint32_t ones = (1U << type->exponent_bits) - 1;
    const int bias = (int)(ones >> 1);
    const uint32_t fraction = pattern & ((1U << type->fraction_bits) - 1);
    const uint32_t exponent = pattern >> type->fraction_bits & ones;
    const double sign = pattern & sign_of(type) ? -1 : 1;
    if (type->has_infinities && exponent == ones)
        return fraction ? (double)NAN : sign * (double)INFINITY;
    if (!type->has_infinities && (pattern & (sign_of(type) - 1)) == sign_of(type) - 1)
        return (double)NAN;
    const double significand = ldexp(fraction, -type->fraction_bits) + (exponent > 0 ? 1 : 0);
    return sign * ldexp(significand, (exponent > 0 ? (int)exponent : 1) - bias);
}

static uint32_t pattern_at(const struct float_type *type, const void *q, size_t i)
{
    return type->fraction_bits + type->exponent_bits == 7 ? ((const uint8_t *)q)[i]
                                                          : ((const uint16_t *)q)[i];
}

static uint32_t quantize_one(const struct float_type *type, float scale, float x)
{
    const struct quant_params params = {.dtype = type->dtype, .scale = scale};
    uint16_t q = 0xAAAA;
    quant_kernels_scalar.quantize[type->dtype](&params, &x, 1, &q);
    return pattern_at(type, &q, 0);
}

/* An array of all patterns. */
static size_t all_patterns(const struct float_type *type, uint16_t *q)
{
    const size_t n = (size_t)2 * sign_of(type);
    for (size_t i = 0; i < n; i++) {
        if (n == 256)
            ((uint8_t *)q)[i] = (uint8_t)i;
        else
            q[i] = (uint16_t)i;
    }
    return n;
}

static void check_meanings(const struct float_type *type, float scale)
{
    static uint16_t q[PATTERNS];
    static uint16_t back[PATTERNS];
    static float x[PATTERNS];
    const struct quant_params params = {.dtype = type->dtype, .scale = scale};
    const size_t n = all_patterns(type, q);
    quant_kernels_scalar.dequantize[type->dtype](&params, q, n, x);
    quant_kernels_scalar.quantize[type->dtype](&params, x, n, back);
    for (uint32_t i = 0; i < n; i++) {
        const float expected = (float)meaning(type, i) * (is_scaled(type) ? scale : 1);
        if (isnan(expected) ? !isnan(x[i]) : !same_bits(x[i], expected))
            fail_msg("%s 0x%x: found %a, expected %a", quant_dtype_info(type->dtype)->name, i,
                     (double)x[i], (double)expected);
        uint32_t itself = i == sign_of(type) ? 0 : i; /* a zero is +0 */
        if (isnan(meaning(type, i)))
            itself = type->nan;
        else if (isinf(meaning(type, i)))
            itself = type->max | (i & sign_of(type));
        if (pattern_at(type, back, i) != itself)
            fail_msg("%s 0x%x came back as 0x%x", quant_dtype_info(type->dtype)->name, i,
                     pattern_at(type, back, i));
    }
}

static void test_every_number_comes_back(void **state)
{
    (void)state;
    static const float scales[] = {1, 3, 0.1F, 0x1p-10F, 1e-20F, 1e30F, 0x1.555556p-5F};
    for (size_t i = 0; i < LENGTH(types) * LENGTH(scales); i++)
        check_meanings(&types[i % LENGTH(types)], scales[i / LENGTH(types)]);
}

/* Between each pair of neighbours: the middle goes to the even pattern, numbers beside the middle
 * to the nearer one. All of these are exact in float32. */
static void test_ties(void **state)
{
    (void)state;
    for (size_t t = 0; t < LENGTH(types); t++) {
        const struct float_type *type = &types[t];
        const uint32_t sign = sign_of(type);
        for (uint32_t low = 0; low < type->max; low++) {
            const double wide = (meaning(type, low) + meaning(type, low + 1)) / 2;
            const float tie = (float)wide;
            assert_true((double)tie == wide);
            const uint32_t even = low + low % 2;
            const uint32_t found[] = {
                quantize_one(type, 1, nextafterf(tie, 0)), quantize_one(type, 1, tie),
                quantize_one(type, 1, nextafterf(tie, INFINITY)), quantize_one(type, 1, -tie)};
            if (found[0] != low || found[1] != even || found[2] != low + 1 ||
                found[3] != (even ? even | sign : 0))
                fail_msg("%s, between 0x%x and the next: found 0x%x, 0x%x, 0x%x, 0x%x",
                         quant_dtype_info(type->dtype)->name, low, found[0], found[1], found[2],
                         found[3]);
        }
    }
}

static void test_ends(void **state)
{
    (void)state;
    for (size_t t = 0; t < LENGTH(types); t++) {
        const struct float_type *type = &types[t];
        const uint32_t sign = sign_of(type);
        const float beyond[] = {type->max_unclipped, nextafterf(type->max_unclipped, INFINITY),
                                FLT_MAX, (float)INFINITY};
        assert_true(meaning(type, type->max) == quant_dtype_info(type->dtype)->max);
        for (size_t i = 0; i < LENGTH(beyond); i++) {
            assert_int_equal(quantize_one(type, 1, beyond[i]), type->max);
            assert_int_equal(quantize_one(type, 1, -beyond[i]), type->max | sign);
        }
        static const uint32_t nans[] = {0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF};
        for (size_t i = 0; i < LENGTH(nans); i++)
            assert_int_equal(quantize_one(type, 1, float_of(nans[i])), type->nan);
        static const float zeros[] = {0.0F, -0.0F, 0x1p-149F, -0x1p-149F};
        for (size_t i = 0; i < LENGTH(zeros); i++)
            assert_int_equal(quantize_one(type, 1, zeros[i]), 0);
    }
}

/* The quotient is that of float32 division. Only 8-bit types have scales. */
static void test_quotients(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < 400000; i++) {
        const struct float_type *type = &types[i % LENGTH(types)];
        const float scale = random_scale(&random);
        const float x = i % 3 ? float_of((uint32_t)random_64(&random))
                              : (float)((random_unit(&random) - 0.5) * 1e3 * (double)scale);
        const float t = is_scaled(type) ? x / scale : x;
        const double rounded = quant_dtype_round(type->dtype, (double)t);
        const double limit = quant_dtype_info(type->dtype)->max;
        const uint32_t q = quantize_one(type, scale, x);
        if (isnan(x) || isnan(t))
            assert_int_equal(q, type->nan);
        else if (meaning(type, q) != fmax(fmin(rounded, limit), -limit))
            fail_msg("%s of %a by %a: found 0x%x, which is %a", quant_dtype_info(type->dtype)->name,
                     (double)x, (double)scale, q, meaning(type, q));
    }
}

static void test_unclipped_range(void **state)
{
    (void)state;
    for (size_t t = 0; t < LENGTH(types); t++) {
        struct quant_params params = {.dtype = types[t].dtype, .scale = 1};
        float min;
        float max;
        quant_unclipped_range(&params, &min, &max);
        assert_true(max == types[t].max_unclipped && min == -max);
        if (!is_scaled(&types[t]))
            continue;
        params.scale = 0x1p-100F;
        quant_unclipped_range(&params, &min, &max);
        assert_true(max == types[t].max_unclipped * 0x1p-100F && min == -max);
        params.scale = FLT_MAX; /* nothing is clipped */
        quant_unclipped_range(&params, &min, &max);
        assert_true(max == FLT_MAX && min == -FLT_MAX);
    }
}

static void test_levels(void **state)
{
    (void)state;
    static uint16_t q[PATTERNS];
    for (size_t t = 0; t < LENGTH(types); t++) {
        const size_t n = all_patterns(&types[t], q);
        uint64_t levels[PATTERNS / 64] = {0};
        quant_kernels_scalar.mark_levels[types[t].dtype](q, n, levels);
        for (size_t i = 0; i < PATTERNS; i++)
            assert_true((levels[i / 64] >> (i % 64) & 1) == (i < n && i != sign_of(&types[t])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_comes_back),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_quotients),
        cmocka_unit_test(test_unclipped_range),
        cmocka_unit_test(test_levels),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
