/* SPDX-License-Identifier: MIT */
/* Checked arithmetic, and integers of a given byte order in unaligned memory. */
#include "../support/unit.h"
#include "base/checked.h"
#include "base/endian.h"

struct arithmetic {
    uint64_t a;
    uint64_t b;
    bool adds;
    bool multiplies;
};

static const struct arithmetic cases[] = {
    {0, 0, true, true},
    {0, UINT64_MAX, true, true},
    {1, UINT64_MAX, false, true},
    {2, UINT64_MAX, false, false},
    {UINT64_MAX, UINT64_MAX, false, false},
    {UINT64_C(1) << 63, UINT64_C(1) << 63, false, false},
    {UINT64_C(1) << 32, UINT64_C(1) << 32, true, false},
    {UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, true, true},
    {3, UINT64_C(0x5555555555555555), true, true},
    {3, UINT64_C(0x5555555555555556), true, false},
    {UINT64_MAX - 5, 5, true, false},
    {UINT64_MAX - 5, 6, false, false},
};

static void test_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * LENGTH(cases); i++) {
        const struct arithmetic *c = &cases[i / 2];
        const uint64_t a = i % 2 ? c->a : c->b;
        const uint64_t b = i % 2 ? c->b : c->a;
        uint64_t result = 0;
        assert_true(quant_checked_add(a, b, &result) == c->adds);
        if (c->adds)
            assert_true(result == a + b);
        assert_true(quant_checked_mul(a, b, &result) == c->multiplies);
        if (c->multiplies)
            assert_true(result == a * b);
    }
}

/* At every address of a word, in both orders. */
static void test_load(void **state)
{
    (void)state;
    unsigned char bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(0xF0 - 0x11 * i + i / 8);
    for (size_t at = 0; at < 8; at++) {
        uint64_t little = 0;
        uint64_t big = 0;
        for (size_t k = 0; k < 8; k++) {
            little |= (uint64_t)bytes[at + k] << (8 * k);
            big = big << 8 | bytes[at + k];
        }
        assert_int_equal(quant_load_16(bytes + at, false), little & 0xFFFF);
        assert_int_equal(quant_load_16(bytes + at, true), big >> 48);
        assert_int_equal(quant_load_32(bytes + at, false), little & 0xFFFFFFFF);
        assert_int_equal(quant_load_32(bytes + at, true), big >> 32);
        assert_true(quant_load_64(bytes + at, false) == little);
        assert_true(quant_load_64(bytes + at, true) == big);
    }
}

static void test_store(void **state)
{
    (void)state;
    for (size_t at = 0; at < 4; at++) {
        unsigned char bytes[8];
        memset(bytes, 0xA5, sizeof bytes);
        quant_store_16_little(bytes + at, 0x1234);
        assert_int_equal(bytes[at], 0x34);
        assert_int_equal(bytes[at + 1], 0x12);
        assert_int_equal(bytes[at + 2], 0xA5);
        quant_store_32_little(bytes + at, 0x89ABCDEF);
        const unsigned char expected[] = {0xEF, 0xCD, 0xAB, 0x89};
        assert_memory_equal(bytes + at, expected, sizeof expected);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_true(bytes[i] == 0xA5 || (i >= at && i < at + 4));
    }
}

static void test_host(void **state)
{
    (void)state;
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    assert_true(quant_host_is_big() == (first == 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checked),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
