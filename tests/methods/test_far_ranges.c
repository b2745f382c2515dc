/* SPDX-License-Identifier: MIT */
/*
 * Ranges that are narrow and far from zero. 16 bits are no worse than 8, for every method, scheme,
 * grouping and side of zero; the raised scale is the smallest possible; and nothing is restored as
 * an infinity.
 */
#include <float.h>
#include <math.h>
#include <quant/groups.h>
#include <stdlib.h>

#include "../support/floats.h"
#include "../support/names.h"
#include "../support/unit.h"
#include "core/measure.h"

enum { ROWS = 16, COLUMNS = 128, N = ROWS * COLUMNS };

struct outcome {
    struct quant_choice choice;
    double mse;
};

static double measure(const struct quant_params *params, const float *x, size_t n)
{
    static uint16_t q[N];
    struct quant_measure measure;
    struct quant_report report;
    quant_quantize(params, x, n, q);
    quant_measure_init(&measure, params);
    quant_measure_add(&measure, x, q, n);
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
    return report.mse;
}

static struct outcome quantize(const struct quant_spec *spec, const float *x, size_t n)
{
    struct outcome outcome;
    assert_int_equal(quant_calibrate(spec, x, n, &outcome.choice, NULL), QUANT_OK);
    outcome.mse = measure(&outcome.choice.params, x, n);
    return outcome;
}

/* Dense values from lo on, in any order. */
static void fill(struct random *random, float *x, size_t n, double lo, double width)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(lo + width * random_unit(random));
    x[0] = (float)lo;
    x[n - 1] = (float)(lo + width);
}

/* If 8 bits need a scale that is not much larger, both are at the limit: x / s, a float32, has
 * quarters of a step below 2^22 and halves above, and qmin decides which of these are mapped. */
static double allowance(const struct outcome *wide, const struct outcome *narrow)
{
    return (double)narrow->choice.params.scale < 1.5 * (double)wide->choice.params.scale ? 1.8 : 1;
}

static void check_pair(const struct outcome *wide, const struct outcome *narrow, const char *method)
{
    const double most = narrow->mse * allowance(wide, narrow);
    if (!(wide->mse <= most))
        fail_msg("%s, %a to %a: 16 bits mse %.9g with s %.9g, 8 bits %.9g with s %.9g", method,
                 narrow->choice.range[0], narrow->choice.range[1], wide->mse,
                 (double)wide->choice.params.scale, narrow->mse,
                 (double)narrow->choice.params.scale);
}

static void check_types(struct quant_spec spec, const float *x, size_t n, size_t *raised)
{
    static const enum quant_dtype types[2][2] = {{QUANT_INT8, QUANT_INT16},
                                                 {QUANT_UINT8, QUANT_UINT16}};
    for (int i = 0; i < 2; i++) {
        spec.dtype = types[i][0];
        const struct outcome narrow = quantize(&spec, x, n);
        spec.dtype = types[i][1];
        const struct outcome wide = quantize(&spec, x, n);
        check_pair(&wide, &narrow, spec.calibration);
        *raised += (wide.choice.notes & QUANT_NOTE_SCALE_RAISED_FAR) != 0;
        spec.has_qmin = true; /* a narrowed target */
        spec.qmin = types[i][1] == QUANT_INT16 ? -1000 : 1000;
        check_pair(&(struct outcome){wide.choice, quantize(&spec, x, n).mse}, &narrow, "qmin");
        spec.has_qmin = false;
    }
}

static void test_no_worse_than_8_bits(void **state)
{
    (void)state;
    static float x[N];
    struct random random = random_begin();
    size_t raised = 0;
    for (int i = 0; i < 60; i++) {
        const double lo = ldexp(1 + random_unit(&random), (int)random_below(&random, 120) - 60);
        const double width = lo * ldexp(1 + random_unit(&random), -(int)random_below(&random, 19));
        fill(&random, x, N, i & 1 ? lo : -lo - width, width);
        for (size_t method = 0; method_name(method); method++) {
            const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT,
                                            .calibration = method_name(method)};
            check_types(spec, x, method == 0 ? N : N / 8, &raised);
        }
    }
    assert_true(raised > 100);
}

/* Each group as if it were a tensor. */
static void test_groups(void **state)
{
    (void)state;
    static float x[N];
    static const struct quant_granularity granularities[] = {
        {.has_axis = true, .axis = 0}, {.has_axis = true, .axis = 1}, {.block_size = 32}};
    struct random random = random_begin();
    for (size_t i = 0; i < ROWS; i++)
        fill(&random, x + i * COLUMNS, COLUMNS, i & 1 ? 1000 : -1000, ldexp(1, -(int)i));
    for (size_t i = 0; i < LENGTH(granularities); i++) {
        struct quant_grouping grouping;
        static float scales[N];
        static int32_t zero_points[N];
        const struct quant_group_params groups = {.scales = scales, .zero_points = zero_points};
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_INT16};
        struct quant_params common;
        unsigned notes;
        assert_int_equal(quant_grouping_make(&granularities[i],
                                             &(struct quant_shape){2, {ROWS, COLUMNS}},
                                             QUANT_ORDER_C, &grouping, NULL),
                         QUANT_OK);
        assert_int_equal(
            quant_calibrate_groups(&spec, &grouping, x, &common, &groups, &notes, NULL), QUANT_OK);
        assert_true(notes & QUANT_NOTE_SCALE_RAISED_FAR || i == 1);
        for (uint64_t group = 0; i != 1 && group < grouping.count; group++) {
            const size_t n = (size_t)(N / grouping.count);
            const struct outcome alone = quantize(&spec, x + group * n, n);
            assert_true(same_bits(scales[group], alone.choice.params.scale));
            assert_int_equal(zero_points[group], alone.choice.params.zero_point);
        }
    }
}

/* |z| is within the limit; with the next smaller number of the type it would not be. */
static void test_smallest(void **state)
{
    (void)state;
    static const enum quant_dtype stored[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_BFLOAT16};
    static const double next[] = {0x1p-24, 0x1p-11, 0x1p-8}; /* less is the same number */
    struct random random = random_begin();
    size_t raised = 0;
    for (int i = 0; i < 30000; i++) {
        const double size = ldexp(1 + random_unit(&random), (int)random_below(&random, 20));
        const double width = size * ldexp(1, -(int)random_below(&random, 40) - 8);
        const double lo = i & 1 ? size : -size;
        const int32_t qmin = i & 2 ? -32768 : (int32_t)random_below(&random, 30000);
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT,
                                        .dtype = i & 2 ? QUANT_INT16 : QUANT_UINT16,
                                        .scale_dtype = stored[i % 3],
                                        .has_clip = true,
                                        .clip = {lo, lo + width},
                                        .has_qmin = true,
                                        .qmin = qmin};
        struct quant_choice choice;
        assert_int_equal(quant_choose(&spec, NULL, &choice, NULL), QUANT_OK);
        if (!(choice.notes & QUANT_NOTE_SCALE_RAISED_FAR))
            continue;
        const double s = (double)choice.params.scale;
        const double z = (double)qmin - nearbyint(lo / s);
        const double below =
            (double)(float)quant_dtype_round(stored[i % 3], s * (1 - 1.0001 * next[i % 3]));
        assert_true(z == choice.params.zero_point && fabs(z) <= 0x1p22);
        assert_true(below < s && fabs((double)qmin - nearbyint(lo / below)) > 0x1p22);
        assert_true(choice.range[0] == lo && choice.range[1] >= lo + width);
        assert_true(choice.range[1] == lo + (choice.params.qmax - (double)qmin) * s);
        assert_true(choice.notes & QUANT_NOTE_ZERO_POINT_OUTSIDE);
        raised++;
    }
    assert_true(raised > 10000);
}

/* Near FLT_MAX, for any computed scale: everything restored is finite, and with the next larger
 * scale it is not. */
static void test_finite(void **state)
{
    (void)state;
    static const enum quant_dtype types[] = {QUANT_INT8,  QUANT_UINT8,         QUANT_INT4,
                                             QUANT_INT16, QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2};
    struct random random = random_begin();
    size_t lowered = 0;
    for (int i = 0; i < 60000; i++) {
        const enum quant_dtype dtype = types[i % 6];
        const bool is_integer = quant_dtype_info(dtype)->is_integer;
        const float ends[] = {FLT_MAX * (float)(1 - random_unit(&random) * 0x1p-22),
                              FLT_MAX * (float)(1 - 2 * random_unit(&random))};
        const float sign = i & 8 ? -1 : 1;
        const float x[] = {sign * ends[0], sign * ends[1]};
        struct quant_spec spec = {.scheme = is_integer && i & 16 ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                                  .dtype = dtype};
        struct quant_choice choice;
        assert_int_equal(quant_calibrate(&spec, x, 2, &choice, NULL), QUANT_OK);
        assert_int_equal(choice.notes & QUANT_NOTE_RESTORES_INFINITE, 0);
        const struct quant_params *params = &choice.params;
        const double low = fabs((double)params->qmin - params->zero_point);
        const double high = fabs((double)params->qmax - params->zero_point);
        const float step =
            is_integer ? (float)fmax(low, high) : (float)quant_dtype_info(dtype)->max;
        assert_true(isfinite(step * params->scale));
        lowered += isinf(step * nextafterf(params->scale, INFINITY)) != 0;
    }
    assert_true(lowered > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_worse_than_8_bits),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_finite),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
