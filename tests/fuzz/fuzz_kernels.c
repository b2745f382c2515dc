/* SPDX-License-Identifier: MIT */
/*
 * The kernels of any row that this machine runs, but for the errors of groups, against the scalar
 * definition, bit for bit. The first bytes choose the function, the type, the number of elements
 * and the parameters; the others are the elements. Arrays are of exactly the length that a kernel
 * may touch.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/measure.h"
#include "fuzz.h"
#include "kernels/kernels.h"

enum { MOST = 300, RUN = 32 };

struct input {
    struct fuzz_bytes bytes;
    enum quant_dtype dtype;
    struct quant_params params;
    size_t n;
};

/* ---- Arrays ---- */

/* nbytes of the input, again from its beginning if it is too short. The caller frees them. */
static void *take(const struct input *input, size_t nbytes)
{
    unsigned char *array = malloc(nbytes > 0 ? nbytes : 1);
    FUZZ_CHECK(array);
    const size_t left = input->bytes.left;
    if (left == 0)
        memset(array, 0x3f, nbytes);
    for (size_t i = 0; left > 0 && i < nbytes; i += left)
        memcpy(array + i, input->bytes.at, nbytes - i < left ? nbytes - i : left);
    return array;
}

/* Scales that a caller can have: finite and above 0. */
static float *take_scales(const struct input *input, size_t n)
{
    float *scales = take(input, n * sizeof *scales);
    for (size_t i = 0; i < n; i++) {
        scales[i] = fabsf(scales[i]);
        if (!isfinite(scales[i]) || scales[i] == 0)
            scales[i] = 0.1F;
    }
    return scales;
}

static int32_t *take_zero_points(const struct input *input, size_t n)
{
    const struct quant_dtype_info *info = quant_dtype_info(input->dtype);
    int32_t *zero_points = take(input, n * sizeof *zero_points);
    for (size_t i = 0; i < n; i++)
        zero_points[i] = info->is_integer ? zero_points[i] >> (8 * (i % 4)) : 0;
    return zero_points;
}

static void *blank(size_t nbytes)
{
    void *array = malloc(nbytes > 0 ? nbytes : 1);
    FUZZ_CHECK(array);
    memset(array, 0x5a, nbytes);
    return array;
}

/* The two results are the same, NaN or not; both are freed. */
static void same(void *found, void *expected, size_t nbytes)
{
    FUZZ_CHECK(nbytes == 0 || memcmp(found, expected, nbytes) == 0);
    free(found);
    free(expected);
}

static size_t bytes_of(const struct input *input, size_t n)
{
    return (size_t)quant_dtype_bytes(input->dtype, n);
}

/* ---- Functions of one scale ---- */

typedef void check_fn(const struct quant_kernels *row, struct input *input);

static void check_observe(const struct quant_kernels *row, struct input *input)
{
    struct quant_observed found = QUANT_OBSERVED_INIT;
    struct quant_observed expected = QUANT_OBSERVED_INIT;
    float *x = take(input, input->n * sizeof *x);
    row->observe(x, input->n, &found);
    quant_kernels_scalar.observe(x, input->n, &expected);
    FUZZ_CHECK(found.count == expected.count && found.nonfinite == expected.nonfinite);
    FUZZ_CHECK(found.nonfinite == 0 || found.first_nonfinite == expected.first_nonfinite);
    FUZZ_CHECK(found.min == expected.min && found.max == expected.max);
    free(x);
}

static void check_quantize(const struct quant_kernels *row, struct input *input)
{
    const size_t nbytes = bytes_of(input, input->n);
    if (!row->quantize[input->dtype])
        return;
    float *x = take(input, input->n * sizeof *x);
    void *found = blank(nbytes);
    void *expected = blank(nbytes);
    row->quantize[input->dtype](&input->params, x, input->n, found);
    quant_kernels_scalar.quantize[input->dtype](&input->params, x, input->n, expected);
    same(found, expected, nbytes);
    free(x);
}

static void check_dequantize(const struct quant_kernels *row, struct input *input)
{
    if (!row->dequantize[input->dtype])
        return;
    void *q = take(input, bytes_of(input, input->n));
    float *found = blank(input->n * sizeof *found);
    float *expected = blank(input->n * sizeof *expected);
    row->dequantize[input->dtype](&input->params, q, input->n, found);
    quant_kernels_scalar.dequantize[input->dtype](&input->params, q, input->n, expected);
    same(found, expected, input->n * sizeof *found);
    free(q);
}

/* What an engine's rules allow, as the profiles have it. */
static struct quant_params take_mapping(struct input *input)
{
    static const enum quant_dtype arithmetics[] = {QUANT_DTYPE_NONE, QUANT_BFLOAT16, QUANT_FLOAT16};
    struct quant_params params = input->params;
    params.mapping = (enum quant_mapping_kind)(1 + fuzz_below(&input->bytes, QUANT_MAP_BIAS));
    params.arithmetic = arithmetics[fuzz_below(&input->bytes, 3)];
    params.rounding = QUANT_HALF_EVEN;
    params.zero_point = (int32_t)fuzz_byte(&input->bytes) - 128;
    if (params.mapping >= QUANT_MAP_FACTOR)
        params.zero_point = 0;
    if (params.mapping == QUANT_MAP_BIAS)
        params.bias = -3.25F * params.scale * (float)(int8_t)fuzz_byte(&input->bytes);
    const bool may_be_negative =
        params.mapping == QUANT_MAP_DIVIDE || params.mapping == QUANT_MAP_SUM ||
        params.mapping == QUANT_MAP_SCALE_TOO || params.mapping == QUANT_MAP_BIAS;
    if (may_be_negative && fuzz_byte(&input->bytes) & 1)
        params.scale = -params.scale;
    return params;
}

static void check_mapped(const struct quant_kernels *row, struct input *input)
{
    struct quant_params params = take_mapping(input);
    const bool is_wide = fuzz_byte(&input->bytes) & 1;
    const size_t nbytes = input->n << is_wide;
    params.dtype = is_wide ? QUANT_INT16 : QUANT_INT8;
    params.qmin = is_wide ? INT16_MIN : INT8_MIN;
    params.qmax = is_wide ? INT16_MAX : INT8_MAX;
    float *x = take(input, input->n * sizeof *x);
    if (params.arithmetic != QUANT_DTYPE_NONE)
        for (size_t i = 0; i < input->n; i++)
            x[i] = (float)quant_dtype_round(params.arithmetic, (double)x[i]);
    void *found = blank(nbytes);
    void *expected = blank(nbytes);
    (is_wide ? row->mapped_16 : row->mapped_8)(&params, x, input->n, found);
    (is_wide ? quant_kernels_scalar.mapped_16 : quant_kernels_scalar.mapped_8)(&params, x, input->n,
                                                                               expected);
    same(found, expected, nbytes);
    free(x);
}

static void check_widen(const struct quant_kernels *row, struct input *input)
{
    const bool big = fuzz_byte(&input->bytes) & 1;
    if (!row->widen[input->dtype])
        return;
    void *bytes = take(input, bytes_of(input, input->n));
    float *found = blank(input->n * sizeof *found);
    float *expected = blank(input->n * sizeof *expected);
    row->widen[input->dtype](bytes, input->n, big, found);
    quant_kernels_scalar.widen[input->dtype](bytes, input->n, big, expected);
    for (size_t i = 0; i < input->n; i++)
        if (isnan(found[i]) && isnan(expected[i])) /* a NaN's bits are not promised */
            found[i] = expected[i];
    same(found, expected, input->n * sizeof *found);
    free(bytes);
}

/* ---- The report ---- */

typedef double lanes[QUANT_MEASURE_LANES];

static void check_measure(const struct quant_kernels *row, struct input *input)
{
    const size_t nbytes = QUANT_MEASURE_SUMS * sizeof(lanes);
    const size_t first_lane = fuzz_below(&input->bytes, QUANT_MEASURE_LANES);
    float *x = take(input, input->n * sizeof *x);
    float *restored = blank(input->n * sizeof *restored);
    for (size_t i = 0; i < input->n; i++) {
        uint16_t q[2] = {0};
        quant_kernels_scalar.quantize[QUANT_INT8](&input->params, &x[i], 1, q);
        quant_kernels_scalar.dequantize[QUANT_INT8](&input->params, q, 1, &restored[i]);
    }
    struct quant_measure_block found = {.lanes = calloc(1, nbytes), .max_abs_error = -1};
    struct quant_measure_block expected = {.lanes = calloc(1, nbytes), .max_abs_error = -1};
    FUZZ_CHECK(found.lanes && expected.lanes);
    quant_unclipped_range(&input->params, &found.min_unclipped, &found.max_unclipped);
    expected.min_unclipped = found.min_unclipped;
    expected.max_unclipped = found.max_unclipped;
    row->measure(x, restored, input->n, first_lane, &found);
    quant_kernels_scalar.measure(x, restored, input->n, first_lane, &expected);
    FUZZ_CHECK(found.nonfinite == expected.nonfinite && found.clipped == expected.clipped);
    FUZZ_CHECK(found.zeroed == expected.zeroed && found.sign_flipped == expected.sign_flipped);
    FUZZ_CHECK(memcmp(&found.max_abs_error, &expected.max_abs_error, sizeof(double)) == 0);
    FUZZ_CHECK(found.max_abs_error_index == expected.max_abs_error_index);
    same(found.lanes, expected.lanes, nbytes);
    free(restored);
    free(x);
}

static void check_points(const struct quant_kernels *row, struct input *input)
{
    const size_t n = input->n / QUANT_POINT_LANES * QUANT_POINT_LANES;
    const double first = (int8_t)fuzz_byte(&input->bytes);
    const struct quant_grid grid = {.steps = 1 / (double)input->params.scale,
                                    .phase = (double)fuzz_byte(&input->bytes) / 256 - 0.5,
                                    .first = first,
                                    .last = first + 255};
    double *at = blank(n * sizeof *at);
    double *weight = blank(n * sizeof *weight);
    float *x = take(input, n * sizeof *x);
    double found[QUANT_POINT_LANES] = {0};
    double expected[QUANT_POINT_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        at[i] = isfinite(x[i]) ? fmod((double)x[i], 1e6 * (double)input->params.scale) : 0;
        weight[i] = (double)(i % 5);
    }
    row->point_errors(&grid, at, weight, n, found);
    quant_kernels_scalar.point_errors(&grid, at, weight, n, expected);
    FUZZ_CHECK(memcmp(found, expected, sizeof found) == 0);
    free(x);
    free(weight);
    free(at);
}

static void check_multiply(const struct quant_kernels *row, struct input *input)
{
    double found[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES] = {{0}};
    double expected[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES] = {{0}};
    const size_t n = input->n / 8;
    float *x = take(input, n * QUANT_MULTIPLY_SAMPLES * sizeof *x);
    float *w = take(input, n * QUANT_MULTIPLY_ROWS * sizeof *w);
    for (size_t i = 0; i < n * QUANT_MULTIPLY_SAMPLES; i++)
        x[i] = isfinite(x[i]) ? x[i] : 1;
    for (size_t i = 0; i < n * QUANT_MULTIPLY_ROWS; i++)
        w[i] = isfinite(w[i]) ? w[i] : 1;
    row->multiply(x, w, n, found);
    quant_kernels_scalar.multiply(x, w, n, expected);
    FUZZ_CHECK(memcmp(found, expected, sizeof found) == 0);
    free(w);
    free(x);
}

static void check_levels(const struct quant_kernels *row, struct input *input)
{
    const size_t nbytes = 65536 / 8;
    int32_t ends[2] = {INT32_MAX, INT32_MIN};
    int32_t expected_ends[2] = {INT32_MAX, INT32_MIN};
    void *q = take(input, bytes_of(input, input->n));
    if (row->mark_levels[input->dtype]) {
        uint64_t *found = calloc(1, nbytes);
        uint64_t *expected = calloc(1, nbytes);
        FUZZ_CHECK(found && expected);
        row->mark_levels[input->dtype](q, input->n, found);
        quant_kernels_scalar.mark_levels[input->dtype](q, input->n, expected);
        same(found, expected, nbytes);
    }
    if (row->integer_range[input->dtype]) {
        row->integer_range[input->dtype](q, input->n, ends);
        quant_kernels_scalar.integer_range[input->dtype](q, input->n, expected_ends);
        FUZZ_CHECK(memcmp(ends, expected_ends, sizeof ends) == 0);
    }
    free(q);
}

/* ---- Groups ---- */

static void check_observe_groups(const struct quant_kernels *row, struct input *input)
{
    const bool each = fuzz_byte(&input->bytes) & 1;
    const size_t run = each ? 1 : 1 + fuzz_below(&input->bytes, 70);
    const size_t nruns = input->n / run;
    float *x = take(input, nruns * run * sizeof *x);
    float *ends[4];
    for (size_t i = 0; i < 4; i++) {
        ends[i] = blank(nruns * sizeof(float));
        for (size_t k = 0; k < nruns; k++)
            ends[i][k] = i % 2 ? -INFINITY : INFINITY;
    }
    const bool found = each ? row->observe_each(x, nruns, ends[0], ends[1])
                            : row->observe_runs(x, nruns, run, ends[0], ends[1]);
    const bool expected = each ? quant_kernels_scalar.observe_each(x, nruns, ends[2], ends[3])
                               : quant_kernels_scalar.observe_runs(x, nruns, run, ends[2], ends[3]);
    FUZZ_CHECK(found == expected);
    for (size_t k = 0; k < nruns; k++)
        FUZZ_CHECK(ends[0][k] == ends[2][k] && ends[1][k] == ends[3][k]);
    for (size_t i = 0; i < 4; i++)
        free(ends[i]);
    free(x);
}

/* The parameters of each element, from those of runs. */
static void *spread(const void *values, size_t n, size_t run)
{
    uint32_t *each = blank(n * sizeof *each);
    for (size_t i = 0; i < n; i++)
        each[i] = ((const uint32_t *)values)[i / run];
    return each;
}

static void check_quantize_groups(const struct quant_kernels *row, struct input *input)
{
    const enum quant_dtype dtype = input->dtype;
    const bool by_run = (fuzz_byte(&input->bytes) & 1) && row->quantize_runs[dtype];
    const size_t run = by_run ? RUN * (1 + fuzz_below(&input->bytes, 3)) : 1;
    const size_t ngroups = (input->n + run - 1) / run;
    const size_t nbytes = bytes_of(input, input->n);
    if (!row->quantize_each[dtype])
        return;
    float *scales = take_scales(input, ngroups);
    int32_t *zero_points = take_zero_points(input, ngroups);
    float *x = take(input, input->n * sizeof *x);
    float *each_scale = spread(scales, input->n, run);
    int32_t *each_zero = spread(zero_points, input->n, run);
    void *found = blank(nbytes);
    void *expected = blank(nbytes);
    if (by_run)
        row->quantize_runs[dtype](&input->params, scales, zero_points, run, x, input->n, found);
    else
        row->quantize_each[dtype](&input->params, scales, zero_points, x, input->n, found);
    quant_kernels_scalar.quantize_each[dtype](&input->params, each_scale, each_zero, x, input->n,
                                              expected);
    same(found, expected, nbytes);
    free(each_zero);
    free(each_scale);
    free(x);
    free(zero_points);
    free(scales);
}

static void check_quantize_rows(const struct quant_kernels *row, struct input *input)
{
    const enum quant_dtype dtype = input->dtype;
    const size_t ncolumns = 2 * (1 + fuzz_below(&input->bytes, 40)); /* 4 bits: whole bytes */
    const size_t nrows = input->n / ncolumns;
    const size_t nbytes = bytes_of(input, nrows * ncolumns);
    if (!row->quantize_rows[dtype])
        return;
    float *scales = take_scales(input, ncolumns);
    int32_t *zero_points = take_zero_points(input, ncolumns);
    float *x = take(input, nrows * ncolumns * sizeof *x);
    unsigned char *found = blank(nbytes);
    unsigned char *expected = blank(nbytes);
    row->quantize_rows[dtype](&input->params, scales, zero_points, ncolumns, nrows, x, found);
    for (size_t i = 0; i < nrows; i++)
        quant_kernels_scalar.quantize_each[dtype](&input->params, scales, zero_points,
                                                  x + i * ncolumns, ncolumns,
                                                  expected + bytes_of(input, i * ncolumns));
    same(found, expected, nbytes);
    free(x);
    free(zero_points);
    free(scales);
}

static void check_dequantize_groups(const struct quant_kernels *row, struct input *input)
{
    const enum quant_dtype dtype = input->dtype;
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const bool by_run = fuzz_byte(&input->bytes) & 1;
    const size_t run = by_run ? RUN * (1 + fuzz_below(&input->bytes, 3)) : 1;
    const size_t ngroups = (input->n + run - 1) / run;
    const struct quant_params plain = {.dtype = dtype, .scale = 1};
    const bool has =
        by_run ? row->dequantize_runs[dtype] != NULL : row->dequantize_each[dtype] != NULL;
    if (!info->is_integer || info->bits > 16 || !has)
        return;
    float *scales = take_scales(input, ngroups);
    int32_t *zero_points = take_zero_points(input, ngroups);
    void *q = take(input, bytes_of(input, input->n));
    float *each_scale = spread(scales, input->n, run);
    int32_t *each_zero = spread(zero_points, input->n, run);
    float *found = blank(input->n * sizeof *found);
    float *expected = blank(input->n * sizeof *expected);
    if (by_run)
        row->dequantize_runs[dtype](scales, zero_points, run, q, input->n, found);
    else
        row->dequantize_each[dtype](scales, zero_points, q, input->n, found);
    quant_kernels_scalar.dequantize[dtype](&plain, q, input->n, expected);
    quant_kernels_scalar.scale_each(each_scale, each_zero, input->n, expected);
    same(found, expected, input->n * sizeof *found);
    free(each_zero);
    free(each_scale);
    free(q);
    free(zero_points);
    free(scales);
}

static void check_scale_each(const struct quant_kernels *row, struct input *input)
{
    const struct quant_params plain = {.dtype = QUANT_INT16, .scale = 1};
    float *scales = take_scales(input, input->n);
    int32_t *zero_points = take_zero_points(input, input->n);
    void *q = take(input, 2 * input->n);
    float *found = blank(input->n * sizeof *found);
    float *expected = blank(input->n * sizeof *expected);
    quant_kernels_scalar.dequantize[QUANT_INT16](&plain, q, input->n, expected);
    if (input->n > 0)
        memcpy(found, expected, input->n * sizeof *found);
    row->scale_each(scales, zero_points, input->n, found);
    quant_kernels_scalar.scale_each(scales, zero_points, input->n, expected);
    same(found, expected, input->n * sizeof *found);
    free(q);
    free(zero_points);
    free(scales);
}

/* ---- All of them ---- */

static check_fn *const checks[] = {
    check_observe,
    check_quantize,
    check_dequantize,
    check_mapped,
    check_widen,
    check_measure,
    check_points,
    check_multiply,
    check_levels,
    check_observe_groups,
    check_quantize_groups,
    check_quantize_rows,
    check_dequantize_groups,
    check_scale_each,
};

static struct quant_params take_params(struct fuzz_bytes *bytes, enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    struct quant_params params = {.dtype = dtype, .scale = fabsf(fuzz_float(bytes))};
    const uint8_t flags = fuzz_byte(bytes);
    if (!isfinite(params.scale) || params.scale == 0)
        params.scale = 0.1F;
    if (!info->is_integer)
        return params;
    const int32_t word = (int32_t)fuzz_word(bytes);
    params.rounding = flags & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
    params.zero_point = flags & 2 ? word : (int16_t)word;
    params.qmin = (int32_t)info->min + (flags >> 2 & 3);
    params.qmax = (int32_t)info->max - (flags >> 4 & 3);
    return params;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { CHECKS = sizeof checks / sizeof checks[0] };
    struct input input = {.bytes = {data, size}};
    check_fn *check = checks[fuzz_below(&input.bytes, CHECKS)];
    input.dtype = (enum quant_dtype)(1 + fuzz_below(&input.bytes, QUANT_INT32));
    if (check == check_measure)
        input.dtype = QUANT_INT8;
    input.n = fuzz_below(&input.bytes, 256) + fuzz_below(&input.bytes, MOST - 255);
    input.params = take_params(&input.bytes, input.dtype);
    for (size_t i = 0; quant_kernels_at(i) != &quant_kernels_scalar; i++) {
        struct input copy = input;
        if (quant_kernels_at(i)->supported())
            check(quant_kernels_at(i), &copy);
    }
    return 0;
}
