/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: quantize and dequantize, with one scale and zero point for an array. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

static bool is_target(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes;
}

static bool is_integer(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->is_integer;
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static const float scales[] = {
    1,      3,     0.1F,    0x1p-7F, 0x1p10F,   0x1.555556p-5F,
    1e-30F, 1e38F, FLT_MAX, FLT_MIN, 0x1p-149F, 0x1.8p-140F,
};

static const int32_t zero_points[] = {
    0, -23, 1, -128, 128, 255, -383, 4194304, -4194304, 16777217, INT32_MAX, INT32_MIN, -INT32_MAX,
};

enum {
    RANDOM_SCALES = 8,
    ALL_SCALES = LENGTH(scales) + RANDOM_SCALES,
    RANGES = 4,
    ROUNDINGS = 2,
    BY_ROUNDING = ALL_SCALES * LENGTH(zero_points),
    ALL_PARAMS = BY_ROUNDING * ROUNDINGS * RANGES,
    ORDINARY = ALL_SCALES + 2, /* scale 0.1 and zero point -23 */
};

/* The whole type, the symmetric part, a narrow range, two neighbours. */
static void set_range(struct quant_params *params, size_t which)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info->is_integer)
        return;
    const int32_t min = (int32_t)info->min;
    const int32_t max = (int32_t)info->max;
    const int32_t narrow = (int64_t)max - min > 100 ? min + 100 : max - 1;
    params->qmin = (const int32_t[]){min, min + 1, min + 3, max - 1}[which];
    params->qmax = (const int32_t[]){max, max, narrow, max}[which];
}

/* Every combination, numbered. */
static struct quant_params params_at(enum quant_dtype dtype, size_t index, struct random *random)
{
    struct quant_params params = {.dtype = dtype};
    const size_t scale = index % ALL_SCALES;
    params.scale = scale < LENGTH(scales) ? scales[scale] : random_scale(random);
    index /= ALL_SCALES;
    params.zero_point = zero_points[index % LENGTH(zero_points)];
    index /= LENGTH(zero_points);
    params.rounding = index % ROUNDINGS ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
    set_range(&params, index / ROUNDINGS % RANGES);
    return params;
}

/* As for weights: the range is [-5, 5], and z is 0. */
static struct quant_params typical_params(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const double middle = info->min < 0 ? 0 : (info->max + 1) / 2;
    return (struct quant_params){
        .dtype = dtype,
        .qmin = info->is_integer ? (int32_t)info->min : 0,
        .qmax = info->is_integer ? (int32_t)info->max : 0,
        .scale = info->is_unscaled ? 1 : (float)(5 / (info->max - middle)),
        .zero_point = info->is_integer ? (int32_t)middle : 0,
    };
}

/* An x whose quotient is well between two ties, in the target range or near it. */
static float between_ties(struct random *random, const struct quant_params *params)
{
    const double k = (double)random_below(random, 300) - 150 - params->zero_point;
    return (float)((k + 0.8 * (random_unit(random) - 0.5)) * (double)params->scale);
}

/* ---- Quantize -------------------------------------------------------------------------------- */

static void quantize_run(const struct quant_kernels *row, struct call *call)
{
    row->quantize[call->dtype](&call->params, call->arrays[0], call->n, call->arrays[1]);
}

/* In half of the calls ties are rare: a kernel that does not divide, divides a whole step of
 * elements if one of them is near a tie. */
static void quantize_fill(struct random *random, size_t round, struct call *call)
{
    const bool many_ties = random_64(random) & 1;
    float *x = call->arrays[0];
    call->params = params_at(call->dtype, round, random);
    for (size_t i = 0; i < call->n; i++)
        x[i] = many_ties || random_below(random, 100) == 0
                   ? random_element(random, call->params.scale, call->params.zero_point)
                   : between_ties(random, &call->params);
}

static void quantize_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    call->params = typical_params(call->dtype);
    random_normals(random, call->arrays[0], call->n);
}

/* Random bits, a million of them, divided by scales of random bits. */
static void check_bits(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct work work[2];
    work_begin(&work[0], &kind_quantize, QUANT_INT8, 4096);
    work_begin(&work[1], &kind_quantize, QUANT_UINT8, 4096);
    for (size_t i = 0; i < 256; i++) {
        struct call *call = &work[i % 2].call;
        call->params = params_at(call->dtype, i * 7, &random);
        call->params.scale = random_scale(&random);
        random_bytes(&random, call->arrays[0], call->n * sizeof(float));
        work_compare(&work[i % 2], row, "random bits");
    }
    work_end(&work[0]);
    work_end(&work[1]);
}

/* Ties and what is up to 64 units beside them, for zero points around the type and scales of all
 * magnitudes: a kernel that does not divide must notice these. They are dense, or so rare that a
 * step has one at most, and nothing else makes the kernel divide. */
static void check_ties(const struct quant_kernels *row)
{
    struct random random = random_begin();
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        struct work work;
        if (!row->quantize[dtype])
            continue;
        work_begin(&work, &kind_quantize, (enum quant_dtype)dtype, VALUES);
        struct quant_params *params = &work.call.params;
        float *x = work.call.arrays[0];
        for (size_t i = 0; i < 800; i++) {
            *params = params_at(work.call.dtype, random_below(&random, ALL_PARAMS), &random);
            params->zero_point = (int32_t)random_below(&random, 1100) - 550;
            params->scale =
                (float)ldexp(1 + random_unit(&random), (int)random_below(&random, 220) - 110);
            for (size_t k = 0; k < VALUES; k++)
                x[k] = i % 2 == 0 || random_below(&random, 60) == 0
                           ? random_tie(&random, params->scale, params->zero_point, k % 3 ? 64 : 2)
                           : between_ties(&random, params);
            work_compare(&work, row, "around ties");
        }
        work_end(&work);
    }
}

/* Ties of the whole range and outside it, for zero points inside and outside the type. */
static void fill_ends(struct random *random, size_t round, struct call *call)
{
    const struct quant_dtype_info *info = quant_dtype_info(call->dtype);
    struct quant_params *params = &call->params;
    float *x = call->arrays[0];
    *params = (struct quant_params){
        .dtype = call->dtype,
        .rounding = random_64(random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = (int32_t)info->min + (int32_t)random_below(random, 3),
        .qmax = (int32_t)info->max - (int32_t)random_below(random, 3),
        .scale = random_scale(random),
        .zero_point = (int32_t)random_below(random, 1U << (4 + round % 20)) - (1 << 3),
    };
    const uint64_t width = (uint64_t)((int64_t)params->qmax - params->qmin) + 9;
    for (size_t i = 0; i < call->n; i++) {
        const double k = (double)params->qmin - 4 + (double)(random_64(random) % width) + 0.5;
        const double tie = (k - params->zero_point) * (double)params->scale;
        x[i] = i % 7 ? random_nudge(random, (float)tie, 3) : random_special(random);
    }
}

/* An x whose quotient is between two numbers of a float type, or close to the middle. */
static float between(struct random *random, enum quant_dtype dtype, float scale)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const int min = ilogb(info->epsilon) < -8 ? -28 : dtype == QUANT_BFLOAT16 ? -136 : -20;
    const int width = ilogb(info->max) - min + 2;
    const double exponent = min + (int)random_below(random, (uint32_t)width);
    const double steps = floor((1 + random_unit(random)) / info->epsilon);
    const double tie = ldexp((steps + 0.5) * info->epsilon, (int)exponent);
    const double by = info->is_unscaled ? 1 : (double)scale;
    const float x = (float)(random_64(random) & 1 ? -tie * by : tie * by);
    return isfinite(x) ? random_nudge(random, x, 2) : x;
}

/* Random bits, specials, and what is between two numbers of the type. */
static void fill_between(struct random *random, size_t round, struct call *call)
{
    float *x = call->arrays[0];
    call->params = (struct quant_params){.dtype = call->dtype, .scale = random_scale(random)};
    if (round % 2)
        call->params.scale = (float)ldexp(1, (int)(round % 240) - 120);
    for (size_t i = 0; i < call->n; i++) {
        x[i] = between(random, call->dtype, call->params.scale);
        if (i % 5 == 0)
            x[i] = i % 10 ? float_of((uint32_t)random_64(random)) : random_special(random);
    }
}

static void check_ends(const struct quant_kernels *row)
{
    struct random random = random_begin();
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        struct work work;
        if (!row->quantize[dtype])
            continue;
        work_begin(&work, &kind_quantize, (enum quant_dtype)dtype, VALUES);
        for (size_t round = 0; round < 400; round++) {
            if (is_integer((enum quant_dtype)dtype))
                fill_ends(&random, round * 7, &work.call);
            else
                fill_between(&random, round, &work.call);
            work_compare(&work, row, "limits of the type");
        }
        work_end(&work);
    }
}

/* Long enough to bypass the caches, from any address on. */
static void check_long(const struct quant_kernels *row)
{
    enum { LONG = (16 << 20) + 1000, PLACES = 67 };
    struct random random = random_begin();
    float *x = malloc(LONG * sizeof *x);
    uint8_t *expected = malloc(LONG);
    uint8_t *found = malloc(LONG + PLACES);
    assert_true(x && expected && found);
    for (size_t i = 0; i < LONG; i++)
        x[i] = (float)((random_unit(&random) - 0.5) * 300);
    x[LONG - 1] = x[0] = x[12345678] = (float)NAN;
    const struct quant_params params = {
        .dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 1.1F, .zero_point = 3};
    quant_kernels_scalar.quantize[QUANT_INT8](&params, x, LONG, expected);
    for (size_t place = 0; place < PLACES; place += 33) {
        memset(found, GUARDED_CANARY, LONG + PLACES);
        row->quantize[QUANT_INT8](&params, x, LONG, found + place);
        assert_true(memcmp(found + place, expected, LONG) == 0);
        assert_true(place == 0 || found[place - 1] == GUARDED_CANARY);
        assert_int_equal(found[place + LONG], GUARDED_CANARY);
    }
    free(found);
    free(expected);
    free(x);
}

static const struct check quantize_checks[] = {{"random bits", check_bits},
                                               {"around ties", check_ties},
                                               {"limits of the type", check_ends},
                                               {"a long array", check_long},
                                               {NULL, NULL}};

const struct kind kind_quantize = {
    .name = "quantize",
    .member = offsetof(struct quant_kernels, quantize),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_target,
    .takes_null = true,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false}, {"q", bytes_of_elements, 0, true}},
    .fill = quantize_fill,
    .fill_typical = quantize_fill_typical,
    .run = quantize_run,
    .nrounds = ALL_PARAMS,
    .placed = {ORDINARY, BY_ROUNDING, ROUNDINGS, 0, 1},
    .checks = quantize_checks,
};

/* ---- Dequantize ------------------------------------------------------------------------------ */

static void dequantize_run(const struct quant_kernels *row, struct call *call)
{
    row->dequantize[call->dtype](&call->params, call->arrays[0], call->n, call->arrays[1]);
}

/* Every byte, followed by random ones. */
static void dequantize_fill(struct random *random, size_t round, struct call *call)
{
    const size_t nbytes = bytes_of_elements(call);
    unsigned char *q = call->arrays[0];
    call->params = params_at(call->dtype, round, random);
    random_bytes(random, q, nbytes);
    for (size_t i = 0; i < 256 && i < nbytes && call->n == VALUES; i++)
        q[i] = (unsigned char)i;
}

static void dequantize_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    float *x = malloc((call->n + 1) * sizeof *x);
    assert_non_null(x);
    call->params = typical_params(call->dtype);
    random_normals(random, x, call->n);
    quant_kernels_scalar.quantize[call->dtype](&call->params, x, call->n, call->arrays[0]);
    free(x);
}

/* All 16-bit patterns, which hold every element of every type. */
static void check_patterns(const struct quant_kernels *row)
{
    enum { PATTERNS = 65536, BYTES = 2 * PATTERNS };
    for (int type = 0; type < QUANT_DTYPE_COUNT; type++) {
        const enum quant_dtype dtype = (enum quant_dtype)type;
        struct work work;
        if (!row->dequantize[dtype])
            continue;
        const size_t n = BYTES / (size_t)quant_dtype_bytes(dtype, 2) * 2;
        work_begin(&work, &kind_dequantize, dtype, n < BYTES ? n : BYTES);
        for (size_t i = 0; i * 2 < bytes_of_elements(&work.call); i++)
            ((uint16_t *)work.call.arrays[0])[i] = (uint16_t)i;
        for (size_t i = 0; i < 4; i++) {
            work.call.params = (struct quant_params){
                .dtype = dtype,
                .scale = (const float[]){1, 0.1F, 0x1p-120F, 1e37F}[i],
                .zero_point = is_integer(dtype) ? (int32_t)i * 1000 - 1 : 0,
            };
            work_compare(&work, row, "every pattern");
        }
        work_end(&work);
    }
}

static const struct check dequantize_checks[] = {{"every pattern", check_patterns}, {NULL, NULL}};

const struct kind kind_dequantize = {
    .name = "dequantize",
    .member = offsetof(struct quant_kernels, dequantize),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_target,
    .takes_null = true,
    .arrays = {{"q", bytes_of_elements, 0, false}, {"x", bytes_of_floats, sizeof(float), true}},
    .fill = dequantize_fill,
    .fill_typical = dequantize_fill_typical,
    .run = dequantize_run,
    .nrounds = ALL_PARAMS,
    .placed = {ORDINARY, BY_ROUNDING, ROUNDINGS, 0, 1},
    .checks = dequantize_checks,
};
