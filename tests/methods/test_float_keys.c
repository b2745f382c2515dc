/* SPDX-License-Identifier: MIT */
/* Keys are in the order of the floats, and sorting them. */
#include "methods/float_keys.h"

#include <stdlib.h>

#include "../support/floats.h"
#include "../support/unit.h"

static void test_keys(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (int i = 0; i < 100000; i++) {
        const float a = float_of((uint32_t)random_64(&random));
        const float b =
            i % 2 ? float_of((uint32_t)random_64(&random)) : random_nudge(&random, a, 3);
        assert_true(same_bits(quant_key_value(quant_key(a)), a));
        const uint32_t bin = quant_key(a) >> 16;
        assert_true(isfinite(a) == (bin >= QUANT_KEY_FIRST && bin <= QUANT_KEY_LAST));
        if (a < b)
            assert_true(quant_key(a) < quant_key(b));
        assert_int_equal(quant_key(-a), ~quant_key(a));
    }
    assert_true(quant_key(-0.0F) + 1 == quant_key(0) && quant_key(0) >> 16 == QUANT_KEY_ZERO);
}

static void test_counts(void **state)
{
    (void)state;
    static uint64_t counts[QUANT_KEY_BINS];
    static uint64_t magnitudes[QUANT_KEY_BINS];
    const float x[] = {1, -1, 0x1.02p0F, -0.0F, 0, (float)NAN, INFINITY};
    quant_keys_count(x, LENGTH(x), counts);
    quant_keys_count_magnitudes(x, LENGTH(x), magnitudes);
    assert_int_equal(counts[quant_key(1) >> 16], 1);
    assert_int_equal(counts[quant_key(-1) >> 16], 1);
    assert_int_equal(counts[quant_key(0x1.02p0F) >> 16], 1);
    assert_int_equal(counts[QUANT_KEY_ZERO], 1);
    assert_int_equal(counts[QUANT_KEY_ZERO - 1], 1);
    assert_int_equal(magnitudes[quant_key(1) >> 16], 2);
    assert_int_equal(magnitudes[QUANT_KEY_ZERO], 2);
    uint64_t finite = 0;
    for (size_t i = QUANT_KEY_FIRST; i <= QUANT_KEY_LAST; i++)
        finite += counts[i];
    assert_int_equal(finite, 5);
}

static int compare_keys(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Lengths on both sides of the one from which bytes are counted; keys that share bytes. */
static void test_sort(void **state)
{
    (void)state;
    enum { MAX_LENGTH = 300 };
    struct random random = random_begin();
    for (size_t n = 0; n <= MAX_LENGTH; n++)
        for (int kind = 0; kind < 3; kind++) {
            uint32_t keys[2 * MAX_LENGTH];
            uint32_t expected[MAX_LENGTH];
            for (size_t i = 0; i < n; i++)
                expected[i] = keys[i] = kind == 0   ? (uint32_t)random_64(&random)
                                        : kind == 1 ? random_below(&random, 4) << 8 | 0x50000
                                                    : 7;
            qsort(expected, n, sizeof expected[0], compare_keys);
            const uint32_t *sorted = quant_keys_sort(keys, n, keys + n);
            assert_true(sorted == keys || sorted == keys + n);
            assert_memory_equal(sorted, expected, n * sizeof expected[0]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sort),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
