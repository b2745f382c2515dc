/* SPDX-License-Identifier: MIT */
/* Random numbers: the same bits everywhere, and normally distributed. */
#include <math.h>
#include <stdlib.h>

#include "../support/random.h"
#include "../support/unit.h"
#include "core/normal_source.h"

/* Computed in Python, with its own logarithm. */
static void test_first_numbers(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        float numbers[5];
    } known[] = {
        {0, {0x1.f8140ap-1F, -0x1.682e28p-3F, -0x1.6c93f0p-1F, -0x1.3fd742p-2F, -0x1.3ea8b0p-1F}},
        {42, {0x1.f8c80ep-2F, -0x1.6354b6p-1F, -0x1.47f4b0p+0F, -0x1.cd98e8p-1F, -0x1.34295ap-1F}},
        {UINT64_MAX,
         {-0x1.6d65aep+0F, -0x1.805794p-2F, 0x1.190d66p-1F, 0x1.bbe28ap-1F, -0x1.0fef3cp+0F}},
    };
    for (size_t i = 0; i < LENGTH(known); i++) {
        struct quant_normal_source source = {.state = known[i].seed};
        for (size_t k = 0; k < LENGTH(known[i].numbers); k++) {
            const float found = quant_normal_next(&source);
            if (found != known[i].numbers[k])
                fail_msg("number %zu of seed %llu is %a, not %a", k,
                         (unsigned long long)known[i].seed, (double)found,
                         (double)known[i].numbers[k]);
        }
    }
}

/* The share of numbers below each bound, and the moments. With a million numbers the deviation of a
 * share is at most 0.0005. */
static void test_distribution(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    static const double bounds[] = {-3, -2, -1, -0.3, 0, 0.3, 1, 2, 3};
    size_t below[LENGTH(bounds)] = {0};
    struct quant_normal_source source = {.state = 5};
    double sum = 0;
    double squares = 0;
    double products = 0;
    double before = 0;
    for (int i = 0; i < N; i++) {
        const double x = (double)quant_normal_next(&source);
        sum += x;
        squares += x * x;
        products += x * before;
        before = x;
        for (size_t k = 0; k < LENGTH(bounds); k++)
            below[k] += x < bounds[k];
    }
    assert_true(fabs(sum / N) < 0.005);
    assert_true(fabs(squares / N - 1) < 0.007);
    assert_true(fabs(products / N) < 0.005);
    for (size_t k = 0; k < LENGTH(bounds); k++)
        assert_true(fabs((double)below[k] / N - 0.5 * erfc(-bounds[k] / sqrt(2))) < 0.0025);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_numbers),
        cmocka_unit_test(test_distribution),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
