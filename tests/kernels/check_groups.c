/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: those with a scale and a zero point for each element, or for each run. Expected
 * results come from the functions for one scale, so the scalar row is checked too. */
#include <stdlib.h>
#include <string.h>

#include "base/nibble.h"
#include "groups.h"

static bool has_scale(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && !info->is_unscaled;
}

static struct quant_params params_of(const struct call *call, size_t group)
{
    struct quant_params params = call->params;
    params.scale = ((const float *)call->arrays[SCALES])[group];
    params.zero_point = ((const int32_t *)call->arrays[ZERO_POINTS])[group];
    return params;
}

static void groups_fill(struct random *random, size_t round, struct call *call)
{
    group_inputs_fill(random, round, call->dtype, call);
}

/* ---- quantize_each --------------------------------------------------------------------------- */

static void each_run(const struct quant_kernels *row, struct call *call)
{
    row->quantize_each[call->dtype](&call->params, call->arrays[SCALES], call->arrays[ZERO_POINTS],
                                    call->arrays[X], call->n, call->arrays[Q]);
}

/* Elements one by one, each by the function for arrays. */
static void each_reference(struct call *call)
{
    const bool halves = quant_dtype_bytes(call->dtype, 2) == 1;
    const float *x = call->arrays[X];
    unsigned char *q = call->arrays[Q];
    for (size_t i = 0; i < call->n; i++) {
        const struct quant_params params = params_of(call, i / call->run);
        uint32_t element = 0; /* room for the widest */
        quant_kernels_scalar.quantize[call->dtype](&params, x + i, 1, &element);
        if (halves)
            quant_nibble_put(q, i, element & 15U);
        else
            memcpy(q + quant_dtype_bytes(call->dtype, i), &element,
                   (size_t)quant_dtype_bytes(call->dtype, 1));
    }
}

static void each_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    group_inputs_fill_same(random, call, false);
}

const struct kind kind_quantize_each = {
    .name = "quantize_each",
    .member = offsetof(struct quant_kernels, quantize_each),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = has_scale,
    .arrays = {{"scales", bytes_of_floats, sizeof(float), false},
               {"zero_points", bytes_of_floats, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), false},
               {"q", bytes_of_elements, 0, true}},
    .fill = groups_fill,
    .fill_typical = each_fill_typical,
    .run = each_run,
    .reference = each_reference,
    .nrounds = 160,
    .placed = {4, 1, 1, 1, 1},
};

/* ---- quantize_runs --------------------------------------------------------------------------- */

/* If a row has no quantize_runs for the type, its callers use quantize_each with a scale for each
 * element; so does this. */
static void runs_run(const struct quant_kernels *row, struct call *call)
{
    if (row->quantize_runs[call->dtype]) {
        row->quantize_runs[call->dtype](&call->params, call->arrays[SCALES],
                                        call->arrays[ZERO_POINTS], call->run, call->arrays[X],
                                        call->n, call->arrays[Q]);
        return;
    }
    struct group_each each = group_each_of(call);
    row->quantize_each[call->dtype](&call->params, each.scales, each.zero_points, call->arrays[X],
                                    call->n, call->arrays[Q]);
    group_each_release(&each);
}

static void runs_reference(struct call *call)
{
    const float *x = call->arrays[X];
    unsigned char *q = call->arrays[Q];
    for (size_t i = 0; i < call->n; i += call->run) {
        const struct quant_params params = params_of(call, i / call->run);
        quant_kernels_scalar.quantize[call->dtype](
            &params, x + i, call->n - i < call->run ? call->n - i : call->run,
            q + quant_dtype_bytes(call->dtype, i));
    }
}

static void runs_fill_typical(struct random *random, size_t variant, struct call *call)
{
    call->run = variant == 2 ? 128 : 32;
    group_inputs_fill_same(random, call, variant == 1);
}

/* Ties of runs whose quotients are large and so least exact in fixed point, in a call that
 * begins with a run whose quotients are small. A step has few ties, if any: near one, a kernel
 * divides all elements of the step. */
static void check_apart(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct work works[2];
    work_begin(&works[0], &kind_quantize_runs, QUANT_UINT8, VALUES);
    work_begin(&works[1], &kind_quantize_runs, QUANT_INT8, VALUES);
    for (size_t round = 0; round < 1000; round++) {
        struct call *call = &works[round % 2].call;
        float *scales = call->arrays[SCALES];
        int32_t *zero_points = call->arrays[ZERO_POINTS];
        call->run = 32;
        group_common_set(&call->params, call->dtype, round / 2 * 4);
        for (size_t i = 0; i < VALUES; i++) {
            const size_t group = i / 32;
            if (i % 32 == 0) {
                scales[group] = (float)(1 + random_unit(&random));
                zero_points[group] = group == 0 ? 0 : 512 - (int32_t)random_below(&random, 8);
            }
            const double k = random_below(&random, 256) - 128.0 - zero_points[group];
            const double steps =
                random_below(&random, 64) == 0 ? k - 0.5 : k + 0.8 * (random_unit(&random) - 0.5);
            ((float *)call->arrays[X])[i] =
                random_nudge(&random, (float)(steps * (double)scales[group]), 2);
        }
        work_compare(&works[round % 2], row, "zero points far apart");
    }
    work_end(&works[0]);
    work_end(&works[1]);
}

/* Many short runs: more than a kernel plans at a time. */
static void check_many(const struct quant_kernels *row)
{
    enum { MANY = 200 * 32 + 17 };
    struct random random = random_begin();
    struct work work;
    work_begin(&work, &kind_quantize_runs, QUANT_INT8, MANY);
    for (size_t round = 0; round < 48; round++) {
        work.call.run = 32;
        work.call.n = MANY - random_below(&random, 500);
        groups_fill(&random, round, &work.call);
        work_compare(&work, row, "many runs");
    }
    work_end(&work);
}

/* Long enough to bypass the caches, at an aligned address and at another. */
static void check_long(const struct quant_kernels *row)
{
    enum { LONG = (16 << 20) + 1000, RUN = 4096, PLACES = 64, ROOM = (16 << 20) + 20 * PLACES };
    struct random random = random_begin();
    const size_t nruns = LONG / RUN + 1;
    if (!row->quantize_runs[QUANT_INT8])
        return;
    float *x = malloc(LONG * sizeof *x);
    float *scales = malloc(nruns * sizeof *scales);
    int32_t *zero_points = calloc(nruns, sizeof *zero_points);
    uint8_t *expected = malloc(LONG);
    uint8_t *found = aligned_alloc(PLACES, ROOM);
    assert_true(x && scales && zero_points && expected && found);
    struct quant_params params = {.dtype = QUANT_INT8, .qmin = -127, .qmax = 127};
    const struct quant_params common = params;
    for (size_t i = 0; i < LONG; i++)
        x[i] = (float)(int32_t)(random_64(&random) >> 32) * 0x1p-24F;
    for (size_t i = 0; i < nruns; i++) {
        params.scale = scales[i] = (float)(random_unit(&random) + 0.5);
        const size_t n = i * RUN + RUN > LONG ? LONG - i * RUN : RUN;
        quant_kernels_scalar.quantize[QUANT_INT8](&params, x + i * RUN, n, expected + i * RUN);
    }
    for (size_t place = PLACES; place < PLACES + 2; place++) {
        memset(found, GUARDED_CANARY, ROOM);
        row->quantize_runs[QUANT_INT8](&common, scales, zero_points, RUN, x, LONG, found + place);
        assert_true(memcmp(found + place, expected, LONG) == 0);
        assert_int_equal(found[place - 1], GUARDED_CANARY);
        assert_int_equal(found[place + LONG], GUARDED_CANARY);
    }
    free(found);
    free(expected);
    free(zero_points);
    free(scales);
    free(x);
}

static const struct check runs_checks[] = {{"zero points far apart", check_apart},
                                           {"many runs", check_many},
                                           {"a long array", check_long},
                                           {NULL, NULL}};

const struct kind kind_quantize_runs = {
    .name = "quantize_runs",
    .member = offsetof(struct quant_kernels, quantize_runs),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = has_scale,
    .is_optional = true,
    .arrays = {{"scales", bytes_of_runs, sizeof(float), false},
               {"zero_points", bytes_of_runs, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), false},
               {"q", bytes_of_elements, 0, true}},
    .shape = group_runs_shape,
    .fill = groups_fill,
    .fill_typical = runs_fill_typical,
    .variants = {"32", "32 with zero points", "128"},
    .run = runs_run,
    .reference = runs_reference,
    .nrounds = 1200,
    .placed = {4, 3, 1, 1, 1},
    .checks = runs_checks,
};

/* ---- scale_each ------------------------------------------------------------------------------ */

static void scale_run(const struct quant_kernels *row, struct call *call)
{
    row->scale_each(call->arrays[SCALES], call->arrays[ZERO_POINTS], call->n, call->arrays[X]);
}

/* As dequantize restores the integers. */
static void scale_reference(struct call *call)
{
    float *x = call->arrays[X];
    for (size_t i = 0; i < call->n; i++) {
        const struct quant_params params = params_of(call, i);
        if (params.zero_point == 0) {
            x[i] *= params.scale;
            continue;
        }
        const enum quant_dtype dtype = x[i] < 0 ? QUANT_INT16 : QUANT_UINT16;
        const uint16_t bits = (uint16_t)(int32_t)x[i];
        quant_kernels_scalar.dequantize[dtype](&params, &bits, 1, x + i);
    }
}

/* Integers of 16 bits with any zero points; any bits where the zero point is 0. */
static void scale_fill(struct random *random, size_t round, struct call *call)
{
    const bool is_signed = round % 2;
    float *x = call->arrays[X];
    group_inputs_fill(random, round / 2, is_signed ? QUANT_INT16 : QUANT_UINT16, call);
    for (size_t i = 0; i < call->n; i++) {
        const uint16_t bits = (uint16_t)random_64(random);
        x[i] = is_signed ? (float)(int16_t)bits : (float)bits;
        if (((const int32_t *)call->arrays[ZERO_POINTS])[i] == 0)
            x[i] = float_of((uint32_t)random_64(random));
    }
}

/* Scale 1 and zero point 0: the elements stay the same from call to call. */
static void scale_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    random_normals(random, call->arrays[X], call->n);
    for (size_t i = 0; i < call->n; i++) {
        ((float *)call->arrays[SCALES])[i] = 1;
        ((int32_t *)call->arrays[ZERO_POINTS])[i] = 0;
    }
}

const struct kind kind_scale_each = {
    .name = "scale_each",
    .member = offsetof(struct quant_kernels, scale_each),
    .nmembers = 1,
    .arrays = {{"scales", bytes_of_floats, sizeof(float), false},
               {"zero_points", bytes_of_floats, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), true}},
    .fill = scale_fill,
    .fill_typical = scale_fill_typical,
    .run = scale_run,
    .reference = scale_reference,
    .nrounds = 400,
    .placed = {0, 1, 1, 1, 1},
};
