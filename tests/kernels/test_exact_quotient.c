/* SPDX-License-Identifier: MIT */
/* What exact_quotient.h claims: tries the mantissas for which the last rounding is in doubt, and
 * random numbers at the limits of the exponents. One in 11 mantissas of s, in a slow build one in
 * 101; with QUANT_PROVE=all in the environment all of them. */
#include "kernels/exact_quotient.h"

#include <stdlib.h>

#include "../support/floats.h"
#include "../support/unit.h"

/* The smallest mantissa, as an integer, and the first that is too large. */
enum { FIRST = 1 << 23, END = 1 << 24 };

/* |x - m s| in units of 2^-48 for x and s in [1, 2): 5 are enough. */
enum { NEAR = 8 };

static float quotient(float x, float scale)
{
    const float inverse = 1 / scale;
    const float q = x * inverse;
    return fmaf(fmaf(-q, scale, x), inverse, q);
}

static void check(float x, float scale)
{
    if (quotient(x, scale) != x / scale)
        fail_msg("%a / %a is %a, not %a", (double)x, (double)scale, (double)(x / scale),
                 (double)quotient(x, scale));
}

/*
 * The middle of two floats next to the quotient x / s is an odd multiple m of 2^-25 if x < s, else
 * of 2^-24. So near ones are those with 2^25 x - m s = k, or 2^24 x - m s = k, for a small k that
 * is not 0, where x, s and m are integers. x is found modulo s: halving k that many times modulo
 * the odd part of s, after the powers of two that all of them share.
 */
static size_t check_near(uint32_t s, int shift, int k)
{
    const int even = __builtin_ctz(s);
    const uint32_t odd = s >> even;
    size_t count = 0;
    if (k % (1 << even) != 0 || odd == 1)
        return 0;
    const int64_t rest = (k >> even) % (int64_t)odd;
    uint64_t x = (uint64_t)(rest < 0 ? rest + odd : rest);
    for (int i = even; i < shift; i++)
        x = x % 2 ? (x + odd) / 2 : x / 2;
    if (x < FIRST)
        x += (FIRST - x + odd - 1) / odd * odd;
    for (; x < END; x += odd) {
        const int64_t product = (int64_t)(x << shift) - k; /* m s */
        if (product % s != 0 || product / s % 2 == 0 || (x < s) != (shift == 25))
            continue;
        check((float)x, (float)s);
        count++;
    }
    return count;
}

static void test_mantissas(void **state)
{
    const char *how = getenv("QUANT_PROVE");
    const bool all = how && strcmp(how, "all") == 0;
    size_t count = 0;
    (void)state;
    for (uint32_t s = FIRST; s < END; s += all ? 1 : IS_SLOW_BUILD ? 101 : 11)
        for (int shift = 24; shift <= 25; shift++)
            for (int k = -NEAR; k <= NEAR; k++)
                count += k == 0 ? 0 : check_near(s, shift, k);
    assert_true(count > 400000);
}

/* Quotients of at least 2^-18, and scales up to both limits. */
static void test_exponents(void **state)
{
    struct random random = random_begin();
    (void)state;
    for (size_t i = 0; i < 1000000; i++) {
        const uint32_t exponent = i % 4 == 0 ? 127 - 80 : 127 - 80 + random_below(&random, 181);
        const float scale = float_of(exponent << 23 | random_below(&random, 1 << 23));
        const float wanted =
            float_of((127 - 18 + random_below(&random, 40)) << 23 | random_below(&random, 1 << 23));
        const float x = random_nudge(&random, wanted * scale, 4);
        if (!quant_quotient_is_exact(scale) || !isfinite(x) || x / scale < 0x1p-18F)
            continue;
        check(x, scale);
        check(-x, scale);
        check(x, scale * 0x1p8F);
    }
}

static void test_limits(void **state)
{
    (void)state;
    assert_true(quant_quotient_is_exact(0x1p-80F) && quant_quotient_is_exact(0x1p100F));
    assert_false(quant_quotient_is_exact(0x1.FFFFFEp-81F));
    assert_false(quant_quotient_is_exact(0x1.000002p100F));
    assert_true(isnan(quotient((float)INFINITY, 3)) && isnan(quotient(1e38F, 1e-20F)));
    assert_true(fabsf(quotient(0x1.8p-100F, 0x1.4p-80F)) < 0x1p-17F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mantissas),
                                       cmocka_unit_test(test_exponents),
                                       cmocka_unit_test(test_limits)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
