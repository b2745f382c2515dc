/* SPDX-License-Identifier: MIT */
/* OCTAV against the paper's iteration, written out. */
#include <math.h>

#include "../support/floats.h"
#include "calibrate.h"

static double iterate(const float *x, size_t n, double bits)
{
    double s = 0;
    for (int step = 0; step < 40; step++) {
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
            s = sum / (pow(4, -bits) / 3 * within + above);
    }
    return s;
}

static void test_iteration(void **state)
{
    (void)state;
    enum { N = 10000 };
    static float x[N];
    struct random random = random_begin();
    for (int round = 0; round < 10; round++) {
        double least = 0;
        double greatest = 0;
        for (size_t i = 0; i < N; i++) {
            const double u = 2 * random_unit(&random) - 1;
            x[i] = i % 5 == 0 ? 0 : (float)(u * u * u / (1.2 - fabs(u)) + 0.1 * round);
            least = fmin(least, (double)x[i]);
            greatest = fmax(greatest, (double)x[i]);
        }
        const double s = iterate(x, N, 8);
        struct quant_choice choice = calibrate("octav", QUANT_ABSMAX, x, N);
        assert_true(fabs(choice.range[1] - s) <= 1e-12 * s);
        assert_true(choice.range[0] == -choice.range[1]);
        choice = calibrate("octav", QUANT_ZERO_POINT, x, N);
        assert_true(fabs(choice.range[1] - fmin(s, greatest)) <= 1e-12 * s);
        assert_true(fabs(choice.range[0] - fmax(-s, least)) <= 1e-12 * s);

        /* Fewer integers: fewer bits. */
        const struct quant_spec narrow = {
            .calibration = "octav", .has_qmin = true, .qmin = -7, .has_qmax = true, .qmax = 8};
        assert_int_equal(quant_calibrate(&narrow, x, N, &choice, NULL), QUANT_OK);
        const double fewer = iterate(x, N, 4);
        assert_true(fewer < s && fabs(choice.range[1] - fewer) <= 1e-12 * s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iteration),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
