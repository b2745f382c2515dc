/* SPDX-License-Identifier: MIT */
/*
 * Every row of the kernel table against the scalar definition, bit for bit, where parameters change
 * along the elements; and the scalar row against itself, element by element with parameters of
 * their own.
 */
#include <stdlib.h>

#include "base/nibble.h"
#include "groups.h"
#include "rows.h"

/* ---- quantize_each --------------------------------------------------------------------------- */

/* Elements one by one, each by the function for arrays. */
static void quantize_singly(const struct call *call, size_t n, unsigned char *q)
{
    const enum quant_dtype dtype = call->common.dtype;
    const bool halves = quant_dtype_bytes(dtype, 2) == 1;
    for (size_t i = 0; i < n; i++) {
        const struct quant_params params = params_of(call, i);
        uint16_t element = 0;
        quant_kernels_scalar.quantize[dtype](&params, call->x + i, 1, &element);
        if (halves)
            quant_nibble_put(q, i, element & 15U);
        else
            memcpy(q + quant_dtype_bytes(dtype, i), &element, (size_t)quant_dtype_bytes(dtype, 1));
    }
}

static void check_each_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static struct call call;
    static _Alignas(uint16_t) unsigned char found[VALUES * 2 + 1];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2 + 1];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t round = 0; has_scale((enum quant_dtype)dtype) && round < 160; round++) {
            fill_call(&random, &call, (enum quant_dtype)dtype, 1, round);
            const size_t n = VALUES - random_below(&random, 70);
            const size_t nbytes = (size_t)quant_dtype_bytes((enum quant_dtype)dtype, n);
            quantize_singly(&call, n, expected);
            found[nbytes] = GUARDED_CANARY;
            row->quantize_each[dtype](&call.common, call.scales, call.zero_points, call.x, n,
                                      found);
            if (memcmp(found, expected, nbytes) != 0)
                fail_call(row, "quantize_each", &call, 1, n, found, expected);
            assert_int_equal(found[nbytes], GUARDED_CANARY);
        }
}

static void check_each_places(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct places places = places_new(MOST_LENGTH);
    static struct call call;
    _Alignas(uint16_t) unsigned char expected[MOST_LENGTH * 2];
    for (int type = 0; type < QUANT_DTYPE_COUNT; type++) {
        const enum quant_dtype dtype = (enum quant_dtype)type;
        for (size_t n = 0; has_scale(dtype) && n <= MOST_LENGTH; n++)
            for (long shift = -1; shift < MOST_SHIFT; shift++) {
                if (shift <= 0)
                    fill_call(&random, &call, dtype, 1, n + 4);
                const size_t nbytes = (size_t)quant_dtype_bytes(dtype, n);
                quant_kernels_scalar.quantize_each[dtype](&call.common, call.scales,
                                                          call.zero_points, call.x, n, expected);
                const size_t nfloats = n * sizeof(float);
                const float *scales = place_copy(&places.scales, shift, 4, call.scales, nfloats);
                const int32_t *zero_points = place_copy(
                    &places.zero_points, shift < 0 ? -1 : 3 - shift, 4, call.zero_points, nfloats);
                const float *x = place_copy(&places.x, shift, 4, call.x, nfloats);
                unsigned char *q = guarded_place(
                    &places.q, shift < 0 ? -1 : shift * (long)quant_dtype_bytes(dtype, 1), nbytes);
                guarded_arm(&places.q, q, nbytes);
                row->quantize_each[dtype](&call.common, scales, zero_points, x, n, q);
                if (memcmp(q, expected, nbytes) != 0)
                    fail_call(row, "quantize_each, placed", &call, 1, n, q, expected);
                assert_true(guarded_intact(&places.q, q, nbytes));
            }
    }
    places_free(&places);
}

/* ---- quantize_runs --------------------------------------------------------------------------- */

static void quantize_run_by_run(const struct call *call, size_t run, size_t n, unsigned char *q)
{
    const enum quant_dtype dtype = call->common.dtype;
    for (size_t i = 0; i < n; i += run) {
        const struct quant_params params = params_of(call, i / run);
        quant_kernels_scalar.quantize[dtype](&params, call->x + i, n - i < run ? n - i : run,
                                             q + quant_dtype_bytes(dtype, i));
    }
}

/* As a caller does who finds no quantize_runs: with parameters for each element. */
static void quantize_runs(const struct quant_kernels *row, const struct call *call, size_t run,
                          size_t n, unsigned char *q)
{
    const enum quant_dtype dtype = call->common.dtype;
    static float scales[VALUES];
    static int32_t zero_points[VALUES];
    if (row->quantize_runs[dtype]) {
        row->quantize_runs[dtype](&call->common, call->scales, call->zero_points, run, call->x, n,
                                  q);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        scales[i] = call->scales[i / run];
        zero_points[i] = call->zero_points[i / run];
    }
    row->quantize_each[dtype](&call->common, scales, zero_points, call->x, n, q);
}

static const size_t step_runs[] = {32, 64, 96, 128, 320, 1024};

static void check_runs_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static struct call call;
    static _Alignas(uint16_t) unsigned char found[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t round = 0; row->quantize_each[dtype] && round < 1200; round++) {
            const size_t run = step_runs[random_below(&random, LENGTH(step_runs))];
            fill_call(&random, &call, (enum quant_dtype)dtype, run, round);
            const size_t n = random_below(&random, VALUES + 1);
            const size_t nbytes = (size_t)quant_dtype_bytes((enum quant_dtype)dtype, n);
            quantize_run_by_run(&call, run, n, expected);
            quantize_runs(row, &call, run, n, found);
            if (memcmp(found, expected, nbytes) != 0)
                fail_call(row, "quantize_runs", &call, run, n, found, expected);
        }
}

/* Ties of runs whose quotients are large and so least exact in fixed point, in a call that begins
 * with one whose quotients are small. */
static void check_runs_apart(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static struct call call;
    static _Alignas(uint16_t) unsigned char found[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (size_t round = 0; round < 1000; round++) {
        const enum quant_dtype dtype = round % 2 ? QUANT_INT8 : QUANT_UINT8;
        set_common(&call.common, dtype, round / 2 * 4);
        for (size_t i = 0; i < VALUES; i++) {
            const size_t group = i / 32;
            if (i % 32 == 0) {
                call.scales[group] = (float)(1 + random_unit(&random));
                call.zero_points[group] = group == 0 ? 0 : 512 - (int32_t)random_below(&random, 8);
            }
            const double steps = random_below(&random, 256) - 128.5 - call.zero_points[group];
            call.x[i] = random_nudge(&random, (float)(steps * (double)call.scales[group]), 2);
        }
        quantize_run_by_run(&call, 32, VALUES, expected);
        quantize_runs(row, &call, 32, VALUES, found);
        if (memcmp(found, expected, VALUES) != 0)
            fail_call(row, "quantize_runs, far apart", &call, 32, VALUES, found, expected);
    }
}

static void check_runs_places(const struct quant_kernels *row)
{
    enum { MOST = 10 * 32 + 3 };
    struct random random = random_begin();
    struct places places = places_new(MOST);
    static struct call call;
    _Alignas(uint16_t) unsigned char expected[MOST * 2];
    for (int type = 0; type < QUANT_DTYPE_COUNT; type++) {
        const enum quant_dtype dtype = (enum quant_dtype)type;
        for (size_t n = 0; row->quantize_runs[dtype] && n <= MOST; n++)
            for (long shift = -1; shift < MOST_SHIFT; shift++) {
                const size_t run = n % 2 ? 64 : 32;
                if (shift <= 0)
                    fill_call(&random, &call, dtype, run, n);
                const size_t nbytes = (size_t)quant_dtype_bytes(dtype, n);
                quantize_run_by_run(&call, run, n, expected);
                const size_t nparams = (n + run - 1) / run * sizeof(float);
                const float *scales = place_copy(&places.scales, shift, 4, call.scales, nparams);
                const int32_t *zero_points = place_copy(
                    &places.zero_points, shift < 0 ? -1 : 3 - shift, 4, call.zero_points, nparams);
                const float *x = place_copy(&places.x, shift, 4, call.x, n * sizeof(float));
                unsigned char *q = guarded_place(&places.q, shift, nbytes);
                guarded_arm(&places.q, q, nbytes);
                row->quantize_runs[dtype](&call.common, scales, zero_points, run, x, n, q);
                if (memcmp(q, expected, nbytes) != 0)
                    fail_call(row, "quantize_runs, placed", &call, run, n, q, expected);
                assert_true(guarded_intact(&places.q, q, nbytes));
            }
    }
    places_free(&places);
}

/* So long that it may be stored past the caches, to an aligned place and to another; of a row that
 * has such a function, as in the test before. */
static void check_runs_long(const struct quant_kernels *row)
{
    enum { LONG = (16 << 20) + 1003, RUN = 4096, PLACES = 64, ROOM = (16 << 20) + 20 * PLACES };
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

/* ---- scale_each ------------------------------------------------------------------------------ */

/* Integers of 16 bits with any zero points, as dequantize restores them; any bits without. */
static void check_scale_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static struct call call;
    static float expected[VALUES];
    for (size_t round = 0; round < 400; round++) {
        const enum quant_dtype dtype = round % 2 ? QUANT_INT16 : QUANT_UINT16;
        fill_call(&random, &call, dtype, 1, round / 2);
        const size_t n = VALUES - random_below(&random, 70);
        for (size_t i = 0; i < n; i++) {
            const uint16_t bits = (uint16_t)random_64(&random);
            const struct quant_params params = params_of(&call, i);
            quant_kernels_scalar.dequantize[dtype](&params, &bits, 1, expected + i);
            call.x[i] = dtype == QUANT_INT16 ? (float)(int16_t)bits : (float)bits;
            if (call.zero_points[i] == 0) {
                call.x[i] = float_of((uint32_t)random_64(&random));
                expected[i] = call.x[i] * call.scales[i];
            }
        }
        row->scale_each(call.scales, call.zero_points, n, call.x);
        for (size_t i = 0; i < n; i++)
            if (!same_bits(call.x[i], expected[i]))
                fail_msg("%s, scale_each: element %zu of %zu: found %a, expected %a; scale %a, "
                         "z %d",
                         row->name, i, n, (double)call.x[i], (double)expected[i],
                         (double)call.scales[i], call.zero_points[i]);
    }
}

static void check_scale_places(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct places places = places_new(MOST_LENGTH);
    static struct call call;
    float expected[MOST_LENGTH];
    for (size_t n = 0; n <= MOST_LENGTH; n++)
        for (long shift = -1; shift < MOST_SHIFT; shift++) {
            const size_t nbytes = n * sizeof(float);
            fill_call(&random, &call, QUANT_INT8, 1, n);
            for (size_t i = 0; i < n; i++)
                expected[i] = (float)(int8_t)random_64(&random);
            const float *scales = place_copy(&places.scales, shift, 4, call.scales, nbytes);
            const int32_t *zero_points = place_copy(&places.zero_points, shift < 0 ? -1 : 3 - shift,
                                                    4, call.zero_points, nbytes);
            unsigned char *x = guarded_place(&places.x, shift < 0 ? -1 : 4 * shift, nbytes);
            guarded_arm(&places.x, x, nbytes);
            memcpy(x, expected, nbytes);
            quant_kernels_scalar.scale_each(call.scales, call.zero_points, n, expected);
            row->scale_each(scales, zero_points, n, (float *)(void *)x);
            assert_true(memcmp(x, expected, nbytes) == 0);
            assert_true(guarded_intact(&places.x, x, nbytes));
        }
    places_free(&places);
}

int main(void)
{
    static const struct row_group groups[] = {
        {"quantize_each, parameters and elements", check_each_values},
        {"quantize_each, lengths and places", check_each_places},
        {"quantize_runs, parameters and elements", check_runs_values},
        {"quantize_runs, zero points far apart", check_runs_apart},
        {"quantize_runs, lengths and places", check_runs_places},
        {"quantize_runs, a long array", check_runs_long},
        {"scale_each, parameters and elements", check_scale_values},
        {"scale_each, lengths and places", check_scale_places},
    };
    return random_end(rows_run("kernels/table_groups", groups, LENGTH(groups), NULL, 0));
}
