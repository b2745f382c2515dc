/* SPDX-License-Identifier: MIT */
/* Float targets: which specs they take, the choices for them, and their reports. */
#include <float.h>

#include "../support/examples.h"
#include "core/measure.h"
#include "reports.h"

#define FLOAT8 .dtype = QUANT_FLOAT8_E4M3FN
#define UNSCALED "is unscaled: it does not take a scale, a clipping range or a calibration"

static const struct {
    struct quant_spec spec;
    const char *text;
} wrongs[] = {
    {{FLOAT8, .scheme = QUANT_ZERO_POINT},
     "float8_e4m3fn is a float type and does not take the scheme zero-point"},
    {{FLOAT8, .has_zero_point = true, .has_scale = true, .scale = 1},
     "float8_e4m3fn is a float type and does not take a zero point"},
    {{.dtype = QUANT_FLOAT16, .has_zero_point = true},
     "float16 is a float type and does not take a zero point"},
    {{.dtype = QUANT_FLOAT8_E5M2, .include_zero = true},
     "float8_e5m2 is a float type and does not take include-zero"},
    {{.dtype = QUANT_BFLOAT16, .has_qmin = true},
     "bfloat16 is a float type and does not take a qmin or qmax"},
    {{FLOAT8, .has_qmax = true}, "float8_e4m3fn is a float type and does not take a qmin or qmax"},
    {{FLOAT8, .rounding = QUANT_HALF_AWAY},
     "float8_e4m3fn is a float type and does not take the rounding half-away"},
    {{.dtype = QUANT_FLOAT16, .has_scale = true, .scale = 1}, "float16 " UNSCALED},
    {{.dtype = QUANT_FLOAT16, .has_clip = true, .clip = {-1, 1}}, "float16 " UNSCALED},
    {{.dtype = QUANT_BFLOAT16, .calibration = "minmax"}, "bfloat16 " UNSCALED},
    {{FLOAT8, .has_scale = true, .scale = 0},
     "a scale must be above 0 and finite as float32, found 0"},
    {{FLOAT8, .has_clip = true, .clip = {1, 1}},
     "a clipping range needs LO < HI, both within float32, found 1 to 1"},
};

static void test_wrongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(wrongs); i++) {
        struct quant_error error = {QUANT_OK, ""};
        assert_int_equal(quant_spec_check(&wrongs[i].spec, &error), QUANT_INVALID);
        assert_string_equal(error.text, wrongs[i].text);
    }
}

/* The scale is absmax divided by the largest number; there is no zero point and no target range. */
static void test_choices(void **state)
{
    (void)state;
    static const struct {
        struct quant_spec spec;
        float scale;
        bool has_range;
        bool needs_range;
    } rows[] = {
        {{FLOAT8}, 10.8F / 448, true, true},
        {{.dtype = QUANT_FLOAT8_E5M2}, 10.8F / 57344, true, true},
        {{FLOAT8, .has_clip = true, .clip = {-896, 3}}, 2, true, false},
        {{FLOAT8, .has_scale = true, .scale = 0.25F}, 0.25F, false, false},
        {{.dtype = QUANT_FLOAT16}, 1, false, false},
        {{.dtype = QUANT_BFLOAT16}, 1, false, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_choice choice = choose(&rows[i].spec, example_x, EXAMPLE_LENGTH);
        assert_true(choice.params.scale == rows[i].scale);
        assert_int_equal(choice.params.dtype, rows[i].spec.dtype);
        assert_true(choice.params.qmin == 0 && choice.params.qmax == 0);
        assert_int_equal(choice.params.zero_point, 0);
        assert_int_equal(choice.notes, 0);
        assert_true(choice.has_range == rows[i].has_range);
        assert_true(quant_spec_needs_range(&rows[i].spec) == rows[i].needs_range);
    }
    static const float zeros[2];
    const struct quant_spec spec = {FLOAT8};
    assert_true(choose(&spec, zeros, 2).params.scale == 1);
    static const float tiny[] = {0x1p-140F};
    assert_true(choose(&spec, tiny, 1).params.scale == FLT_MIN);
    assert_int_equal(choose(&spec, tiny, 1).notes, QUANT_NOTE_SCALE_RAISED);
}

static void test_report(void **state)
{
    (void)state;
    static const struct {
        enum quant_dtype dtype;
        float beyond; /* the smallest that is clipped */
        uint64_t levels;
        uint64_t bytes;
    } rows[] = {
        {QUANT_FLOAT8_E4M3FN, 0x1.D00002p8F, 253, 8 + 4},
        {QUANT_FLOAT8_E5M2, 61440, 247, 8 + 4},
        {QUANT_FLOAT16, 65520, 63487, 16},
        {QUANT_BFLOAT16, 0x1.FFp127F, 65279, 16},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const float x[] = {0.0F, -0.0F,          1e-45F,          1,
                           -1,   rows[i].beyond, -rows[i].beyond, nextafterf(rows[i].beyond, 0)};
        const struct quant_params params = {.dtype = rows[i].dtype, .scale = 1};
        const struct quant_report report = report_of(&params, x, LENGTH(x));
        assert_int_equal(report.n, 8);
        assert_int_equal(report.clipped, 2);
        assert_int_equal(report.zeroed, 1);
        assert_int_equal(report.levels_used, 5); /* 0, 1, -1, both ends */
        assert_true(report.levels == rows[i].levels);
        assert_true(report.bytes_out == rows[i].bytes);
    }
}

/* A NaN that was restored from a NaN is not finite, as always. One that was restored from a finite
 * element, as in data from other programs, is counted with them. */
static void test_nans(void **state)
{
    (void)state;
    const struct quant_params params = {.dtype = QUANT_FLOAT8_E4M3FN, .scale = 2};
    float x[40];
    unsigned char q[40];
    for (size_t i = 0; i < LENGTH(x); i++)
        x[i] = 2;
    x[3] = (float)NAN;
    x[20] = (float)INFINITY;
    quant_quantize(&params, x, LENGTH(x), q);
    assert_int_equal(q[3], 0x7F);
    assert_int_equal(q[20], 0x7E);
    q[7] = 0xFF;
    q[39] = 0x7F;
    static struct quant_measure measure;
    struct quant_report report;
    quant_measure_init(&measure, &params);
    quant_measure_add(&measure, x, q, LENGTH(x));
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
    assert_int_equal(report.n, 36);
    assert_int_equal(report.nonfinite, 4);
    assert_int_equal(report.levels_used, 1);
    assert_true(report.mse == 0 && report.max_abs_error == 0);
    assert_int_equal(report.max_abs_error_index, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrongs),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_nans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
