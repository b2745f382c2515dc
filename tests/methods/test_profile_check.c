/* SPDX-License-Identifier: MIT */
/* What engines do not know is refused, and the text says what they do know. */
#include "../support/unit.h"
#include "methods/plan_make.h"

struct wrong {
    struct quant_spec spec;
    struct quant_granularity granularity;
    const char *text;
};

static const struct wrong wrongs[] = {
    {{.like = "pytorhc"},
     {0},
     "unknown engine 'pytorhc'; expected one of onnx, onnx-tools, pytorch, torchao, "
     "compressed-tensors, comfyui, tflite, tflite-reference, tensorrt, ncnn, nncf, bitsandbytes, "
     "quanto, mlx, ggml"},
    {{.exact = true}, {0}, "exact is for use with an engine to be like"},
    {{.like = "nncf", .scheme = QUANT_ZERO_POINT},
     {0},
     "nncf does not quantize to int8 by zero-point; it knows absmax int8, int4; zero-point uint8, "
     "uint4"},
    {{.like = "comfyui", .dtype = QUANT_INT4},
     {0},
     "comfyui does not quantize to int4 by absmax; it knows absmax int8, float8_e4m3fn"},
    {{.like = "comfyui", .dtype = QUANT_FLOAT8_E4M3FN},
     {0},
     "how comfyui rounds to float8_e4m3fn is not followed; give --exact, by which it is rounded to "
     "the nearest"},
    {{.like = "tflite", .dtype = QUANT_UINT8, .scheme = QUANT_ZERO_POINT},
     {0},
     "tflite quantizes to uint8 by zero-point with a given scale only"},
    {{.like = "onnx",
      .scheme = QUANT_ZERO_POINT,
      .has_scale = true,
      .scale = 1,
      .has_zero_point = true,
      .zero_point = 128},
     {0},
     "onnx stores the zero point as int8 (-128..127), found 128"},
    {{.like = "pytorch", .has_qmax = true, .qmax = 100},
     {0},
     "pytorch maps to -128..127 of int8 and takes no other qmin and qmax"},
    {{.like = "comfyui"},
     {.block_size = 32},
     "comfyui has no scale per block; it knows one per tensor, per channel"},
    {{.like = "pytorch"},
     {.block_size = 32, .block_rows = 32},
     "pytorch has no scale per block of rows and columns; it knows one per tensor, per channel"},
    {{.like = "mlx", .scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT4},
     {.block_size = 96},
     "mlx knows blocks of 32, 64 or 128, not of 96"},
    {{.like = "mlx",
      .scheme = QUANT_ZERO_POINT,
      .dtype = QUANT_UINT4,
      .has_scale = true,
      .scale = 1},
     {.block_size = 32},
     "mlx finds the scale and the bias of each block, and takes neither scales nor ranges"},
    {{.like = "pytorch", .scale_dtype = QUANT_FLOAT16},
     {0},
     "pytorch decides what scales are stored as and takes no other type"},
    {{.like = "pytorch", .rounding = QUANT_HALF_AWAY}, {0}, "pytorch decides how ties are rounded"},
    {{.like = "pytorch", .calibration = "mse"},
     {0},
     "pytorch takes its range from the extremes (method minmax), not by 'mse'; with exact it takes "
     "any method"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(wrongs); i++) {
        struct quant_plan plan;
        struct quant_error error;
        assert_int_equal(quant_plan_make(&wrongs[i].spec, &wrongs[i].granularity, &plan, &error),
                         QUANT_INVALID);
        assert_string_equal(error.text, wrongs[i].text);
    }
}

static const struct quant_spec rights[] = {
    {.like = "tflite", .scheme = QUANT_ZERO_POINT, .has_scale = true, .scale = 1},
    {.like = "tflite-reference", .rounding = QUANT_HALF_AWAY},
    {.like = "pytorch", .exact = true, .calibration = "percentile"},
    {.like = "pytorch", .exact = true, .calibration = "auto"},
    {.like = "pytorch", .calibration = "minmax"},
    {.like = "pytorch", .has_clip = true, .clip = {-1, 1}},
    {.like = "pytorch", .has_qmin = true, .qmin = -128},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rights); i++)
        assert_int_equal(quant_spec_check(&rights[i], NULL), QUANT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
