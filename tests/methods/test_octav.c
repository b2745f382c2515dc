/* SPDX-License-Identifier: MIT */
/* OCTAV against the iteration of the paper, and against the derivative of the error that it
 * minimizes. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"

/* noise: that of an element, divided by s^2. Returns the last two steps: the same number, or the
 * two sides of an element that the iteration jumps across. */
struct interval {
    double from;
    double to;
};

static struct interval iterate(const float *x, size_t n, double noise)
{
    double before = 0;
    double s = 0;
    for (int step = 0; step < 40; step++) {
        before = s;
        double sum = 0;
        double above = 0;
        double within = 0;
        for (size_t i = 0; i < n; i++) {
            const double magnitude = fabs((double)x[i]);
            if (magnitude > s) {
                sum += magnitude;
                above++;
            } else if (magnitude > 0) {
                within++;
            }
        }
        if (above > 0)
            s = sum / (noise * within + above);
    }
    return (struct interval){fmin(before, s), fmax(before, s)};
}

static void check_threshold(const struct quant_spec *spec, const float *x, size_t n,
                            struct interval s)
{
    struct quant_choice choice;
    assert_int_equal(quant_calibrate(spec, x, n, &choice, NULL), QUANT_OK);
    if (!(choice.range[1] >= s.from * (1 - 1e-12) && choice.range[1] <= s.to * (1 + 1e-12)))
        fail_msg("%zu elements: %.17g, expected %.17g to %.17g", n, choice.range[1], s.from, s.to);
    if (spec->scheme == QUANT_ABSMAX)
        assert_true(choice.range[0] == -choice.range[1]);
}

/* Many zeros, and few elements that are large, up to the largest that float32 holds. */
static void make_elements(struct random *random, int round, float *x, size_t n)
{
    const double unit = round == 9 ? 0x1p125 : round == 8 ? 0x1p-140 : 1;
    for (size_t i = 0; i < n; i++) {
        const double u = 2 * random_unit(random) - 1;
        x[i] = i % 5 == 0 ? 0 : (float)(unit * (u * u * u / (1.2 - fabs(u)) + 0.1 * round));
    }
}

static void test_iteration(void **state)
{
    (void)state;
    enum { N = 10000 };
    static float x[N];
    struct random random = random_begin();
    for (int round = 0; round < 10; round++) {
        make_elements(&random, round, x, N);
        struct quant_spec spec = {.calibration = "octav"};
        const struct interval s = iterate(x, N, 1.0 / 12 / (127 * 127));
        check_threshold(&spec, x, N, s);
        check_threshold(&spec, x, 100, iterate(x, 100, 1.0 / 12 / (127 * 127)));

        /* Fewer integers: longer steps. */
        spec.has_qmin = spec.has_qmax = true;
        spec.qmin = -7;
        spec.qmax = 8;
        const struct interval fewer = iterate(x, N, 1.0 / 12 / (8 * 8));
        assert_true(fewer.to < s.from);
        check_threshold(&spec, x, N, fewer);
        spec = (struct quant_spec){.calibration = "octav", .dtype = QUANT_UINT4};
        check_threshold(&spec, x, N, iterate(x, N, 1.0 / 12 / (7 * 7)));

        /* On one side of 0 the paper has another noise: a range of the same length has steps half
         * as long. */
        for (size_t i = 0; i < N; i++)
            x[i] = fabsf(x[i]);
        spec = (struct quant_spec){
            .calibration = "octav", .dtype = QUANT_UINT8, .scheme = QUANT_ZERO_POINT};
        check_threshold(&spec, x, N, iterate(x, N, 1.0 / 12 / (255 * 255)));
    }
}

/* ---- Any range ---- */

static double width_at(const struct quant_spec *spec, const struct quant_observed *observed,
                       double s)
{
    double lo = fmax(-s, (double)observed->min);
    double hi = fmin(s, (double)observed->max);
    if (spec->include_zero) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    return hi - lo;
}

/* n / 2 times the derivative of the modelled error to the right of s. The width changes linearly up
 * to the next element. */
static double slope_at(const struct quant_spec *spec, const struct quant_observed *observed,
                       const float *x, size_t n, double s)
{
    const double width = width_at(spec, observed, s);
    const double more = s * 0x1p-20;
    const double rate = (width_at(spec, observed, s + more) - width) / more;
    double sum = 0;
    double within = 0;
    for (size_t i = 0; i < n; i++) {
        const double magnitude = fabs((double)x[i]);
        if (magnitude > s)
            sum += magnitude - s;
        else
            within += magnitude > 0;
    }
    return within * width * rate / (12.0 * 255 * 255) - sum;
}

/* The derivative is 0 at the threshold, or no longer negative, and nowhere below. */
static void check_zero_point(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    quant_observe(&observed, x, n);
    assert_int_equal(quant_calibrate(spec, x, n, &choice, NULL), QUANT_OK);
    const double s = choice.range[1] < (double)observed.max || choice.range[0] >= 0
                         ? choice.range[1]
                         : fmax(choice.range[1], -choice.range[0]);
    if (!spec->include_zero) {
        assert_true(choice.range[0] == fmax(-s, (double)observed.min));
        assert_true(choice.range[1] == fmin(s, (double)observed.max));
    }
    const double negligible = 1e-9 * (double)n;
    const double absmax = fmax(fabs((double)observed.min), fabs((double)observed.max));
    const double found = slope_at(spec, &observed, x, n, s);
    if (!(s == absmax || found >= -negligible))
        fail_msg("the slope is %g at %g, of %g at most", found, s, absmax);
    for (size_t i = 0; i < n; i += 3) {
        const double below = fmin(fabs((double)x[i]), s * (1 - 1e-9));
        if (below > 0)
            assert_true(slope_at(spec, &observed, x, n, below) <= negligible);
    }
}

static void test_zero_point(void **state)
{
    (void)state;
    enum { N = 1500 };
    static float x[N];
    struct random random = random_begin();
    /* Both ends far out; one; the other; all on one side of 0; and away from it. */
    static const double shorter[] = {1, 0.3, 0.01, 0, -0.02, -3};
    for (size_t i = 0; i < 2 * LENGTH(shorter); i++) {
        struct quant_spec spec = {.calibration = "octav", .scheme = QUANT_ZERO_POINT};
        const double min = shorter[i / 2];
        for (size_t k = 0; k < N; k++) {
            const double u = random_unit(&random);
            const double far = 0.1 * u / (1.01 - u);
            x[k] = (float)(k % 2 == 0 ? fmax(far, -min) : fmax(-far * min, -min));
        }
        spec.include_zero = i % 2 == 1;
        check_zero_point(&spec, x, N);
        for (size_t k = 0; k < N; k++)
            x[k] = -x[k];
        check_zero_point(&spec, x, N);
    }
}

/* As after a ReLU, with all integers for one side: better than the whole range. */
static void test_one_sided(void **state)
{
    (void)state;
    enum { N = 100000 };
    static float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++) { /* the sum of many: nearly normal */
        double sum = 0;
        for (int k = 0; k < 24; k++)
            sum += random_unit(&random) - 0.5;
        x[i] = (float)fmax(sum, 0);
    }
    x[N / 2] = 7; /* of a standard deviation of 1.4 */
    struct quant_spec spec = {
        .dtype = QUANT_UINT8, .scheme = QUANT_ZERO_POINT, .calibration = "octav"};
    struct quant_choice found;
    struct quant_choice whole;
    assert_int_equal(quant_calibrate(&spec, x, N, &found, NULL), QUANT_OK);
    spec.calibration = "minmax";
    assert_int_equal(quant_calibrate(&spec, x, N, &whole, NULL), QUANT_OK);
    assert_true(squared_error(&found.params, x, N) < squared_error(&whole.params, x, N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iteration),
        cmocka_unit_test(test_zero_point),
        cmocka_unit_test(test_one_sided),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
