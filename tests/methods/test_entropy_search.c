/* SPDX-License-Identifier: MIT */
/* The search, which skips most widths, against one that computes the divergence of all of them in
 * the same order of additions. Both find the same width, whatever the histogram. */
#include "methods/entropy_search.h"

#include <math.h>
#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"
#include "core/logarithm.h"

enum { BINS = QUANT_ENTROPY_BINS, ALL = QUANT_ENTROPY_ALL };

static double information_of(double count)
{
    return count > 0 ? count * quant_logarithm(count) : 0;
}

struct sums {
    double elements[ALL + 1];
    double filled[ALL + 1];
    double information[ALL + 1];
    double logarithms[ALL + 1];
};

static double log_of(const struct sums *sums, double count)
{
    return count <= ALL ? sums->logarithms[(size_t)count] : quant_logarithm(count);
}

static double divergence(const struct sums *sums, size_t first, size_t last, size_t levels,
                         double below, double above)
{
    const double in_first = sums->elements[first + 1] - sums->elements[first];
    const double in_last = sums->elements[last] - sums->elements[last - 1];
    const double inside = sums->elements[last] - sums->elements[first];
    const double n = inside + below + above;
    const double kept = inside - (below > 0 ? in_first : 0) - (above > 0 ? in_last : 0);
    if (kept == 0 && inside < n)
        return (double)INFINITY;
    double sum = sums->information[last] - sums->information[first];
    sum += information_of(in_first + below) - information_of(in_first);
    sum += information_of(in_last + above) - information_of(in_last);
    for (size_t group = 0; group < levels; group++) {
        const size_t from = first + group * (last - first) / levels;
        const size_t to = first + (group + 1) * (last - first) / levels;
        const double elements = sums->elements[to] - sums->elements[from];
        double filled = sums->filled[to] - sums->filled[from];
        double clipped = 0;
        if (from == first && below > 0) {
            filled += in_first == 0;
            clipped += below;
        }
        if (to == last && above > 0) {
            filled += in_last == 0;
            clipped += above;
        }
        if (elements + clipped == 0)
            continue;
        if (elements == 0)
            return (double)INFINITY;
        sum -= (elements + clipped) * (log_of(sums, elements) - log_of(sums, filled));
    }
    return (sum + n * quant_logarithm(inside / n)) / n;
}

/* The integral of the squared distance from the nearest multiple of step, from 0 to x. */
static double integral(double x, double step)
{
    const double rest = x / step - rint(x / step);
    return step * step * step * (rint(x / step) / 12 + rest * rest * rest / 3);
}

/* The squared error of the width; INFINITY if it has no range. */
static double squared_error(const uint64_t *counts, size_t width, bool symmetric,
                            const struct quant_entropy_mapping *mapping)
{
    const double i = (double)width;
    const double lo = -i > mapping->min ? -i : mapping->min;
    const double hi = i < mapping->max ? i : mapping->max;
    const double step = (hi - lo) / mapping->steps;
    double sum = 0;
    if (step <= 0)
        return (double)INFINITY;
    for (size_t k = 0; k < BINS; k++) {
        const double count =
            (double)counts[BINS + k] + (symmetric ? 0 : (double)counts[BINS - 1 - k]);
        const double at = (double)k;
        if (k < width)
            sum += count * (integral(at + 1, step) - integral(at, step));
        else
            sum += count * ((at + 0.5 - i) * (at + 0.5 - i) + 1.0 / 12);
    }
    return sum;
}

static size_t search_all(const uint64_t *counts, size_t integers, bool symmetric,
                         const struct quant_entropy_mapping *mapping)
{
    static struct sums sums;
    for (size_t i = 0; i < ALL; i++) {
        const double count = (double)counts[i];
        sums.logarithms[i + 1] = quant_logarithm((double)i + 1);
        sums.elements[i + 1] = sums.elements[i] + count;
        sums.filled[i + 1] = sums.filled[i] + (count > 0);
        sums.information[i + 1] = sums.information[i] + information_of(count);
    }
    const size_t half = (integers + 1) / 2;
    size_t best = half > BINS ? 0 : BINS;
    double min = (double)INFINITY;
    const double most = squared_error(counts, BINS, symmetric, mapping) * (1 + 1e-9);
    for (size_t i = BINS; i >= half && i > 0; i--) {
        const size_t first = symmetric ? BINS : BINS - i;
        const size_t last = BINS + i;
        const double below = (double)counts[ALL] + sums.elements[first];
        const double above = (double)counts[ALL + 1] + sums.elements[ALL] - sums.elements[last];
        const double found =
            divergence(&sums, first, last, symmetric ? half : integers, below, above);
        if (found < min - 1e-12 &&
            (i == BINS || squared_error(counts, i, symmetric, mapping) <= most)) {
            min = found;
            best = i;
        }
    }
    return best;
}

/* n elements around zero: the sum of some uniform numbers to some power, on a grid or not. In some
 * histograms every bin has several hundred more. */
static void make_counts(struct random *random, size_t n, bool symmetric, uint64_t *counts)
{
    const int power = 1 + (int)random_below(random, 4);
    const bool is_coarse = random_below(random, 4) == 0;
    const bool reaches = random_below(random, 2);
    memset(counts, 0, QUANT_ENTROPY_COUNTS * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        const double sum = random_unit(random) + random_unit(random) + random_unit(random) - 1.5;
        double place = BINS * fabs(pow(sum / 1.4, power));
        if (is_coarse)
            place = floor(place / 64) * 64;
        const bool left = sum < 0 && !symmetric;
        const size_t bin = place < BINS ? (size_t)place : BINS - 1;
        counts[left ? BINS - 1 - bin : BINS + bin] += random_below(random, 50) == 0 ? 3 : 1;
    }
    if (reaches) /* the largest magnitude, if it is the limit */
        counts[ALL - 1]++;
    else
        counts[ALL + random_below(random, 2) * !symmetric + symmetric] += random_below(random, 4);
}

/* As if elements filled the bins up to the end, on one side or the other. */
static struct quant_entropy_mapping make_mapping(struct random *random, size_t integers,
                                                 bool symmetric)
{
    if (symmetric)
        return (struct quant_entropy_mapping){.steps = floor((double)integers / 2), .max = BINS};
    struct quant_entropy_mapping mapping = {
        .steps = (double)integers - 1, .min = -BINS, .max = BINS};
    if (random_below(random, 2))
        mapping.min = -BINS * random_unit(random);
    else
        mapping.max = BINS * random_unit(random);
    return mapping;
}

static void check(struct quant_entropy_search *search, struct random *random, size_t n)
{
    static const size_t targets[] = {255, 256, 15, 16, 2, 3, 100, 4096, 65536};
    static uint64_t counts[QUANT_ENTROPY_COUNTS];
    const bool symmetric = random_below(random, 2);
    const size_t integers = targets[random_below(random, LENGTH(targets))];
    make_counts(random, n, symmetric, counts);
    const struct quant_entropy_mapping mapping = make_mapping(random, integers, symmetric);
    const size_t found = quant_entropy_search(search, counts, integers, symmetric, &mapping);
    const size_t expected = search_all(counts, integers, symmetric, &mapping);
    if (found != expected)
        fail_msg("%zu elements, %zu integers, symmetric %d: %zu, expected %zu", n, integers,
                 (int)symmetric, found, expected);
}

#if defined(__OPTIMIZE__)
enum { COUNT = 150 };
#else
enum { COUNT = 20 };
#endif

static void test_widths(void **state)
{
    static struct quant_entropy_search search; /* the same for all */
    struct random random = random_begin();
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        check(&search, &random, 1 + random_below(&random, 10));
        check(&search, &random, 1 + random_below(&random, 300));
        check(&search, &random, 1 + random_below(&random, 20000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_widths)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
