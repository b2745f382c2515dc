/* SPDX-License-Identifier: MIT */
/* Quantizing by a calibration file: where one tensor was calibrated, to the bytes of data and
 * sidecar as if the method had been given; never for a mapping that it was not made for. */
#include "../../support/names.h"
#include "../calibrating.h"

static enum quant_status read_range(const char *path, struct quant_spec *spec,
                                    struct quant_error *error)
{
    const struct quant_cancel cancel = {NULL, -1};
    return quant_file_range(path, &cancel, spec, error);
}

static const char *const input = "x.npy";

static void calibrate(const struct quant_spec *spec)
{
    const struct quant_calibrate_job job = calibrate_job(&input, 1, spec, "c.json");
    calibrate_ok(&job);
}

static void quantize(const struct quant_spec *spec)
{
    struct quant_quantize_job job = quantize_job(input, "q.npy");
    job.output.force = true;
    job.spec = *spec;
    quantize_ok(&job);
}

/* By the file, and by the method itself. */
static void check_same(const struct quant_spec *spec)
{
    struct quant_spec own = *spec;
    struct quant_error error;
    calibrate(spec);
    quantize(spec);
    assert_int_equal(rename("q.npy", "expected.npy"), 0);
    assert_int_equal(rename("q.npy.json", "expected.json"), 0);
    own.calibration = NULL;
    own.has_calibration_argument = false;
    check_ok(read_range("c.json", &own, &error), &error);
    check_ok(quant_spec_check(&own, &error), &error);
    quantize(&own);
    assert_true(files_equal("q.npy", "expected.npy"));
    assert_true(files_equal("q.npy.json", "expected.json"));
}

static void test_as_by_the_method(void **state)
{
    (void)state;
    float *x = make_floats(2000);
    write_tensor(input, x, 2000);
    free(x);
    for (size_t i = 0; method_name(i); i++) {
        struct quant_spec spec = {.calibration = method_name(i)};
        double initial;
        if (strcmp(spec.calibration, "auto") == 0)
            continue;
        check_same(&spec);
        spec.scheme = QUANT_ZERO_POINT;
        spec.dtype = QUANT_UINT8;
        spec.include_zero = true;
        spec.has_qmax = true;
        spec.qmax = 200;
        spec.rounding = QUANT_HALF_AWAY;
        spec.has_calibration_argument = method_argument(i, &initial) != NULL;
        spec.calibration_argument = 1.5;
        check_same(&spec);
    }
}

/* The range of one number holds 0 in quantizing too. */
static void test_points(void **state)
{
    (void)state;
    static const float points[] = {5, -5, 1e-45F, -3e38F};
    for (size_t i = 0; i < LENGTH(points); i++) {
        const float x[] = {points[i], points[i]};
        const struct quant_spec absmax = {.calibration = "mse"};
        const struct quant_spec affine = {.calibration = "mse", .scheme = QUANT_ZERO_POINT};
        write_tensor(input, x, LENGTH(x));
        struct quant_spec own = {.scheme = QUANT_ZERO_POINT};
        struct quant_error error;
        calibrate(&affine);
        check_ok(read_range("c.json", &own, &error), &error);
        assert_true(own.clip[0] == (x[0] < 0 ? (double)x[0] : 0));
        assert_true(own.clip[1] == (x[0] > 0 ? (double)x[0] : 0));
        calibrate(&absmax);
        own = (struct quant_spec){.dtype = QUANT_INT8};
        check_ok(read_range("c.json", &own, &error), &error);
        check_ok(quant_spec_check(&own, &error), &error);
    }
}

static const struct {
    struct quant_spec made;
    struct quant_spec used;
    const char *message; /* NULL: they go together */
} pairs[] = {
    {{.calibration = "minmax"}, {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT16}, NULL},
    {{.calibration = "percentile"}, {.dtype = QUANT_FLOAT8_E5M2}, NULL},
    {{.calibration = "sigma", .has_qmax = true, .qmax = 5}, {.dtype = QUANT_INT4}, NULL},
    {{.calibration = "octav"}, {.dtype = QUANT_INT8}, NULL},
    {{.calibration = "octav"},
     {.has_qmin = true, .qmin = -127, .has_qmax = true, .qmax = 127},
     NULL},
    {{.calibration = "percentile"},
     {.scheme = QUANT_ZERO_POINT},
     "'c.json' was calibrated by percentile for the scheme absmax, not zero-point"},
    {{.calibration = "entropy"},
     {.dtype = QUANT_INT4},
     "'c.json' was calibrated by entropy for int8, not int4"},
    {{.calibration = "octav", .has_qmax = true, .qmax = 100},
     {.dtype = QUANT_INT8},
     "'c.json' was calibrated by octav for another qmin, qmax, include-zero or rounding"},
    {{.calibration = "mse"},
     {.rounding = QUANT_HALF_AWAY},
     "'c.json' was calibrated by mse for another qmin, qmax, include-zero or rounding"},
    {{.calibration = "mse", .scheme = QUANT_ZERO_POINT},
     {.include_zero = true, .scheme = QUANT_ZERO_POINT},
     "'c.json' was calibrated by mse for another qmin, qmax, include-zero or rounding"},
    {{.calibration = "mse", .scale_dtype = QUANT_FLOAT32}, {.dtype = QUANT_INT8}, NULL},
    {{.calibration = "mse", .scale_dtype = QUANT_FLOAT16}, {.scale_dtype = QUANT_FLOAT16}, NULL},
    {{.calibration = "mse", .scale_dtype = QUANT_FLOAT16},
     {.dtype = QUANT_INT8},
     "'c.json' was calibrated by mse for scales of float16, not float32"},
    {{.calibration = "octav"},
     {.scale_dtype = QUANT_BFLOAT16},
     "'c.json' was calibrated by octav for scales of float32, not bfloat16"},
    {{.calibration = "minmax"}, {.scale_dtype = QUANT_BFLOAT16}, NULL},
};

static void test_pairs(void **state)
{
    (void)state;
    float *x = make_floats(100);
    write_tensor(input, x, 100);
    free(x);
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        struct quant_spec spec = pairs[i].used;
        struct quant_error error;
        calibrate(&pairs[i].made);
        const enum quant_status status = read_range("c.json", &spec, &error);
        if (pairs[i].message) {
            check_error(pairs[i].message, status, &error, QUANT_INVALID, pairs[i].message);
            assert_false(spec.has_clip);
        } else {
            check_ok(status, &error);
            assert_true(spec.has_clip && spec.clip_is_calibrated);
        }
    }
}

/* By a calibration of zeros, or of nothing finite: as tensors of these alone are quantized. */
static void check_nothing(const struct quant_spec *made)
{
    struct quant_spec spec = *made;
    for (int i = 0; i < 4; i++) {
        struct quant_choice choice;
        spec.scheme = i & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
        spec.dtype = i & 2 ? QUANT_UINT8 : QUANT_INT8;
        spec.has_qmin = spec.has_qmax = i & 1;
        spec.qmin = 10;
        spec.qmax = 20;
        assert_int_equal(quant_choose(&spec, NULL, &choice, NULL), QUANT_OK);
        assert_true(choice.params.scale == 1 && choice.has_range);
        assert_true(choice.range[0] == 0 && choice.range[1] == 0);
        assert_int_equal(choice.params.zero_point, i & 1 ? 10 : i & 2 ? 128 : 0);
    }
    spec.clip_is_calibrated = false; /* nobody types such a range */
    assert_int_equal(quant_spec_check(&spec, NULL), QUANT_INVALID);
}

static void test_not_complete(void **state)
{
    (void)state;
    const float x[] = {1, -2};
    const struct quant_spec made = {.calibration = "percentile"};
    struct quant_calibrate_job job = calibrate_job(&input, 1, &made, "p.json");
    struct quant_spec spec = {.dtype = QUANT_INT8};
    struct quant_error error;
    write_tensor(input, x, LENGTH(x));
    job.partial = true;
    calibrate_ok(&job);
    check_error("partial", read_range("p.json", &spec, &error), &error, QUANT_INVALID,
                "'p.json' is not complete: it has no range until round 1 is merged");
    merge_ok((const char *const[]){"p.json"}, 1, "m.json");
    check_error("next", read_range("m.json", &spec, &error), &error, QUANT_INVALID,
                "'m.json' is not complete: it has no range until round 2 is merged");
    check_error("none", read_range("none.json", &spec, &error), &error, QUANT_IO,
                "cannot read 'none.json': No such file");
    const float zeros[] = {0, -0.0F};
    write_tensor(input, zeros, LENGTH(zeros));
    calibrate(&made);
    assert_int_equal(read_range("c.json", &spec, &error), QUANT_OK);
    check_nothing(&spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_as_by_the_method),
        IN_FOLDER(test_points),
        IN_FOLDER(test_pairs),
        IN_FOLDER(test_not_complete),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
