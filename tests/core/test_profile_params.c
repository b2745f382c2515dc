/* SPDX-License-Identifier: MIT */
/*
 * Every profile against what its engine computes, written here once more in plain float32 as the
 * engine's own source has it: on random groups in each type of input, ties, and degenerate groups.
 * Then a few values by hand.
 */
#include <quant/profiles.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"

enum { N = 96 };

/* ---- Numbers of 16 bits ---- */

/* digits: of the significand; least: the exponent of the smallest step. */
static float round_to(float x, int digits, int least, float max)
{
    int exponent;
    if (x == 0 || !isfinite(x))
        return x;
    (void)frexpf(x, &exponent);
    const int step = exponent - digits > least ? exponent - digits : least;
    const double rounded = ldexp(rint(ldexp((double)x, -step)), step);
    return fabs(rounded) > (double)max ? copysignf(INFINITY, x) : (float)rounded;
}

/* x as a number of the type. */
static float as(enum quant_dtype dtype, float x)
{
    if (dtype == QUANT_BFLOAT16)
        return round_to(x, 8, -133, 0x1.FEp127F);
    if (dtype == QUANT_FLOAT16)
        return round_to(x, 11, -24, 65504);
    return x;
}

/* ---- The engines ---- */

struct expected {
    float scale;
    int32_t zero_point;
    int32_t q[N];
};

struct input {
    enum quant_scheme scheme;
    enum quant_dtype dtype;
    enum quant_dtype type; /* of x */
    const float *x;        /* N of them */
    float min;
    float max;
    float low; /* min, or 0 */
    float high;
    float m;
    int qmin;
    int qmax;
    bool in_blocks;
};

static float clip(const struct input *in, float v)
{
    if (isnan(v))
        return 0;
    return fminf(fmaxf(v, (float)in->qmin), (float)in->qmax);
}

static int32_t away(const struct input *in, float v)
{
    return (int32_t)clip(in, roundf(v));
}

static void divide(const struct input *in, struct expected *out)
{
    for (int i = 0; i < N; i++)
        out->q[i] = (int32_t)clip(in, rintf(in->x[i] / out->scale) + (float)out->zero_point);
}

/* Every step in the type. */
static void divide_in(const struct input *in, enum quant_dtype type, float scale,
                      struct expected *out)
{
    for (int i = 0; i < N; i++) {
        const float quotient = as(type, in->x[i] / scale);
        const float sum = as(type, (isnan(quotient) ? 0 : quotient) + (float)out->zero_point);
        out->q[i] = (int32_t)rintf(clip(in, sum));
    }
}

static void multiply(const struct input *in, struct expected *out)
{
    const float inverse = 1.0F / out->scale;
    for (int i = 0; i < N; i++)
        out->q[i] = (int32_t)clip(in, rintf(in->x[i] * inverse) + (float)out->zero_point);
}

static void onnx_tools(const struct input *in, struct expected *out)
{
    const double levels = (double)in->qmax - (double)in->qmin;
    const bool is_absmax = in->scheme == QUANT_ABSMAX;
    const double length = is_absmax ? 2 * (double)in->m : (double)in->high - (double)in->low;
    const bool is_narrow = is_absmax && (in->dtype == QUANT_INT8 || in->dtype == QUANT_INT16);
    double scale =
        (in->in_blocks ? (double)(float)length : length) / (is_narrow ? levels - 1 : levels);
    if (in->in_blocks && is_absmax)
        scale = length / (is_narrow ? levels - 1 : levels);
    const bool is_zero = scale < (double)FLT_MIN;
    const bool keeps_middle = is_absmax && in->in_blocks;
    out->scale = is_zero ? 1 : (float)scale;
    const double by = in->in_blocks ? (double)out->scale : scale;
    const double middle = in->qmin < 0 ? 0 : ((double)in->qmax + 1) / 2;
    const double zero = is_absmax ? middle : rint((double)in->qmin - (double)in->low / by);
    out->zero_point = is_zero && !keeps_middle
                          ? 0
                          : (int32_t)fmin(fmax(zero, (double)in->qmin), (double)in->qmax);
    divide(in, out);
}

static void pytorch(const struct input *in, struct expected *out)
{
    const bool is_absmax = in->scheme == QUANT_ABSMAX;
    const float scale = is_absmax ? in->m / 127.5F : (in->high - in->low) / 255.0F;
    out->scale = fmaxf(scale, 0x1p-23F);
    out->zero_point = is_absmax ? (in->qmin < 0 ? 0 : 128)
                                : (int32_t)clip(in, (float)in->qmin - rintf(in->low / out->scale));
    multiply(in, out);
}

static void torchao(const struct input *in, struct expected *out)
{
    out->scale = fmaxf(as(in->type, in->m / 127.5F), 0x1p-23F);
    multiply(in, out);
}

static void compressed_tensors(const struct input *in, struct expected *out)
{
    const bool is_absmax = in->scheme == QUANT_ABSMAX;
    const float levels = (float)(in->qmax - in->qmin);
    const float epsilon = in->type == QUANT_BFLOAT16  ? 0x1p-7F
                          : in->type == QUANT_FLOAT16 ? 0x1p-10F
                                                      : 0x1p-23F;
    out->scale =
        as(in->type, is_absmax ? in->m / (levels / 2) : as(in->type, in->high - in->low) / levels);
    if (!is_absmax) {
        const float steps = as(in->type, in->low / out->scale);
        out->zero_point = (int32_t)rintf(clip(in, as(in->type, (float)in->qmin - steps)));
    }
    if (out->scale == 0)
        out->scale = epsilon;
    divide_in(in, in->type, out->scale, out);
}

static void comfyui(const struct input *in, struct expected *out)
{
    out->scale = fmaxf(in->m / 127.0F, 1e-30F);
    float by = as(in->type, out->scale);
    if (by == 0)
        by = 0x1p-14F;
    divide_in(in, in->type, by, out);
}

static void tflite(const struct input *in, struct expected *out)
{
    const bool is_absmax = in->scheme == QUANT_ABSMAX;
    out->scale = is_absmax ? fmaxf(in->m, 1e-9F) / (float)in->qmax
                           : fmaxf(in->high - in->low, 1e-9F) / 255.0F;
    if (!is_absmax)
        out->zero_point = (int32_t)rintf(clip(in, (float)in->qmin - in->low / out->scale));
    if (in->in_blocks)
        out->scale = fminf(as(QUANT_FLOAT16, as(QUANT_BFLOAT16, out->scale)), 65504);
    divide_in(in, QUANT_FLOAT32, out->scale, out);
}

static void tflite_reference(const struct input *in, struct expected *out)
{
    out->scale = fmaxf(in->m, 1e-9F) / 127.0F;
    for (int i = 0; i < N; i++)
        out->q[i] = away(in, in->x[i] / out->scale);
}

static void tensorrt(const struct input *in, struct expected *out)
{
    out->scale = in->m / 127.0F;
    divide_in(in, QUANT_FLOAT32, out->scale, out);
}

static void ncnn(const struct input *in, struct expected *out)
{
    const float factor = in->m == 0 ? 1 : 127.0F / in->m;
    out->scale = 1.0F / factor;
    for (int i = 0; i < N; i++)
        out->q[i] = isinf(factor) ? -127 : away(in, in->x[i] * factor);
}

static void nncf(const struct input *in, struct expected *out)
{
    const bool is_absmax = in->scheme == QUANT_ABSMAX;
    const float edge = fabsf(in->min) >= in->max ? fabsf(in->min) : -in->max;
    out->scale = is_absmax ? edge / (float)(in->qmax + 1) : (in->high - in->low) / (float)in->qmax;
    if (fabsf(out->scale) < 0x1p-23F)
        out->scale = 0x1p-23F;
    if (!is_absmax)
        out->zero_point = (int32_t)clip(in, -rintf(in->low / out->scale));
    divide_in(in, QUANT_FLOAT32, out->scale, out);
}

static void bitsandbytes(const struct input *in, struct expected *out)
{
    const float m = as(QUANT_FLOAT16, in->m);
    const bool is_lost = m == 0 || isinf(m);
    out->scale = is_lost ? 0 : m * (1.0F / 127.0F);
    for (int i = 0; i < N; i++)
        out->q[i] =
            is_lost ? 0
                    : (int32_t)clip(in, rintf(as(QUANT_FLOAT16, in->x[i]) * ((1.0F / m) * 127.0F)));
}

static void quanto(const struct input *in, struct expected *out)
{
    out->scale = as(in->type, in->m / 127.0F);
    divide_in(in, in->type, out->scale, out);
}

static const struct {
    const char *name;
    void (*compute)(const struct input *in, struct expected *out);
} engines[] = {
    {"onnx-tools", onnx_tools},
    {"pytorch", pytorch},
    {"torchao", torchao},
    {"compressed-tensors", compressed_tensors},
    {"comfyui", comfyui},
    {"tflite", tflite},
    {"tflite-reference", tflite_reference},
    {"tensorrt", tensorrt},
    {"ncnn", ncnn},
    {"nncf", nncf},
    {"bitsandbytes", bitsandbytes},
    {"quanto", quanto},
};

/* ---- Groups ---- */

enum { SHAPES = 14 };

/* A group of a kind that is easy to get wrong. */
static void fill(struct random *random, int shape, enum quant_dtype type, float *x)
{
    static const float divisors[] = {127, 127.5F, 128, 255, 7.5F, 8, 15};
    const float spread = ldexpf(1, (int)random_below(random, 12) - 8);
    const float divisor = divisors[random_below(random, LENGTH(divisors))];
    random_normals(random, x, N);
    for (int i = 0; i < N; i++) {
        switch (shape) {
        case 0:
            x[i] = 0;
            break;
        case 1:
            x[i] = -0.0F;
            break;
        case 2:
            x[i] = 0.3F;
            break;
        case 3:
            x[i] = -0.3F;
            break;
        case 4:
            x[i] = fabsf(x[i]) * spread;
            break;
        case 5:
            x[i] = -fabsf(x[i]) * spread;
            break;
        case 6:
            x[i] *= 1e-40F;
            break;
        case 7:
            x[i] *= 1e-9F;
            break;
        case 8:
            x[i] *= 1e-30F;
            break;
        case 9:
            x[i] *= i == 5 ? 1e4F : 1e-2F;
            break;
        case 10:
            x[i] = i == 0 ? divisor * spread : rintf(x[i] * 60) * 0.5F * spread;
            break;
        case 11:
            x[i] = i == 0 ? -divisor * spread : rintf(x[i] * 60) * 0.5F * spread;
            break;
        case 12:
            x[i] = type == QUANT_FLOAT16 ? x[i] : ldexpf(x[i], 120);
            break;
        default:
            x[i] *= spread;
            break;
        }
        x[i] = as(type, x[i]);
    }
}

/* ---- Comparing ---- */

static int32_t code_at(enum quant_dtype dtype, const void *q, int i)
{
    const unsigned byte = ((const unsigned char *)q)[i / 2] >> (i % 2 ? 4 : 0) & 0xFU;
    switch (dtype) {
    case QUANT_INT8:
        return ((const int8_t *)q)[i];
    case QUANT_UINT8:
        return ((const uint8_t *)q)[i];
    case QUANT_INT16:
        return ((const int16_t *)q)[i];
    case QUANT_UINT16:
        return ((const uint16_t *)q)[i];
    case QUANT_INT4:
        return byte < 8 ? (int32_t)byte : (int32_t)byte - 16;
    default:
        return (int32_t)byte;
    }
}

static void compare(const char *name, const struct input *in, const struct expected *expected,
                    float scale, int32_t zero_point, const void *q, int shape)
{
    char what[160];
    snprintf(what, sizeof what, "%s %s %s of %s, shape %d%s: scale %.9g %.9g zero %d %d", name,
             in->scheme == QUANT_ABSMAX ? "absmax" : "zero-point",
             quant_dtype_info(in->dtype)->name, quant_dtype_info(in->type)->name, shape,
             in->in_blocks ? ", in blocks" : "", (double)scale, (double)expected->scale, zero_point,
             expected->zero_point);
    if (!same_bits(scale, expected->scale) || zero_point != expected->zero_point)
        fail_msg("%s", what);
    for (int i = 0; i < N; i++)
        if (code_at(in->dtype, q, i) != expected->q[i])
            fail_msg("%s: element %d, %.9g: %d, not %d", what, i, (double)in->x[i],
                     code_at(in->dtype, q, i), expected->q[i]);
}

static void observe(struct input *in)
{
    in->min = in->max = in->x[0];
    in->low = in->high = in->m = 0;
    for (int i = 0; i < N; i++) {
        in->min = fminf(in->min, in->x[i]);
        in->max = fmaxf(in->max, in->x[i]);
        in->low = fminf(in->low, in->x[i]);
        in->high = fmaxf(in->high, in->x[i]);
        in->m = fmaxf(in->m, fabsf(in->x[i]));
    }
    in->low += 0.0F;
    in->high += 0.0F;
}

static struct quant_spec spec_of(const char *name, const struct input *in)
{
    return (struct quant_spec){
        .scheme = in->scheme, .dtype = in->dtype, .like = name, .input_dtype = in->type};
}

/* Three groups of the same elements, as one scale each. */
static void compare_groups(const char *name, const struct input *in,
                           const struct expected *expected, int shape)
{
    float x[3 * N];
    float scales[3];
    int32_t zero_points[3];
    float factors[3];
    uint16_t q[3 * N];
    struct quant_params common;
    unsigned notes;
    struct quant_grouping grouping;
    const struct quant_shape dims = {2, {3, N}};
    const struct quant_granularity granularity = {
        .has_axis = true, .axis = in->in_blocks ? 1 : 0, .block_size = in->in_blocks ? N : 0};
    const struct quant_group_params groups = {0, scales, zero_points, factors};
    const struct quant_spec spec = spec_of(name, in);
    for (int i = 0; i < 3; i++)
        memcpy(x + (ptrdiff_t)i * N, in->x, N * sizeof *x);
    assert_int_equal(quant_grouping_make(&granularity, &dims, QUANT_ORDER_C, &grouping, NULL),
                     QUANT_OK);
    assert_int_equal(quant_calibrate_groups(&spec, &grouping, x, &common, &groups, &notes, NULL),
                     QUANT_OK);
    quant_quantize_groups(&common, &grouping, &groups, 0, x, 3 * (size_t)N, q);
    const size_t row = (size_t)quant_dtype_bytes(in->dtype, N);
    for (size_t i = 0; i < 3; i++)
        compare(name, in, expected, scales[i], zero_points[i], (const char *)q + i * row, shape);
}

static void compare_one(const char *name, struct input *in, const struct expected *expected,
                        int shape)
{
    uint16_t q[N];
    struct quant_choice choice;
    const struct quant_spec spec = spec_of(name, in);
    assert_int_equal(quant_calibrate(&spec, in->x, N, &choice, NULL), QUANT_OK);
    quant_quantize(&choice.params, in->x, N, q);
    compare(name, in, expected, choice.params.scale, choice.params.zero_point, q, shape);
}

static void test_engines(void **state)
{
    static const enum quant_dtype types[] = {QUANT_FLOAT32, QUANT_BFLOAT16, QUANT_FLOAT16};
    struct random random = random_begin();
    float x[N];
    (void)state;
    for (size_t e = 0; e < LENGTH(engines) * LENGTH(types); e++) {
        const char *name = engines[e / LENGTH(types)].name;
        const struct quant_profile *profile = quant_profile_from_name(name);
        for (size_t i = 0; i < profile->ntypes * SHAPES * 12; i++) {
            const struct quant_profile_type *type = &profile->types[i % profile->ntypes];
            const int shape = (int)(i / profile->ntypes % SHAPES);
            struct input in = {
                type->scheme, type->dtype, types[e % LENGTH(types)], x, 0, 0, 0, 0, 0, type->qmin,
                type->qmax,   false};
            if (type->divisor == 0)
                continue;
            fill(&random, shape, in.type, x);
            observe(&in);
            struct expected expected = {.zero_point = 0};
            engines[e / LENGTH(types)].compute(&in, &expected);
            compare_one(name, &in, &expected, shape);
            compare_groups(name, &in, &expected, shape);
            if (!(profile->granularities & QUANT_PER_BLOCK))
                continue;
            in.in_blocks = true;
            expected = (struct expected){.zero_point = 0};
            engines[e / LENGTH(types)].compute(&in, &expected);
            compare_groups(name, &in, &expected, shape);
        }
    }
}

/* ---- By hand ---- */

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
    float x[4 * N];
    double lost[2];
    struct random random = random_begin();
    (void)state;
    random_normals(&random, x, LENGTH(x));
    for (size_t i = 0; i < LENGTH(x); i++)
        x[i] = as(QUANT_BFLOAT16, x[i]);
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

/* Channels side by side, and blocks along the first axis, from any element on and in any number:
 * each element is mapped as by itself. */
static void test_channels(void **state)
{
    enum { ROWS = 41, COLUMNS = 7 };
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_INT4, QUANT_INT16};
    float x[ROWS * COLUMNS];
    float scales[ROWS * COLUMNS];
    int32_t zero_points[ROWS * COLUMNS];
    struct random random = random_begin();
    const struct quant_shape dims = {2, {ROWS, COLUMNS}};
    (void)state;
    random_normals(&random, x, LENGTH(x));
    for (size_t i = 0; i < LENGTH(x); i++) {
        scales[i] = (float)(0.001 + 0.01 * random_unit(&random));
        zero_points[i] = (int32_t)random_below(&random, 3) - 1;
    }
    for (size_t round = 0; round < 600; round++) {
        const enum quant_dtype dtype = dtypes[round % LENGTH(dtypes)];
        const bool in_blocks = round % 2;
        const struct quant_granularity granularity = {
            .has_axis = true, .axis = in_blocks ? 0 : 1, .block_size = in_blocks ? 9 : 0};
        const struct quant_params common = {.dtype = dtype,
                                            .qmin = dtype == QUANT_INT4 ? -8 : -128,
                                            .qmax = dtype == QUANT_INT4 ? 7 : 127,
                                            .scale = 1,
                                            .mapping = QUANT_MAP_RECIPROCAL};
        const struct quant_group_params groups = {0, scales, zero_points, NULL};
        struct quant_grouping grouping;
        uint16_t q[LENGTH(x)];
        assert_int_equal(quant_grouping_make(&granularity, &dims, QUANT_ORDER_C, &grouping, NULL),
                         QUANT_OK);
        const size_t first = random_below(&random, LENGTH(x)) & ~1U;
        const size_t n = random_below(&random, (uint32_t)(LENGTH(x) - first)) + 1;
        quant_quantize_groups(&common, &grouping, &groups, first, x + first, n, q);
        for (size_t i = 0; i < n; i++) {
            const uint64_t group = quant_grouping_group_of(&grouping, first + i);
            struct quant_params params = common;
            uint16_t one = 0;
            params.scale = scales[group];
            params.zero_point = zero_points[group];
            quant_quantize(&params, x + first + i, 1, &one);
            assert_int_equal(code_at(dtype, q, (int)i), code_at(dtype, &one, 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engines), cmocka_unit_test(test_samples),
        cmocka_unit_test(test_given),   cmocka_unit_test(test_channels),
        cmocka_unit_test(test_exact),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
