/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: the mappings of engines, in codes of one and of two bytes. */
#include <float.h>

#include "kinds.h"

static const enum quant_dtype arithmetics[] = {QUANT_DTYPE_NONE, QUANT_BFLOAT16, QUANT_FLOAT16};

/* By 500, what is infinite in float16 is one of the integers of 16 bits in float32. */
static const float scales[] = {1,     0.1F,      0x1p-7F,  0x1.555556p-5F, 1e-30F, 500,
                               1e38F, 0x1p-149F, 0x1p-23F, 0x1p-14F,       0};

static const int32_t zero_points[] = {0, 3, -23, 128};

enum {
    MAPPINGS = QUANT_MAP_BIAS,
    PLACED = 2 * MAPPINGS,
    ROUNDS = MAPPINGS * LENGTH(arithmetics) * LENGTH(scales) * LENGTH(zero_points) * 2,
};

/* A mapping in every arithmetic, by every scale, also negative where that may be. */
static struct quant_params params_at(size_t index)
{
    struct quant_params params = {.dtype = QUANT_INT8, .qmin = -128, .qmax = 127};
    params.mapping = (enum quant_mapping_kind)(1 + index % MAPPINGS);
    index /= MAPPINGS;
    params.arithmetic = arithmetics[index % LENGTH(arithmetics)];
    index /= LENGTH(arithmetics);
    params.scale = scales[index % LENGTH(scales)];
    index /= LENGTH(scales);
    params.zero_point = zero_points[index % LENGTH(zero_points)];
    const bool is_second = index / LENGTH(zero_points) % 2;
    const bool has_sum = params.mapping == QUANT_MAP_DIVIDE || params.mapping == QUANT_MAP_SUM ||
                         params.mapping == QUANT_MAP_SCALE_TOO || params.mapping == QUANT_MAP_BIAS;
    if (is_second && has_sum)
        params.scale = -params.scale;
    if (is_second && params.mapping == QUANT_MAP_FACTOR)
        params.factor = 1 / (3 * params.scale);
    if (params.mapping == QUANT_MAP_BIAS)
        params.bias = -3.25F * params.scale * (float)params.zero_point;
    if (params.mapping >= QUANT_MAP_FACTOR)
        params.zero_point = 0;
    return params;
}

/* A multiple of half a scale, in float32, bfloat16 or float16, is a tie or near one. */
static void fill(struct random *random, size_t round, struct call *call)
{
    float *x = call->arrays[0];
    call->params = params_at(round);
    for (size_t i = 0; i < call->n; i++) {
        x[i] = random_element(random, call->params.scale, call->params.zero_point);
        if (call->params.arithmetic != QUANT_DTYPE_NONE)
            x[i] = (float)quant_dtype_round(call->params.arithmetic, (double)x[i]);
    }
}

static void fill_wide(struct random *random, size_t round, struct call *call)
{
    fill(random, round, call);
    const bool is_unsigned = round % 2 == 0;
    call->params.dtype = is_unsigned ? QUANT_UINT16 : QUANT_INT16;
    call->params.qmin = is_unsigned ? 0 : INT16_MIN;
    call->params.qmax = is_unsigned ? UINT16_MAX : INT16_MAX;
}

static void fill_typical(struct random *random, size_t variant, struct call *call)
{
    static const struct quant_params params[] = {
        {.mapping = QUANT_MAP_RECIPROCAL},
        {.mapping = QUANT_MAP_SUM, .arithmetic = QUANT_BFLOAT16},
        {.mapping = QUANT_MAP_FACTOR},
        {.mapping = QUANT_MAP_BIAS, .bias = -2.5F},
    };
    call->params = params[variant];
    call->params.dtype = QUANT_INT8;
    call->params.qmin = -128;
    call->params.qmax = 127;
    call->params.scale = 5.0F / 127;
    random_normals(random, call->arrays[0], call->n);
}

static void run_8(const struct quant_kernels *row, struct call *call)
{
    row->mapped_8(&call->params, call->arrays[0], call->n, call->arrays[1]);
}

static void run_16(const struct quant_kernels *row, struct call *call)
{
    row->mapped_16(&call->params, call->arrays[0], call->n, call->arrays[1]);
}

static size_t bytes_of_8(const struct call *call)
{
    return call->n;
}

static size_t bytes_of_16(const struct call *call)
{
    return 2 * call->n;
}

const struct kind kind_mapped_8 = {
    .name = "mapped_8",
    .member = offsetof(struct quant_kernels, mapped_8),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false}, {"q", bytes_of_8, 1, true}},
    .fill = fill,
    .fill_typical = fill_typical,
    .variants = {"reciprocal", "bfloat16", "factor", "bias"},
    .run = run_8,
    .nrounds = ROUNDS,
    .placed = {0, 1, PLACED, 0, 7},
};

const struct kind kind_mapped_16 = {
    .name = "mapped_16",
    .member = offsetof(struct quant_kernels, mapped_16),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false}, {"q", bytes_of_16, 2, true}},
    .fill = fill_wide,
    .fill_typical = fill_typical,
    .variants = {"reciprocal", "bfloat16", "factor", "bias"},
    .run = run_16,
    .nrounds = ROUNDS,
    .placed = {0, 1, PLACED, 0, 7},
};
