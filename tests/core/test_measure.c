/* SPDX-License-Identifier: MIT */
/* The figures of the error report, each by its definition in <quant/quant.h>. */
#include <float.h>
#include <stdio.h>

#include "../support/examples.h"
#include "core/measure.h"
#include "reports.h"

/* ---- The worked examples --------------------------------------------------------------------- */

static void test_worked_examples(void **state)
{
    (void)state;
    static const char *const mse[] = {"2.98e-04", "2.72e-04"};
    static const char *const sum[] = {"2.09e-03", "1.90e-03"};
    for (int i = 0; i < 2; i++) {
        const struct quant_spec spec = {.scheme = i ? QUANT_ZERO_POINT : QUANT_ABSMAX};
        const struct quant_choice choice = choose(&spec, example_x, EXAMPLE_LENGTH);
        const struct quant_report report = report_of(&choice.params, example_x, EXAMPLE_LENGTH);
        char text[32];
        snprintf(text, sizeof text, "%.2e", report.mse);
        assert_string_equal(text, mse[i]);
        snprintf(text, sizeof text, "%.2e", report.sum_squared_error);
        assert_string_equal(text, sum[i]);
        assert_int_equal(report.n, EXAMPLE_LENGTH);
        assert_int_equal(report.clipped, 0);
        assert_int_equal(report.zeroed, 0);
        assert_int_equal(report.levels_used, 7);
        assert_int_equal(report.levels, 256);
    }
}

/* Everything but the last element of Y is lost, unless a clipping range saves it and clips the
 * last. */
static void test_worked_clip(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct quant_spec spec = {.has_clip = i == 1, .clip = {-5, 5}};
        const struct quant_choice choice = choose(&spec, example_y, EXAMPLE_LENGTH);
        const struct quant_report report = report_of(&choice.params, example_y, EXAMPLE_LENGTH);
        assert_int_equal(report.zeroed, i ? 0 : 6);
        assert_int_equal(report.clipped, i);
        assert_int_equal(report.levels_used, i ? 7 : 2);
        assert_int_equal(report.max_abs_error_index, i ? 6 : 0);
        assert_true(report.max_abs_error_x == (double)example_y[i ? 6 : 0]);
    }
}

/* ---- Against a naive computation ------------------------------------------------------------- */

struct naive {
    long double squared_error, abs_error, error, squared_x, squared_restored, product;
    double max;
    size_t max_index;
    uint64_t n, clipped, zeroed, sign_flipped, levels;
};

static void naive_add(struct naive *naive, const struct quant_params *params, float x,
                      float restored, size_t i)
{
    const double e = (double)x - (double)restored;
    naive->squared_error += (long double)e * e;
    naive->abs_error += fabsl(e);
    naive->error += e;
    naive->squared_x += (long double)x * x;
    naive->squared_restored += (long double)restored * restored;
    naive->product += (long double)x * restored;
    if (fabs(e) > naive->max || naive->n == 0) {
        naive->max = fabs(e);
        naive->max_index = i;
    }
    const float ratio = x / params->scale;
    const double rounded =
        (double)(params->rounding == QUANT_HALF_EVEN ? nearbyintf(ratio) : roundf(ratio));
    const double mapped = rounded + params->zero_point;
    naive->n++;
    naive->clipped += mapped < params->qmin || mapped > params->qmax;
    naive->zeroed += x != 0 && restored == 0;
    naive->sign_flipped += (x < 0 && restored > 0) || (x > 0 && restored < 0);
}

static struct naive naive_of(const struct quant_params *params, const float *x,
                             const unsigned char *q, size_t n)
{
    struct naive naive = {0};
    bool used[256] = {false};
    for (size_t i = 0; i < n; i++) {
        const int32_t integer = params->dtype == QUANT_UINT8 ? q[i] : (int8_t)q[i];
        if (!isfinite(x[i]))
            continue;
        naive_add(&naive, params, x[i], (float)(integer - params->zero_point) * params->scale, i);
        naive.levels += !used[q[i]];
        used[q[i]] = true;
    }
    return naive;
}

/* found is expected up to 10^-13 of all that was added: sums with both signs may cancel. */
static void assert_near(const char *figure, double found, long double expected, long double size)
{
    if (!(fabsl(found - expected) <= 1e-13L * size))
        fail_msg("%s: found %.17g, expected %.20Lg", figure, found, expected);
}

static void assert_report(const struct quant_report *report, const struct naive *naive, size_t n,
                          const float *x)
{
    const long double count = naive->n;
    const long double mse = naive->squared_error / count;
    const long double cosine =
        naive->product / (sqrtl(naive->squared_x) * sqrtl(naive->squared_restored));
    assert_near("sum_squared_error", report->sum_squared_error, naive->squared_error,
                naive->squared_error);
    assert_near("sum_abs_error", report->sum_abs_error, naive->abs_error, naive->abs_error);
    assert_near("mse", report->mse, mse, mse);
    assert_near("rmse", report->rmse, sqrtl(mse), sqrtl(mse));
    assert_near("mae", report->mae, naive->abs_error / count, naive->abs_error / count);
    assert_near("mean_error", report->mean_error, naive->error / count, naive->abs_error / count);
    assert_near("cosine", report->cosine, cosine, 1);
    assert_near("sqnr_db", report->sqnr_db, 10 * log10l(naive->squared_x / naive->squared_error),
                100);
    assert_true(report->max_abs_error == naive->max);
    assert_int_equal(report->max_abs_error_index, naive->max_index);
    assert_true(report->max_abs_error_x == (double)x[naive->max_index]);
    assert_true(fabs(report->max_abs_error_x - report->max_abs_error_restored) == naive->max);
    assert_int_equal(report->n, naive->n);
    assert_int_equal(report->nonfinite, n - naive->n);
    assert_int_equal(report->clipped, naive->clipped);
    assert_int_equal(report->zeroed, naive->zeroed);
    assert_int_equal(report->sign_flipped, naive->sign_flipped);
}

static void check_definitions(bool with_nonfinite)
{
    struct random random = random_begin();
    static float x[9000];
    static unsigned char q[9000];
    for (size_t round = 0; round < 200; round++) {
        const size_t n = 2 + random_below(&random, LENGTH(x) - 1);
        struct quant_params params = unit_params();
        params.dtype = round % 2 ? QUANT_UINT8 : QUANT_INT8;
        params.qmin = round % 2 ? 0 : -127;
        params.rounding = round % 3 ? QUANT_HALF_EVEN : QUANT_HALF_AWAY;
        params.scale = (float)ldexp(random_unit(&random) + 1, (int)random_below(&random, 100) - 50);
        params.zero_point = (int32_t)random_below(&random, 200) - 100;
        random_data(&random, &params, x, n);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(x[i]) && !with_nonfinite)
                x[i] = params.scale;
        x[n - 2] = x[n - 1] = params.scale * 1.25F; /* finite, with an error */
        quant_quantize(&params, x, n, q);
        q[n / 2] = (unsigned char)random_64(&random); /* not what quantizing gives: flips signs */
        const struct quant_report report = report_on(&params, x, q, n);
        const struct naive naive = naive_of(&params, x, q, n);
        assert_report(&report, &naive, n, x);
        if (!with_nonfinite)
            assert_int_equal(report.levels_used, naive.levels);
    }
}

static void test_definitions(void **state)
{
    (void)state;
    check_definitions(false);
}

static void test_nonfinite_is_left_out(void **state)
{
    (void)state;
    check_definitions(true);
}

/* Elements that are not finite are left out of every other figure: so are the integers that they
 * became. */
static void test_nonfinite_uses_no_level(void **state)
{
    (void)state;
    const float x[] = {(float)NAN, 3, (float)INFINITY, -(float)INFINITY, 3};
    const struct quant_params params = unit_params();
    assert_int_equal(report_of(&params, x, LENGTH(x)).levels_used, 1);
}

/* ---- Figures that have no value -------------------------------------------------------------- */

#define assert_nan(value) assert_true(isnan(value))

static void test_nothing(void **state)
{
    (void)state;
    const float x[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    for (size_t n = 0; n <= LENGTH(x); n += LENGTH(x)) {
        const struct quant_params params = unit_params();
        const struct quant_report report = report_of(&params, x, n);
        assert_int_equal(report.n, 0);
        assert_int_equal(report.nonfinite, n);
        assert_nan(report.mse);
        assert_nan(report.rmse);
        assert_nan(report.mae);
        assert_nan(report.mean_error);
        assert_nan(report.max_abs_error);
        assert_nan(report.max_abs_error_x);
        assert_nan(report.max_abs_error_restored);
        assert_nan(report.sqnr_db);
        assert_true(report.cosine == 1); /* nothing was lost of what counts */
        assert_true(report.sum_squared_error == 0 && report.sum_abs_error == 0);
        assert_int_equal(report.max_abs_error_index, 0);
        assert_int_equal(report.clipped + report.zeroed + report.sign_flipped, 0);
        assert_int_equal(report.bytes_in, 4 * n);
        assert_int_equal(report.bytes_out, n + 4); /* and one scale */
        assert_true(report.ratio == 4.0 * (double)n / ((double)n + 4));
        assert_true(n > 0 ? report.bits_per_element == 8 * ((double)n + 4) / (double)n
                          : isnan(report.bits_per_element));
    }
}

/* Without an error there is no ratio to it, and no angle. */
static void test_perfect(void **state)
{
    (void)state;
    const float x[] = {3, -4, 0, 127};
    const float zeros[] = {0, -0.0F, 0};
    const struct quant_params params = unit_params();
    struct quant_report report = report_of(&params, x, LENGTH(x));
    assert_true(report.mse == 0 && report.rmse == 0 && report.mae == 0 && report.mean_error == 0);
    assert_true(report.max_abs_error == 0 && report.max_abs_error_x == 3);
    assert_int_equal(report.max_abs_error_index, 0);
    assert_nan(report.sqnr_db);
    assert_true(report.cosine == 1);
    report = report_of(&params, zeros, LENGTH(zeros));
    assert_true(report.mse == 0);
    assert_nan(report.sqnr_db);
    assert_true(report.cosine == 1);
    assert_int_equal(report.zeroed, 0);
}

/* Equal arrays have a cosine of 1, though their rounded sums can differ by a bit: those of [1, 1]
 * and [3, 3] did, in both directions. If something was lost it still never leaves [-1, 1]. */
static void test_cosine_is_bounded(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (int i = 0; i < 2000; i++) {
        float x[8];
        const size_t n = 1 + random_below(&random, LENGTH(x));
        for (size_t k = 0; k < n; k++)
            x[k] = (float)((int)random_below(&random, 255) - 127);
        struct quant_params params = unit_params();
        assert_true(report_of(&params, x, n).cosine == 1);
        params.scale = 1 + 1e-7F; /* off by a bit: nearly parallel */
        const struct quant_report report = report_of(&params, x, n);
        assert_true(isnan(report.cosine) || fabs(report.cosine) <= 1);
    }
}

/* Zeros that are restored as something else: there is an error, but no signal to compare it with.
 */
static void test_no_signal(void **state)
{
    (void)state;
    const float x[] = {0, 0};
    const signed char q[] = {3, -1};
    const struct quant_params params = unit_params();
    const struct quant_report report = report_on(&params, x, q, 2);
    assert_true(report.mse == 5);
    assert_nan(report.sqnr_db);
    assert_nan(report.cosine);
}

static void test_all_lost(void **state)
{
    (void)state;
    const float x[] = {0.25F, -0.25F, 0.125F};
    const struct quant_params params = unit_params();
    const struct quant_report report = report_of(&params, x, LENGTH(x));
    assert_nan(report.cosine);
    assert_true(report.sqnr_db == 0);
    assert_int_equal(report.zeroed, 3);
    assert_int_equal(report.levels_used, 1);
    assert_true(report.mean_error == 0.125 / 3 && report.mae == 0.625 / 3);
}

/* A restored value that overflows is an infinite error, and figures that have a value are no NaN.
 */
static void test_infinite_error(void **state)
{
    (void)state;
    const float x[] = {FLT_MAX, 1};
    struct quant_params params = unit_params();
    params.scale = FLT_MAX;
    const unsigned char q[] = {2, 0};
    const struct quant_report report = report_on(&params, x, q, 2);
    assert_true(isinf(report.mse) && isinf(report.sum_squared_error) && isinf(report.mae));
    assert_true(isinf(report.max_abs_error) && isinf(report.max_abs_error_restored));
    assert_true(report.mean_error == -INFINITY);
    assert_int_equal(report.n, 2);
}

/* ---- Counts ---------------------------------------------------------------------------------- */

static void test_counts(void **state)
{
    (void)state;
    const float x[] = {127.25F, 127.5F, -127.5F, 0.25F, 0, -3, 3, 5};
    const unsigned char q[] = {127, 127, (unsigned char)-127, 0, 0, 3, (unsigned char)-3, 5};
    const struct quant_params params = unit_params();
    const struct quant_report report = report_on(&params, x, q, LENGTH(x));
    assert_int_equal(report.clipped, 2);
    assert_int_equal(report.zeroed, 1);
    assert_int_equal(report.sign_flipped, 2);
    assert_int_equal(report.levels_used, 6); /* -127 -3 0 3 5 127 */
}

/* Every integer of the type is a level, whether inside qmin..qmax or not. */
static void test_levels(void **state)
{
    (void)state;
    float x[256] = {0};
    unsigned char q[256];
    for (int i = 0; i < 512; i++) {
        struct quant_params params = unit_params();
        params.dtype = i % 2 ? QUANT_UINT8 : QUANT_INT8;
        for (int k = 0; k < 256; k++)
            q[k] = (unsigned char)(k <= i / 2 ? k : 0);
        const struct quant_report report = report_on(&params, x, q, 256);
        assert_int_equal(report.levels_used, i / 2 + 1);
        assert_int_equal(report.levels, 256);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    static const enum quant_dtype sources[] = {QUANT_FLOAT16, QUANT_BFLOAT16, QUANT_FLOAT32,
                                               QUANT_FLOAT64};
    static const unsigned sizes[] = {2, 2, 4, 8};
    const struct quant_params params = unit_params();
    const float x[] = {1, 2, (float)NAN};
    const unsigned char q[] = {1, 2, 0};
    static struct quant_measure measure;
    quant_measure_init(&measure, &params);
    quant_measure_add(&measure, x, q, 3);
    for (size_t i = 0; i < LENGTH(sources); i++) {
        struct quant_report report;
        quant_measure_report(&measure, sources[i], 1, &report);
        assert_int_equal(report.bytes_in, 3 * sizes[i]);
        assert_int_equal(report.bytes_out, 3 + 4);
        assert_true(report.ratio == 3.0 * sizes[i] / 7);
        assert_true(report.bits_per_element == 8.0 * 7 / 3); /* the NaN is stored too */
    }
}

/* int4 in blocks of 32, whose scales take as many bytes as 8 or 4 of the elements. */
static void test_bytes_of_blocks(void **state)
{
    static const struct {
        struct quant_params params;
        uint64_t bytes;
        double bits;
    } rows[] = {
        {{.dtype = QUANT_INT4}, 16 * 8 + 4 * 8, 5},
        {{.dtype = QUANT_INT4, .scale_dtype = QUANT_FLOAT16}, 16 * 8 + 2 * 8, 4.5},
        {{.dtype = QUANT_INT4, .scheme = QUANT_ZERO_POINT}, 16 * 8 + 8 * 8, 6},
        {{.dtype = QUANT_UINT4, .scale_dtype = QUANT_BFLOAT16}, 16 * 8 + 6 * 8, 5.5},
        {{.dtype = QUANT_FLOAT16}, 512, 16},
    };
    static const float x[256];
    static const uint16_t q[256];
    static struct quant_measure measure;
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_params params = rows[i].params;
        struct quant_report report;
        params.qmax = params.dtype == QUANT_FLOAT16 ? 0 : 7;
        params.scale = 1;
        quant_measure_init(&measure, &params);
        quant_measure_add(&measure, x, q, LENGTH(x));
        quant_measure_report(&measure, QUANT_FLOAT32, 8, &report);
        assert_int_equal(report.bytes_out, rows[i].bytes);
        assert_true(report.bits_per_element == rows[i].bits);
        assert_true(report.ratio == 32 / rows[i].bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_examples),
        cmocka_unit_test(test_worked_clip),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_nonfinite_is_left_out),
        cmocka_unit_test(test_nonfinite_uses_no_level),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_perfect),
        cmocka_unit_test(test_cosine_is_bounded),
        cmocka_unit_test(test_no_signal),
        cmocka_unit_test(test_all_lost),
        cmocka_unit_test(test_infinite_error),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_of_blocks),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
