/* SPDX-License-Identifier: MIT */
/* A report that is measured in parts is that of one call, bit for bit. */
#include "core/measure.h"

#include "../support/random.h"
#include "reports.h"

enum { MOST = 3 * QUANT_PART_MAX / 8 };

static float x[MOST];
static unsigned char q[MOST];

static void measure_parts(struct quant_measure *whole, size_t n, size_t size)
{
    struct quant_measure_part *part = calloc(1, sizeof *part);
    assert_non_null(part);
    for (size_t i = 0; i < n; i += size) {
        const size_t count = n - i < size ? n - i : size;
        quant_measure_part_take(part, whole, x + i, q + i, count);
        quant_measure_join(whole, part);
    }
    free(part);
}

static void check_parts(const struct quant_params *params, size_t n, size_t size)
{
    struct quant_measure *whole = malloc(sizeof *whole);
    assert_non_null(whole);
    const struct quant_report expected = report_on(params, x, q, n);
    struct quant_report found;
    memset(&found, 0x5A, sizeof found);
    quant_measure_init(whole, params);
    measure_parts(whole, n, size);
    quant_measure_report(whole, QUANT_FLOAT32, 1, &found);
    if (memcmp(&found, &expected, sizeof found) != 0)
        fail_msg("n %zu in parts of %zu: mse %a, expected %a", n, size, found.mse, expected.mse);
    free(whole);
}

static void test_parts(void **state)
{
    (void)state;
    struct random random = random_begin();
    const struct quant_params params = {
        .dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 0.01F, .zero_point = -3};
    for (size_t i = 0; i < MOST; i++)
        x[i] = (float)((random_unit(&random) - 0.5) * 3);
    x[70000] = x[5] = (float)NAN;
    x[20000] = 1e9F;
    quant_quantize(&params, x, MOST, q);
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 65536, MOST - 1, MOST};
    for (size_t i = 0; i < LENGTH(lengths); i++)
        for (size_t blocks = 1; blocks <= QUANT_PART_BLOCKS; blocks *= 2)
            check_parts(&params, lengths[i], blocks * QUANT_MEASURE_BLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
