/* SPDX-License-Identifier: MIT */
/* The squared error of a mapping is that of the report, to the bit, and a limit ends it early. */
#include "methods/mse_measure.h"

#include <math.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "calibrate.h"

enum { N = 3 * QUANT_MEASURE_BLOCK + 1234 };

static const struct quant_params mappings[] = {
    {.dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 0.01F},
    {.dtype = QUANT_UINT4, .qmin = 0, .qmax = 15, .scale = 0.1F, .zero_point = 7},
    {.dtype = QUANT_INT4, .qmin = -7, .qmax = 7, .scale = 0.1F},
};

static void fill(struct random *random, float *x)
{
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(4 * random_unit(random) - 2);
}

static void test_report(void **state)
{
    (void)state;
    static float x[N];
    static const size_t lengths[] = {0, 1, 17, 4096, 4097, N};
    struct random random = random_begin();
    fill(&random, x);
    for (size_t i = 0; i < LENGTH(mappings); i++)
        for (size_t k = 0; k < LENGTH(lengths); k++) {
            const double found =
                quant_mse_measure_all(&mappings[i], x, lengths[k], true, (double)INFINITY);
            assert_true(found == squared_error(&mappings[i], x, lengths[k]));
            if (lengths[k] <= QUANT_MEASURE_BLOCK)
                assert_true(found ==
                            quant_mse_measure(&mappings[i], x, lengths[k], true, (double)INFINITY));
        }
}

static void test_nonfinite(void **state)
{
    (void)state;
    static float x[N];
    struct random random = random_begin();
    fill(&random, x);
    x[3] = (float)NAN;
    x[5000] = INFINITY;
    x[N - 1] = -INFINITY;
    for (size_t i = 0; i < LENGTH(mappings); i++)
        assert_true(quant_mse_measure_all(&mappings[i], x, N, false, (double)INFINITY) ==
                    squared_error(&mappings[i], x, N));
}

/* At or below the limit the error is the same; well below the error, the limit is enough. */
static void test_limit(void **state)
{
    (void)state;
    static float x[N];
    struct random random = random_begin();
    fill(&random, x);
    for (size_t i = 0; i < LENGTH(mappings); i++) {
        const double error = quant_mse_measure_all(&mappings[i], x, N, true, (double)INFINITY);
        assert_true(quant_mse_measure_all(&mappings[i], x, N, true, error) == error);
        assert_true(quant_mse_measure_all(&mappings[i], x, N, true, 2 * error) == error);
        assert_true(isinf(quant_mse_measure_all(&mappings[i], x, N, true, error / 2)));
        assert_true(isinf(quant_mse_measure_all(&mappings[i], x, N, true, 0)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_nonfinite),
        cmocka_unit_test(test_limit),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
