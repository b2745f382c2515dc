/* SPDX-License-Identifier: MIT */
/* The squared error of clipped histograms, against the integral over each bin in small pieces. */
#include "methods/entropy_error.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"

enum { BINS = QUANT_ENTROPY_BINS, PIECES = 400 };

static double error_of_bin(size_t bin, size_t width, double step)
{
    double sum = 0;
    for (int k = 0; k < PIECES; k++) {
        const double at = (double)bin + (k + 0.5) / PIECES;
        const double error = bin < width ? at - step * rint(at / step) : at - (double)width;
        sum += error * error;
    }
    return sum / PIECES;
}

static void check_widths(const uint64_t *above, const uint64_t *below,
                         const struct quant_entropy_mapping *mapping)
{
    static struct quant_entropy_error error;
    double before = 0;
    quant_entropy_error_init(&error, above, below);
    for (size_t width = BINS; width > 0; width--) {
        double clipped = 0;
        double inside = 0;
        double nclipped = 0;
        const double step = quant_entropy_step(mapping, width);
        if (width < BINS) {
            const double found = quant_entropy_error_narrow(&error);
            assert_true(found >= before);
            before = found;
        }
        assert_int_equal(error.width, width);
        if (width % 317 != 1 && width != BINS)
            continue;
        for (size_t i = 0; i < BINS; i++) {
            const double count = (double)(above[i] + (below ? below[BINS - 1 - i] : 0));
            if (count == 0)
                continue;
            *(i < width ? &inside : &clipped) += count * error_of_bin(i, width, step);
            nclipped += i < width ? 0 : count;
        }
        /* The middles of pieces are wrong by 1 / 12 of the square of their length. */
        assert_true(fabs(before - clipped) <= 1e-6 * nclipped + 1e-12 * clipped);
        assert_true(fabs(quant_entropy_error_total(&error, mapping) - (inside + clipped)) <=
                    1e-3 * (inside + clipped));
    }
}

static void test_widths(void **state)
{
    (void)state;
    static uint64_t counts[2 * BINS];
    struct random random = random_begin();
    for (int i = 0; i < 4; i++) {
        const struct quant_entropy_mapping mapping = {
            .steps = i % 2 ? 255 : 127, .min = i % 2 ? -BINS : 0, .max = BINS};
        memset(counts, 0, sizeof counts);
        for (size_t k = 0; k < 300; k++)
            counts[random_below(&random, 2 * BINS)] += 1 + random_below(&random, 50);
        check_widths(counts + BINS, i % 2 ? counts : NULL, &mapping);
    }
}

/* The range of a width is its part between min and max. */
static void test_step(void **state)
{
    (void)state;
    const struct quant_entropy_mapping mapping = {.steps = 10, .min = -5, .max = 100};
    assert_true(quant_entropy_step(&mapping, 3) == 0.6);
    assert_true(quant_entropy_step(&mapping, 20) == 2.5);
    assert_true(quant_entropy_step(&mapping, 200) == 10.5);
    static const uint64_t counts[BINS] = {[7] = 1};
    static struct quant_entropy_error error;
    const struct quant_entropy_mapping empty = {.steps = 10, .min = 2000, .max = 3000};
    quant_entropy_error_init(&error, counts, NULL);
    while (error.width > 1000)
        quant_entropy_error_narrow(&error);
    assert_true(quant_entropy_step(&empty, 1000) <= 0);
    assert_true(isinf(quant_entropy_error_total(&error, &empty)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_step),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
