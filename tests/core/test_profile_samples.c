/* SPDX-License-Identifier: MIT */
/* Profiles on a few values whose results are known by hand, with a given scale, and exact. */
#include <quant/profiles.h>

#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"

struct sample {
    const char *like;
    enum quant_scheme scheme;
    enum quant_dtype input;
    float x[4];
    float scale;
    int32_t zero_point;
    int8_t q[4];
};

static const struct sample samples[] = {
    /* 127.5 / 127.5 = 1; 126.5 and 0.5 are ties, 127.5 is clipped */
    {"pytorch",
     QUANT_ABSMAX,
     QUANT_FLOAT32,
     {127.5F, 126.5F, 0.5F, -127.5F},
     1,
     0,
     {127, 126, 0, -128}},
    /* 255 / 255 = 1; z = -128 - rne(-0.5) = -128 */
    {"pytorch",
     QUANT_ZERO_POINT,
     QUANT_FLOAT32,
     {-0.5F, 254.5F, 1.5F, 2.5F},
     1,
     -128,
     {-128, 126, -126, -126}},
    /* z = rne(-128 + 0.5) = -128, and the sum is rounded: 1.5 - 128 = -126.5 */
    {"compressed-tensors",
     QUANT_ZERO_POINT,
     QUANT_FLOAT32,
     {-0.5F, 254.5F, 1.5F, 2.5F},
     1,
     -128,
     {-128, 126, -126, -126}},
    /* the same with z = 1: 254.5 + 1 is not -1 + rne(..) */
    {"nncf", QUANT_ABSMAX, QUANT_FLOAT32, {128, 2.5F, -1, 0}, -1, 0, {-128, -2, 1, 0}},
    {"nncf", QUANT_ABSMAX, QUANT_FLOAT32, {-128, 128, 2.5F, 0}, 1, 0, {-128, 127, 2, 0}},
    /* 1 / 127.5 is 0x1.01010101p-7, as a bfloat16 0x1.02p-7; 1 by that is 126.99, as a bfloat16
     * 127; 0.5 is 63.5 */
    {"compressed-tensors",
     QUANT_ABSMAX,
     QUANT_BFLOAT16,
     {1, 0.5F, -1, 0},
     0x1.02p-7F,
     0,
     {127, 64, -127, 0}},
    {"tflite-reference",
     QUANT_ABSMAX,
     QUANT_FLOAT32,
     {127, 2.5F, -2.5F, 0.5F},
     1,
     0,
     {127, 3, -3, 1}},
    {"ncnn", QUANT_ABSMAX, QUANT_FLOAT32, {127, 2.5F, -2.5F, 0.5F}, 1, 0, {127, 3, -3, 1}},
    {"ncnn", QUANT_ABSMAX, QUANT_FLOAT32, {1e-40F, 0, 0, -1e-41F}, 0, 0, {-127, -127, -127, -127}},
    {"bitsandbytes", QUANT_ABSMAX, QUANT_FLOAT32, {127, 2.5F, 1.0001F, 0}, 1, 0, {127, 2, 1, 0}},
    {"quanto", QUANT_ABSMAX, QUANT_FLOAT16, {0, 0, 0, 0}, 0, 0, {0, 0, 0, 0}},
    {"tflite", QUANT_ABSMAX, QUANT_FLOAT32, {127, 2.5F, -127, 0}, 1, 0, {127, 2, -127, 0}},
    {"onnx-tools", QUANT_ABSMAX, QUANT_FLOAT32, {127, 2.5F, -127, 0}, 1, 0, {127, 2, -127, 0}},
    {"comfyui",
     QUANT_ABSMAX,
     QUANT_BFLOAT16,
     {1, 0.5F, -1, 0},
     0x1.020408p-7F,
     0,
     {127, 64, -127, 0}},
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(samples); i++) {
        const struct sample *sample = &samples[i];
        const struct quant_spec spec = {
            .like = sample->like, .scheme = sample->scheme, .input_dtype = sample->input};
        struct quant_choice choice;
        int8_t q[4];
        assert_int_equal(quant_calibrate(&spec, sample->x, 4, &choice, NULL), QUANT_OK);
        quant_quantize(&choice.params, sample->x, 4, q);
        if (!same_bits(choice.params.scale, sample->scale) ||
            choice.params.zero_point != sample->zero_point || memcmp(q, sample->q, 4) != 0)
            fail_msg("%s, sample %zu: scale %a, zero point %d, q %d %d %d %d", sample->like, i,
                     (double)choice.params.scale, choice.params.zero_point, q[0], q[1], q[2], q[3]);
    }
}

/* A scale that is given is used as it is; TFLite then multiplies by its inverse. */
static void test_given(void **state)
{
    static const float x[] = {4.5F, 0.3F, -0.15F, 12.7F};
    const struct quant_spec spec = {.like = "tflite",
                                    .scheme = QUANT_ZERO_POINT,
                                    .has_scale = true,
                                    .scale = 0.1F,
                                    .has_zero_point = true,
                                    .zero_point = 3};
    struct quant_choice choice;
    int8_t q[4];
    (void)state;
    assert_int_equal(quant_choose(&spec, NULL, &choice, NULL), QUANT_OK);
    quant_quantize(&choice.params, x, 4, q);
    for (int i = 0; i < 4; i++)
        assert_int_equal(q[i], (int)fminf(rintf(x[i] * (1 / 0.1F)) + 3, 127));
}

/* The engine's integers, by the rules of quant: the plain mapping and a better range. */
static void test_exact(void **state)
{
    float x[384];
    double lost[2];
    struct random random = random_begin();
    (void)state;
    random_normals(&random, x, LENGTH(x));
    for (size_t i = 0; i < LENGTH(x); i++)
        x[i] = (float)quant_dtype_round(QUANT_BFLOAT16, (double)x[i]);
    for (int exact = 0; exact < 2; exact++) {
        const struct quant_spec spec = {
            .like = "compressed-tensors", .exact = exact, .input_dtype = QUANT_BFLOAT16};
        struct quant_choice choice;
        int8_t q[LENGTH(x)];
        float back[LENGTH(x)];
        assert_int_equal(quant_calibrate(&spec, x, LENGTH(x), &choice, NULL), QUANT_OK);
        assert_int_equal(choice.params.qmin, -128);
        assert_int_equal(choice.params.scale_dtype, QUANT_BFLOAT16);
        quant_quantize(&choice.params, x, LENGTH(x), q);
        quant_dequantize(&choice.params, q, LENGTH(x), back);
        lost[exact] = 0;
        for (size_t i = 0; i < LENGTH(x); i++)
            lost[exact] += pow((double)x[i] - (double)back[i], 2);
        if (exact)
            assert_string_equal(choice.calibration, "mse");
    }
    assert_true(lost[1] < lost[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_exact),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
