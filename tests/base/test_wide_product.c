/* SPDX-License-Identifier: MIT */
/* Both ways to a product, against known ones and against each other. */
#include "base/wide_product.h"

#include "support/unit.h"

static void known_products(void **state)
{
    (void)state;
    static const struct {
        uint64_t a;
        uint64_t b;
        struct quant_wide_product product;
    } known[] = {
        {0, UINT64_MAX, {0, 0}},
        {UINT64_MAX, UINT64_MAX, {UINT64_MAX - 1, 1}},
        {UINT64_MAX, 2, {1, UINT64_MAX - 1}},
        {UINT64_C(1) << 32, UINT64_C(1) << 32, {1, 0}},
        {UINT32_MAX, UINT32_MAX, {0, UINT64_C(0xfffffffe00000001)}},
        {UINT64_C(0x123456789abcdef0),
         UINT64_C(0xfedcba9876543210),
         {UINT64_C(0x121fa00ad77d7422), UINT64_C(0x236d88fe5618cf00)}},
    };
    for (size_t i = 0; i < LENGTH(known); i++) {
        const struct quant_wide_product halves =
            quant_wide_product_by_halves(known[i].a, known[i].b);
        const struct quant_wide_product product = quant_wide_product(known[i].a, known[i].b);
        assert_int_equal(halves.high, known[i].product.high);
        assert_int_equal(halves.low, known[i].product.low);
        assert_int_equal(product.high, known[i].product.high);
        assert_int_equal(product.low, known[i].product.low);
    }
}

static void random_products(void **state)
{
    (void)state;
    uint64_t a = 1;
    for (int i = 0; i < 100000; i++) {
        a = a * UINT64_C(6364136223846793005) + 1442695040888963407;
        const uint64_t b = (a ^ a >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> i % 64;
        const struct quant_wide_product halves = quant_wide_product_by_halves(a, b);
        const struct quant_wide_product product = quant_wide_product(a, b);
        assert_int_equal(halves.high, product.high);
        assert_int_equal(halves.low, product.low);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_products),
        cmocka_unit_test(random_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
