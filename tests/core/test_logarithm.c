/* SPDX-License-Identifier: MIT */
/* The logarithm, against that of the C library. */
#include "core/logarithm.h"

#include <math.h>

#include "../support/random.h"
#include "../support/unit.h"

static void check_logarithm(double x)
{
    const double expected = log(x);
    const double found = quant_logarithm(x);
    const double allowed = 0x1p-51 * fmax(fabs(expected), 0.7);
    if (!(fabs(found - expected) <= allowed))
        fail_msg("the logarithm of %a is %a, not %a", x, found, expected);
}

static void test_logarithm(void **state)
{
    (void)state;
    static const double hard[] = {1,         0.5,      2,        0x1p-1022, 0x1p1023,
                                  0.7071067, 0.707107, 1.414213, 1.414214,  1 - 0x1p-53};
    struct random random = random_begin();
    for (size_t i = 0; i < LENGTH(hard); i++)
        check_logarithm(hard[i]);
    for (int i = 0; i < 100000; i++)
        check_logarithm(ldexp(random_unit(&random) + 0x1p-60, (int)random_below(&random, 90) - 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_logarithm)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
