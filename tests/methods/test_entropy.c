/* SPDX-License-Identifier: MIT */
/* The threshold with the smallest divergence, against a plain version of the algorithm, histogram
 * by histogram. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"

enum { BINS = 2048 };

/* KL(P || Q) for m bins, of which the outermost also have the elements outside. */
static double divergence(const double *bins, size_t m, size_t levels, double below, double above)
{
    static double p[2 * BINS];
    static double q[2 * BINS];
    double sum_p = 0;
    double sum_q = 0;
    double kept = 0;
    for (size_t i = 0; i < m; i++) {
        kept += (i == 0 && below > 0) || (i == m - 1 && above > 0) ? 0 : bins[i];
        p[i] = bins[i] + (i == 0 ? below : 0) + (i == m - 1 ? above : 0);
        sum_p += p[i];
        sum_q += bins[i];
    }
    if (kept == 0 && below + above > 0)
        return (double)INFINITY;
    for (size_t group = 0; group < levels; group++) {
        double elements = 0;
        double filled = 0;
        for (size_t i = group * m / levels; i < (group + 1) * m / levels; i++) {
            elements += bins[i];
            filled += p[i] > 0;
        }
        for (size_t i = group * m / levels; i < (group + 1) * m / levels; i++)
            q[i] = p[i] > 0 ? elements / filled : 0;
    }
    double sum = 0;
    for (size_t i = 0; i < m; i++) {
        if (p[i] > 0 && q[i] == 0)
            return (double)INFINITY;
        if (p[i] > 0)
            sum += p[i] / sum_p * log(p[i] / sum_p / (q[i] / sum_q));
    }
    return sum;
}

struct ends {
    double min;
    double max;
};

/* The step of int8 or uint8 for a width, in bins. */
static double step_of(enum quant_scheme scheme, const struct ends *ends, double width)
{
    if (scheme == QUANT_ABSMAX)
        return width / 127;
    return (fmin(width, ends->max) - fmax(-width, ends->min)) / 255;
}

/* The mean squared error of elements that are spread evenly from a to b and restored as multiples
 * of step up to width. It is computed at the middles of many pieces. */
static double error_between(double a, double b, double step, double width)
{
    enum { PIECES = 64 };
    double sum = 0;
    for (int k = 0; k < PIECES; k++) {
        const double at = a + (b - a) * (k + 0.5) / PIECES;
        const double error = a < width ? at - step * rint(at / step) : at - width;
        sum += error * error;
    }
    return sum / PIECES;
}

static double mapping_error(enum quant_scheme scheme, const double *bins, const struct ends *ends,
                            size_t width)
{
    const double step = step_of(scheme, ends, (double)width);
    double sum = 0;
    for (size_t k = 0; k < BINS; k++)
        if (bins[BINS + k] + bins[BINS - 1 - k] > 0)
            sum += (bins[BINS + k] + bins[BINS - 1 - k]) *
                   error_between((double)k, (double)k + 1, step, (double)width);
    return sum;
}

/* The number of bins with the smallest divergence, where T is the largest magnitude. */
static size_t search(enum quant_scheme scheme, const float *x, size_t n, double limit)
{
    static double bins[2 * BINS];
    struct ends ends = {INFINITY, -INFINITY};
    memset(bins, 0, sizeof bins);
    for (size_t i = 0; i < n; i++) {
        ends.min = fmin(ends.min, (double)x[i] / (limit / BINS));
        ends.max = fmax(ends.max, (double)x[i] / (limit / BINS));
    }
    for (size_t i = 0; i < n; i++) {
        const double place = fabs((double)x[i]) / (limit / BINS);
        const size_t bin = place < BINS ? (size_t)place : BINS - 1;
        if (place > step_of(scheme, &ends, BINS) / 2)
            bins[x[i] < 0 && scheme == QUANT_ZERO_POINT ? BINS - 1 - bin : BINS + bin]++;
    }
    size_t best = BINS;
    double min = (double)INFINITY;
    const double max = mapping_error(scheme, bins, &ends, BINS) * (1 + 1e-9);
    for (size_t i = BINS; i >= 128; i--) {
        double below = 0;
        double above = 0;
        for (size_t k = i; k < BINS; k++) {
            below += bins[BINS - 1 - k];
            above += bins[BINS + k];
        }
        const double found = scheme == QUANT_ABSMAX
                                 ? divergence(bins + BINS, i, 128, 0, above)
                                 : divergence(bins + BINS - i, 2 * i, 256, below, above);
        if (found < min - 1e-12 && mapping_error(scheme, bins, &ends, i) <= max) {
            min = found;
            best = i;
        }
    }
    return best;
}

/* Elements without an outlier. uint8 has 255 integers for absmax, otherwise 256: half of both is
 * 128. */
static void check(const float *x, size_t n)
{
    double absmax = 0;
    for (size_t i = 0; i < n; i++)
        absmax = fmax(absmax, fabs((double)x[i]));
    for (int scheme = 0; scheme < 2; scheme++) {
        const size_t width = search((enum quant_scheme)scheme, x, n, absmax);
        const double expected = (double)width * (absmax / BINS);
        const struct quant_choice choice = calibrate("entropy", (enum quant_scheme)scheme, x, n);
        const double found = fmax(fabs(choice.range[0]), fabs(choice.range[1]));
        if (fabs(found - expected) > 1e-12 * absmax)
            fail_msg("scheme %d, %zu elements: %g bins, expected %zu", scheme, n,
                     found / (absmax / BINS), width);
    }
}

static void test_algorithm(void **state)
{
    (void)state;
    enum { N = 50000 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++) { /* the sum of many: nearly normal */
        double sum = 0;
        for (int k = 0; k < 12; k++)
            sum += random_unit(&random) - 0.5;
        x[i] = (float)sum;
    }
    check(x, N);
    check(x, 1000);
    check(x, 5);
    for (size_t i = 0; i < N; i++)
        x[i] = x[i] * x[i] * x[i];
    check(x, N);
    for (size_t i = 0; i < N; i++) /* as after a ReLU */
        x[i] = x[i] > 0 ? x[i] : 0;
    check(x, N);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(random_unit(&random) - 0.5);
    check(x, N);
    for (size_t i = 0; i < N; i++) /* a coarse grid: nothing has to be lost */
        x[i] = (float)random_below(&random, 17) - 3;
    check(x, N);
}

/* ---- What it costs ---- */

static double error_of(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_choice choice;
    assert_int_equal(quant_calibrate(spec, x, n, &choice, NULL), QUANT_OK);
    return squared_error(&choice.params, x, n);
}

static float laplace(struct random *random)
{
    const double u = random_unit(random) - 0.5;
    return (float)(0.02 * (u < 0 ? -1 : 1) * log(1 - 2 * fabs(u)));
}

static float normal(struct random *random)
{
    double sum = 0;
    for (int k = 0; k < 12; k++)
        sum += random_unit(random) - 0.5;
    return (float)sum;
}

static float gelu(float x)
{
    return (float)((double)x * 0.5 * (1 + erf((double)x / sqrt(2))));
}

/* Elements that minmax maps to zero do not move the threshold, whatever they are and however many:
 * it is that for as many zeros. */
static void test_noise(void **state)
{
    (void)state;
    enum { N = 60000 };
    static float zeros[N];
    static float noise[N];
    static const float amounts[] = {1e-30F, 1e-9F, 1e-5F, 1e-4F};
    static const double parts[] = {0.01, 0.3, 0.9, 0.99};
    struct random random = random_begin();
    for (size_t part = 0; part < LENGTH(parts); part++) {
        for (size_t i = 0; i < N; i++)
            zeros[i] = random_unit(&random) < parts[part] ? 0 : laplace(&random);
        for (size_t amount = 0; amount < LENGTH(amounts); amount++) {
            for (size_t i = 0; i < N; i++)
                noise[i] = zeros[i] != 0 ? zeros[i]
                                         : amounts[amount] * (float)(2 * random_unit(&random) - 1);
            for (int scheme = 0; scheme < 2; scheme++) {
                const struct quant_choice expected =
                    calibrate("entropy", (enum quant_scheme)scheme, zeros, N);
                const struct quant_choice found =
                    calibrate("entropy", (enum quant_scheme)scheme, noise, N);
                if (memcmp(found.range, expected.range, sizeof found.range) != 0)
                    fail_msg("scheme %d, %g of it %g: up to %g, expected %g", scheme, parts[part],
                             (double)amounts[amount], found.range[1], expected.range[1]);
            }
        }
    }
}

/* Never worse than minmax, except for what a histogram does not show. */
static void check_error(const char *name, const float *x, size_t n, double most)
{
    for (int scheme = 0; scheme < 2; scheme++)
        for (int bits = 0; bits < 2; bits++) {
            struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                      .dtype = bits ? QUANT_INT4 : QUANT_INT8};
            const double minmax = error_of(&spec, x, n);
            spec.calibration = "entropy";
            const double entropy = error_of(&spec, x, n);
            if (!(entropy <= most * minmax))
                fail_msg("%s, %zu elements, scheme %d, %s: %g times the error of minmax", name, n,
                         scheme, bits ? "int4" : "int8", entropy / minmax);
        }
}

static void test_error(void **state)
{
    (void)state;
    enum { N = 50000, ROW = 500 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++)
        x[i] = gelu(2 * normal(&random));
    check_error("gelu", x, N, 1.01);
    check_error("gelu", x, 700, 1.02);
    for (size_t i = 0; i < N; i++)
        x[i] = laplace(&random);
    check_error("laplace", x, N, 1.01);
    check_error("bias", x, 300, 1.02);
    for (size_t i = 0; i < N; i++) /* few elements matter, and far beyond the rest */
        x[i] = i % ROW == 7 ? 0.5F + (float)random_unit(&random) / 2
                            : (float)exp(-9 - 6 * random_unit(&random));
    check_error("softmax", x, N, 1.01);
    for (size_t i = 0; i < N; i++)
        x[i] = normal(&random) * (i % 1000 == 0 ? 30 : 1);
    check_error("outliers", x, N, 1.01);
    for (size_t i = 0; i < N; i++)
        x[i] = fmaxf(normal(&random), 0);
    check_error("relu", x, N, 1.01);
}

/* ---- Cases of their own ---- */

/* Outliers far from the bulk move the threshold by no more than its own bin. */
static void test_outliers(void **state)
{
    (void)state;
    enum { N = 3000 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(random_unit(&random) + random_unit(&random) - 1);
    const float outliers[] = {1e3F, 1e10F, -1e30F, 3e38F};
    for (size_t i = 0; i < LENGTH(outliers); i++)
        for (int scheme = 0; scheme < 2; scheme++) {
            x[N / 2] = outliers[i];
            const struct quant_choice choice =
                calibrate("entropy", (enum quant_scheme)scheme, x, N);
            assert_true(choice.range[0] >= -1.05 && choice.range[0] <= -0.9);
            assert_true(choice.range[1] <= 1.05 && choice.range[1] >= 0.9);
        }
}

/* All elements on one side of zero: the range is the part of the threshold that was observed. */
static void test_one_sided(void **state)
{
    (void)state;
    float x[200];
    for (size_t i = 0; i < LENGTH(x); i++)
        x[i] = (float)i / 100;
    const struct quant_choice choice = calibrate("entropy", QUANT_ZERO_POINT, x, LENGTH(x));
    assert_true(choice.range[0] == 0 && choice.range[1] > 1.5);
}

/* More levels than bins: no width can be compared with another, and nothing is clipped. */
static void test_too_many_levels(void **state)
{
    (void)state;
    enum { N = 4000 };
    static float x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((int)i - 1000) * 0.001F;
    x[7] = 500; /* far beyond the histogram */
    for (int scheme = 0; scheme < 2; scheme++) {
        const struct quant_spec spec = {
            .scheme = (enum quant_scheme)scheme, .dtype = QUANT_INT16, .calibration = "entropy"};
        struct quant_choice choice;
        assert_int_equal(quant_calibrate(&spec, x, N, &choice, NULL), QUANT_OK);
        assert_true(choice.range[1] == 500);
        assert_true(choice.range[0] == (scheme == QUANT_ABSMAX ? -500 : (double)x[0]));
    }
}

/* Few values, all of which are needed: the range must not be one of them, with all others clipped
 * to it. */
static void test_grid(void **state)
{
    (void)state;
    enum { N = 5000 };
    static float x[N];
    struct random random = random_begin();
    for (int max = 3; max <= 40; max++) {
        for (size_t i = 0; i < N; i++)
            x[i] = (float)random_below(&random, 2 * (uint32_t)max) - (float)max;
        for (int scheme = 0; scheme < 2; scheme++) {
            const struct quant_spec spec = {
                .scheme = (enum quant_scheme)scheme, .dtype = QUANT_INT4, .calibration = "entropy"};
            struct quant_choice choice;
            assert_int_equal(quant_calibrate(&spec, x, N, &choice, NULL), QUANT_OK);
            if (!(choice.range[0] <= -0.7 * max && choice.range[1] >= 0.7 * (max - 1)))
                fail_msg("of -%d..%d: %g to %g", max, max - 1, choice.range[0], choice.range[1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_algorithm), cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_one_sided), cmocka_unit_test(test_too_many_levels),
        cmocka_unit_test(test_grid),      cmocka_unit_test(test_noise),
        cmocka_unit_test(test_error),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
