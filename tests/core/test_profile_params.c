/* SPDX-License-Identifier: MIT */
/*
 * Every profile against what its engine computes, written here once more in plain float32 as the
 * engine's own source has it: on random groups in each type of input, ties, and degenerate groups.
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
    const struct quant_group_params groups = {
        .scales = scales, .zero_points = zero_points, .factors = factors};
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_engines)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
