/* SPDX-License-Identifier: MIT */
/* Percentiles by counting are those of the sorted elements. */
#include <float.h>
#include <math.h>

#include "../support/random.h"
#include "../support/unit.h"
#include "methods/order_statistics.h"

static const double percents[] = {0.1, 1, 50, 99, 99.9, 0, 100};

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void find(struct quant_order_statistics *order, const float *x, size_t n, size_t nfinite)
{
    static uint64_t bins[QUANT_KEY_BINS];
    static uint64_t digits[QUANT_ORDER_COUNTS];
    memset(bins, 0, sizeof bins);
    quant_order_place(order, nfinite, percents, LENGTH(percents));
    quant_keys_count(x, n, bins);
    quant_order_settle_bins(order, bins);
    while (order->unknown > 0) {
        memset(digits, 0, sizeof digits);
        quant_order_count_digits(order, x, n / 2, digits); /* in two parts */
        quant_order_count_digits(order, x + n / 2, n - n / 2, digits);
        quant_order_settle_digits(order, digits);
    }
}

/* By sorting; x loses what is not finite. */
static void check(float *x, size_t n)
{
    static struct quant_order_statistics order;
    size_t nfinite = 0;
    for (size_t i = 0; i < n; i++)
        nfinite += isfinite(x[i]) != 0;
    find(&order, x, n, nfinite);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            x[kept++] = x[i];
    qsort(x, kept, sizeof *x, compare_floats);
    for (size_t i = 0; i < LENGTH(percents); i++) {
        const struct quant_quantile quantile = quant_quantile_place(kept, percents[i]);
        const double expected = quant_quantile_value(&quantile, (double)x[quantile.rank[0]],
                                                     (double)x[quantile.rank[1]]);
        assert_true(quant_order_value(&order, i) == expected);
    }
}

static void test_random(void **state)
{
    (void)state;
    enum { N = 40000 };
    static float x[N];
    static const size_t lengths[] = {1, 2, 3, 31, 32, 33, 1000, N};
    struct random random = random_begin();
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        const size_t n = lengths[i];
        for (int kind = 0; kind < 4; kind++) {
            for (size_t k = 0; k < n; k++) {
                const double unit = random_unit(&random);
                const uint32_t bits = (uint32_t)random_64(&random);
                if (kind == 0)
                    x[k] = (float)(unit - 0.5); /* around 0 */
                else if (kind == 1)
                    x[k] = (float)(1 + unit / 1000); /* all in some bins */
                else if (kind == 2)
                    x[k] = unit < 0.9 ? 0 : -1; /* two values */
                else
                    memcpy(&x[k], &bits, sizeof bits); /* anything, NaN too */
            }
            x[0] = 1;
            check(x, n);
        }
    }
}

static void test_extremes(void **state)
{
    (void)state;
    float x[] = {FLT_MAX, -FLT_MAX, 0x1p-149F, -0x1p-149F, -0.0F, 0, INFINITY, -INFINITY, NAN};
    check(x, LENGTH(x));
}

static void test_sorted(void **state)
{
    (void)state;
    static struct quant_order_statistics order;
    const uint32_t keys[] = {quant_key(-3), quant_key(-1), quant_key(0), quant_key(5)};
    const double middle = 50;
    quant_order_place(&order, LENGTH(keys), &middle, 1);
    quant_order_settle_sorted(&order, keys);
    assert_true(quant_order_value(&order, 0) == -0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_sorted),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
