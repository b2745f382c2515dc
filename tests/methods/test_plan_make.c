/* SPDX-License-Identifier: MIT */
/* Which specs are valid, every error with its status and text, and the plans of valid ones. */
#include <float.h>
#include <math.h>

#include "../support/unit.h"
#include "methods/method.h"
#include "methods/plan_make.h"

#define QMIN(n) .has_qmin = true, .qmin = (n)
#define QMAX(n) .has_qmax = true, .qmax = (n)
#define SCALE(s) .has_scale = true, .scale = (s)
#define CLIP(lo, hi) .has_clip = true, .clip = {lo, hi}

struct wrong {
    struct quant_spec spec;
    enum quant_status status;
    const char *text;
};

static const struct wrong wrongs[] = {
    {{.dtype = QUANT_FLOAT32}, QUANT_UNSUPPORTED, "this version cannot quantize to float32"},
    {{.dtype = (enum quant_dtype)99},
     QUANT_INVALID,
     "'dtype' is 99, which is not in its enumeration"},
    {{.scheme = (enum quant_scheme)2},
     QUANT_INVALID,
     "'scheme' is 2, which is not in its enumeration"},
    {{.rounding = (enum quant_rounding) - 1},
     QUANT_INVALID,
     "'rounding' is -1, which is not in its enumeration"},
    {{.nonfinite = (enum quant_nonfinite)2},
     QUANT_INVALID,
     "'nonfinite' is 2, which is not in its enumeration"},
    {{.calibration = "minmix"}, QUANT_UNSUPPORTED, "unknown calibration method 'minmix'"},
    {{.calibration = ""}, QUANT_UNSUPPORTED, "unknown calibration method ''"},
    {{QMIN(-129)},
     QUANT_INVALID,
     "the target range qmin..qmax is -129..127, which is not within int8 (-128..127)"},
    {{QMAX(128)},
     QUANT_INVALID,
     "the target range qmin..qmax is -127..128, which is not within int8 (-128..127)"},
    {{.dtype = QUANT_UINT8, QMIN(-1)},
     QUANT_INVALID,
     "the target range qmin..qmax is -1..255, which is not within uint8 (0..255)"},
    {{.dtype = QUANT_UINT8, .scheme = QUANT_ZERO_POINT, QMAX(256)},
     QUANT_INVALID,
     "the target range qmin..qmax is 0..256, which is not within uint8 (0..255)"},
    {{QMIN(INT32_MIN), QMAX(INT32_MAX)},
     QUANT_INVALID,
     "the target range qmin..qmax is -2147483648..2147483647, which is not within int8 "
     "(-128..127)"},
    {{QMIN(5), QMAX(5)},
     QUANT_INVALID,
     "the target range qmin..qmax is 5..5, which is empty: qmin must be "
     "less than qmax"},
    {{.scheme = QUANT_ZERO_POINT, QMAX(-128)},
     QUANT_INVALID,
     "the target range qmin..qmax is -128..-128, which is empty: qmin "
     "must be less than qmax"},
    {{QMIN(7), QMAX(-7)},
     QUANT_INVALID,
     "the target range qmin..qmax is 7..-7, which is empty: qmin must be "
     "less than qmax"},
    {{.dtype = QUANT_INT32},
     QUANT_INVALID,
     "int32 needs a given scale: its range is too wide for one that is found"},
    {{.dtype = QUANT_INT32, CLIP(-1, 1)},
     QUANT_INVALID,
     "int32 needs a given scale: its range is too wide for one that is found"},
    {{QMAX(0)}, QUANT_INVALID, "absmax needs qmax above 0, found 0"},
    {{QMAX(-5)}, QUANT_INVALID, "absmax needs qmax above 0, found -5"},
    {{.has_zero_point = true}, QUANT_INVALID, "a zero point needs a scale"},
    {{.has_zero_point = true, CLIP(0, 1)}, QUANT_INVALID, "a zero point needs a scale"},
    {{SCALE(1), CLIP(0, 1)}, QUANT_INVALID, "a scale and a clipping range exclude each other"},
    {{SCALE(0)}, QUANT_INVALID, "a scale must be above 0 and finite as float32, found 0"},
    {{SCALE(-3)}, QUANT_INVALID, "a scale must be above 0 and finite as float32, found -3"},
    {{SCALE((float)INFINITY)},
     QUANT_INVALID,
     "a scale must be above 0 and finite as float32, found inf"},
    {{SCALE((float)NAN)},
     QUANT_INVALID,
     "a scale must be above 0 and finite as float32, found nan"},
    {{CLIP(5, 5)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found 5 to 5"},
    {{CLIP(5, -5)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found 5 to -5"},
    {{CLIP(-1e39, 5)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found -1e+39 to 5"},
    {{CLIP(0, INFINITY)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found 0 to inf"},
    {{CLIP(-INFINITY, 0)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found -inf to 0"},
    {{CLIP(NAN, 1)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found nan to 1"},
    {{CLIP(0, NAN)},
     QUANT_INVALID,
     "a clipping range needs LO < HI, both within float32, found 0 to nan"},
    {{.scale_dtype = QUANT_FLOAT64},
     QUANT_UNSUPPORTED,
     "this version cannot store scales as float64"},
    {{.scale_dtype = QUANT_INT8}, QUANT_UNSUPPORTED, "this version cannot store scales as int8"},
    {{.scale_dtype = (enum quant_dtype)99},
     QUANT_INVALID,
     "'scale_dtype' is 99, which is not in its enumeration"},
    {{.dtype = QUANT_FLOAT16, .scale_dtype = QUANT_FLOAT32},
     QUANT_INVALID,
     "float16 is unscaled: it does not take a type for scales"},
    {{SCALE(0.1F), .scale_dtype = QUANT_FLOAT16},
     QUANT_INVALID,
     "the scale 0.100000001 cannot be stored exactly as float16; the nearest is 0.0999755859"},
    {{SCALE(0.1F), .scale_dtype = QUANT_BFLOAT16},
     QUANT_INVALID,
     "the scale 0.100000001 cannot be stored exactly as bfloat16; the nearest is 0.100097656"},
    {{SCALE(1e6F), .scale_dtype = QUANT_FLOAT16},
     QUANT_INVALID,
     "the scale 1000000 cannot be stored: it is beyond float16"},
    {{SCALE(1e-9F), .scale_dtype = QUANT_FLOAT16},
     QUANT_INVALID,
     "the scale 9.99999972e-10 cannot be stored: it is below float16"},
};

/* quant_choose has the same errors as quant_spec_check. */
static void test_wrongs(void **state)
{
    (void)state;
    const struct quant_observed observed = QUANT_OBSERVED_INIT;
    for (size_t i = 0; i < LENGTH(wrongs); i++) {
        struct quant_error error = {QUANT_OK, ""};
        struct quant_choice choice;
        assert_int_equal(quant_spec_check(&wrongs[i].spec, &error), wrongs[i].status);
        assert_int_equal(error.status, wrongs[i].status);
        assert_string_equal(error.text, wrongs[i].text);
        assert_int_equal(quant_spec_check(&wrongs[i].spec, NULL), wrongs[i].status);
        error.text[0] = '\0';
        assert_int_equal(quant_choose(&wrongs[i].spec, &observed, &choice, &error),
                         wrongs[i].status);
        assert_string_equal(error.text, wrongs[i].text);
    }
}

/* A type is refused if and only if its row says so. */
static void test_types(void **state)
{
    (void)state;
    for (int dtype = 1; dtype < QUANT_DTYPE_COUNT; dtype++) {
        struct quant_spec spec = {.dtype = (enum quant_dtype)dtype};
        const struct quant_dtype_info *info = quant_dtype_info(spec.dtype);
        spec.has_scale = info->needs_scale;
        spec.scale = 1;
        assert_int_equal(quant_spec_check(&spec, NULL),
                         info->quantizes || (info->block_nelems > 0 && !spec.has_scale)
                             ? QUANT_OK
                             : QUANT_UNSUPPORTED);
    }
}

/* Specs at the edge of what is valid. On success the error is left alone. */
static void test_rights(void **state)
{
    (void)state;
    static const struct quant_spec rights[] = {
        {0},
        {.calibration = "minmax"},
        {.scheme = QUANT_ZERO_POINT, .include_zero = true, CLIP(5, 10)},
        {QMIN(-128), QMAX(127)},
        {QMIN(0), QMAX(1)},
        {QMAX(1)},
        {.scheme = QUANT_ZERO_POINT, QMAX(-127)},
        {.dtype = QUANT_UINT8, QMIN(0), QMAX(1)},
        {SCALE(0x1p-149F)},
        {SCALE(FLT_MAX), .has_zero_point = true, .zero_point = INT32_MIN},
        {CLIP(-(double)FLT_MAX, (double)FLT_MAX)},
        {CLIP(1, 0x1.0000000000001p0)},
        {.scale_dtype = QUANT_FLOAT32},
        {.dtype = QUANT_FLOAT8_E4M3FN, .scale_dtype = QUANT_BFLOAT16},
        {SCALE(65504), .scale_dtype = QUANT_FLOAT16},
        {SCALE(0x1p-24F), .scale_dtype = QUANT_FLOAT16},
        {SCALE(0x1.01p0F), .scale_dtype = QUANT_FLOAT16},
        {SCALE(0x1.FEp127F), .scale_dtype = QUANT_BFLOAT16},
    };
    for (size_t i = 0; i < LENGTH(rights); i++) {
        struct quant_error error = {QUANT_IO, "as it was"};
        assert_int_equal(quant_spec_check(&rights[i], &error), QUANT_OK);
        assert_int_equal(error.status, QUANT_IO);
        assert_string_equal(error.text, "as it was");
    }
}

/* ---- Plans ---- */

static struct quant_plan make(const struct quant_spec *spec)
{
    struct quant_plan plan;
    struct quant_error error = {QUANT_OK, ""};
    if (quant_plan_make(spec, NULL, &plan, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    return plan;
}

static void check_target(const struct quant_spec *spec, enum quant_dtype dtype, int32_t qmin,
                         int32_t qmax)
{
    const struct quant_target target = make(spec).target;
    assert_int_equal(target.dtype, dtype);
    assert_int_equal(target.qmin, qmin);
    assert_int_equal(target.qmax, qmax);
    assert_int_equal(target.scheme, spec->scheme);
    assert_int_equal(target.rounding, spec->rounding);
    assert_int_equal(target.include_zero, spec->include_zero);
    assert_int_equal(target.scale_dtype,
                     spec->scale_dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : spec->scale_dtype);
}

static void test_targets(void **state)
{
    (void)state;
    check_target(&(struct quant_spec){0}, QUANT_INT8, -127, 127);
    check_target(&(struct quant_spec){.scheme = QUANT_ZERO_POINT, .include_zero = true}, QUANT_INT8,
                 -128, 127);
    check_target(&(struct quant_spec){.dtype = QUANT_UINT4, .rounding = QUANT_HALF_AWAY},
                 QUANT_UINT4, 1, 15);
    check_target(&(struct quant_spec){QMIN(-5), .scale_dtype = QUANT_BFLOAT16}, QUANT_INT8, -5,
                 127);
    check_target(&(struct quant_spec){.dtype = QUANT_INT32, SCALE(1)}, QUANT_INT32, INT32_MIN,
                 INT32_MAX);
    check_target(&(struct quant_spec){.dtype = QUANT_INT16, QMAX(7)}, QUANT_INT16, -32767, 7);
    check_target(&(struct quant_spec){.dtype = QUANT_FLOAT8_E5M2}, QUANT_FLOAT8_E5M2, 0, 0);
}

/* Where the range comes from, the method and its argument. */
static void test_range_from(void **state)
{
    (void)state;
    struct quant_plan plan = make(&(struct quant_spec){0});
    assert_int_equal(plan.from, QUANT_RANGE_FOUND);
    assert_ptr_equal(plan.method, &quant_calibration_minmax);
    plan = make(&(struct quant_spec){.calibration = "auto", .nonfinite = QUANT_NONFINITE_SATURATE});
    assert_int_equal(plan.from, QUANT_RANGE_FOUND);
    assert_null(plan.method);
    assert_int_equal(plan.nonfinite, QUANT_NONFINITE_SATURATE);
    plan = make(&(struct quant_spec){.calibration = "percentile"});
    assert_ptr_equal(plan.method, &quant_calibration_percentile);
    assert_true(plan.argument == 99.9);
    struct quant_spec spec = {.calibration = "sigma",
                              .has_calibration_argument = true,
                              .calibration_argument = 2,
                              CLIP(-1, 3)};
    plan = make(&spec);
    assert_int_equal(plan.from, QUANT_RANGE_GIVEN);
    assert_true(plan.range[0] == -1 && plan.range[1] == 3);
    assert_null(plan.method);
    spec.clip_is_calibrated = true;
    plan = make(&spec);
    assert_ptr_equal(plan.method, &quant_calibration_sigma);
    assert_true(plan.argument == 2);
    plan = make(&(struct quant_spec){SCALE(0.5F), .dtype = QUANT_UINT8});
    assert_int_equal(plan.from, QUANT_SCALE_GIVEN);
    assert_true(plan.scale == 0.5F);
    assert_int_equal(plan.zero_point, 128);
    plan = make(&(struct quant_spec){SCALE(2), .has_zero_point = true, .zero_point = -7});
    assert_int_equal(plan.zero_point, -7);
    plan = make(&(struct quant_spec){.dtype = QUANT_BFLOAT16});
    assert_int_equal(plan.from, QUANT_UNSCALED);
}

static void test_groups(void **state)
{
    (void)state;
    static const struct quant_spec wrong[] = {{SCALE(1)}, {CLIP(0, 1)}, {.dtype = QUANT_FLOAT16}};
    const struct quant_granularity blocks = {.block_size = 32};
    const struct quant_granularity axis = {.has_axis = true, .axis = -1};
    const struct quant_granularity whole = {.has_axis = false};
    struct quant_plan plan;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        struct quant_error error = {QUANT_OK, ""};
        assert_int_equal(quant_plan_make(&wrong[i], &whole, &plan, &error), QUANT_OK);
        assert_int_equal(quant_plan_make(&wrong[i], &blocks, &plan, &error), QUANT_INVALID);
        assert_int_equal(quant_plan_make(&wrong[i], &axis, &plan, NULL), QUANT_INVALID);
        assert_string_equal(error.text,
                            "scales per channel or block are found from the elements and cannot be "
                            "used with a given scale, a clipping range or an unscaled type");
    }
    const struct quant_spec right = {.calibration = "auto"};
    assert_int_equal(quant_plan_make(&right, &blocks, &plan, NULL), QUANT_OK);
    assert_int_equal(plan.granularity.block_size, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrongs),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_rights),     cmocka_unit_test(test_targets),
        cmocka_unit_test(test_range_from), cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
