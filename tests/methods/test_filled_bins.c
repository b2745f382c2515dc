/* SPDX-License-Identifier: MIT */
/* Sorted keys and counters of the same elements show the same bins. */
#include "methods/filled_bins.h"

#include <stdlib.h>
#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"

enum { SHIFT = 3, BINS = 32, KEYS = BINS << SHIFT, MAX_LENGTH = 200 };

struct elements {
    size_t n;
    uint32_t keys[MAX_LENGTH]; /* sorted */
    uint64_t counts[BINS];
    uint64_t lowers[BINS];
};

static int compare_keys(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* n elements in the bins first to end - 1. */
static struct elements make_elements(struct random *random, size_t n, uint32_t first, uint32_t end)
{
    struct elements elements = {.n = n};
    for (size_t i = 0; i < n; i++) {
        const uint32_t bin = first + random_below(random, end - first);
        const uint32_t lower = random_below(random, 1 << SHIFT);
        elements.keys[i] = bin << SHIFT | lower;
        elements.counts[bin]++;
        elements.lowers[bin] += lower;
    }
    qsort(elements.keys, n, sizeof elements.keys[0], compare_keys);
    return elements;
}

static void check_bin(const struct quant_bin *bin, uint32_t number, uint64_t count, uint64_t lower)
{
    assert_int_equal(bin->number, number);
    assert_int_equal(bin->count, count);
    assert_int_equal(bin->lower, lower);
}

/* From both ends at random: each filled bin comes once, and then no other. */
static void check_order(const struct elements *elements, struct quant_filled_bins bins,
                        uint32_t first, uint32_t end, bool has_lowers, struct random *random)
{
    struct quant_bin bin;
    assert_int_equal(quant_bins_total(&bins), elements->n);
    for (;;) {
        while (first < end && elements->counts[first] == 0)
            first++;
        while (first < end && elements->counts[end - 1] == 0)
            end--;
        if (first == end)
            break;
        const bool is_next = random_below(random, 2) > 0;
        const uint32_t number = is_next ? first++ : --end;
        assert_true(is_next ? quant_bins_next(&bins, &bin) : quant_bins_last(&bins, &bin));
        check_bin(&bin, number, elements->counts[number],
                  has_lowers ? elements->lowers[number] : 0);
    }
    assert_false(quant_bins_next(&bins, &bin));
    assert_false(quant_bins_last(&bins, &bin));
    assert_int_equal(quant_bins_total(&bins), 0);
}

static void check_ranks(const struct elements *elements, const struct quant_filled_bins *bins)
{
    uint64_t before = 0;
    for (uint64_t i = 0; i < elements->n; i++) {
        const uint32_t number = elements->keys[i] >> SHIFT;
        uint64_t rank = i;
        before = i > 0 && elements->keys[i - 1] >> SHIFT == number ? before + 1 : 0;
        assert_int_equal(quant_bins_at_rank(bins, &rank), number);
        assert_int_equal(rank, before);
    }
}

static void test_both(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (int i = 0; i < 2000; i++) {
        const uint32_t first = random_below(&random, BINS);
        const uint32_t end = first + 1 + random_below(&random, BINS - first);
        const size_t n = random_below(&random, i % 2 ? 5 : MAX_LENGTH + 1);
        const struct elements elements = make_elements(&random, n, first, end);
        const struct quant_filled_bins bins[] = {
            quant_bins_of_counts(elements.counts, elements.lowers, first, end),
            quant_bins_of_keys(elements.keys, n, SHIFT),
            quant_bins_of_counts(elements.counts, NULL, first, end),
        };
        for (size_t k = 0; k < LENGTH(bins); k++) {
            check_order(&elements, bins[k], first, end, k < 2, &random);
            check_ranks(&elements, &bins[k]);
        }
    }
}

/* Without lower bits each key is a bin. */
static void test_whole_keys(void **state)
{
    (void)state;
    const uint32_t keys[] = {0, 7, 7, UINT32_MAX};
    struct quant_filled_bins bins = quant_bins_of_keys(keys, LENGTH(keys), 0);
    struct quant_bin bin;
    uint64_t rank = 2;
    assert_int_equal(quant_bins_at_rank(&bins, &rank), 7);
    assert_int_equal(rank, 1);
    assert_true(quant_bins_next(&bins, &bin));
    check_bin(&bin, 0, 1, 0);
    assert_true(quant_bins_next(&bins, &bin));
    check_bin(&bin, 7, 2, 0);
    assert_true(quant_bins_next(&bins, &bin));
    check_bin(&bin, UINT32_MAX, 1, 0);
    assert_false(quant_bins_next(&bins, &bin));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_whole_keys),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
