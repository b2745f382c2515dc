/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: measure. Sums are compared bit by bit, like everything else. */
#include <float.h>
#include <string.h>

#include "core/measure.h"
#include "kinds.h"

enum { LANES = QUANT_MEASURE_LANES };

typedef double sums[QUANT_MEASURE_SUMS][LANES];

static size_t bytes_of_sums(const struct call *call)
{
    (void)call;
    return sizeof(sums);
}

static void measure_run(const struct quant_kernels *row, struct call *call)
{
    call->block.lanes = call->arrays[2];
    row->measure(call->arrays[0], call->arrays[1], call->n, call->first_lane, &call->block);
}

static bool measure_same(const struct call *found, const struct call *expected)
{
    const struct quant_measure_block *a = &found->block;
    const struct quant_measure_block *b = &expected->block;
    return a->nonfinite == b->nonfinite && a->clipped == b->clipped && a->zeroed == b->zeroed &&
           a->sign_flipped == b->sign_flipped &&
           memcmp(&a->max_abs_error, &b->max_abs_error, sizeof(double)) == 0 &&
           a->max_abs_error_index == b->max_abs_error_index &&
           memcmp(found->arrays[2], expected->arrays[2], sizeof(sums)) == 0;
}

/* The counts hold something already. The index holds rubbish, which must stay unless the maximum is
 * raised. */
static void begin_block(struct call *call, double max_abs_error)
{
    memset(&call->block, GUARDED_CANARY, sizeof call->block);
    call->block.max_abs_error = max_abs_error;
    quant_unclipped_range(&call->params, &call->block.min_unclipped, &call->block.max_unclipped);
}

static struct quant_params random_params(struct random *random)
{
    static const int32_t zero_points[] = {0, -23, 128, -383, 4194304, INT32_MAX, INT32_MIN};
    const bool is_unsigned = random_64(random) & 1;
    return (struct quant_params){
        .dtype = is_unsigned ? QUANT_UINT8 : QUANT_INT8,
        .rounding = random_64(random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
        .qmin = is_unsigned ? 1 : -127,
        .qmax = random_64(random) & 1 ? 100 : 127,
        .scale = random_64(random) & 1 ? 0.25F : random_scale(random),
        .zero_point = zero_points[random_below(random, LENGTH(zero_points))],
    };
}

static float restore(const struct quant_params *params, float x)
{
    uint16_t q;
    float restored;
    quant_kernels_scalar.quantize[params->dtype](params, &x, 1, &q);
    quant_kernels_scalar.dequantize[params->dtype](params, &q, 1, &restored);
    return restored;
}

/* Mostly what quantizing restores; else zeros, the other sign, infinity (an overflow) or anything
 * finite. */
static float random_restored(struct random *random, const struct quant_params *params, float x)
{
    float restored;
    switch (random_below(random, 8)) {
    case 0:
        return -x == x || isnan(x) ? 0 : -x;
    case 1:
        return random_64(random) & 1 ? 0.0F : -0.0F;
    case 2:
        restored = float_of((uint32_t)random_64(random));
        return isnan(restored) ? (float)INFINITY : restored;
    default:
        return restore(params, x);
    }
}

/* The lanes hold something already. */
static void measure_fill(struct random *random, size_t round, struct call *call)
{
    float *x = call->arrays[0];
    float *restored = call->arrays[1];
    double *lanes = call->arrays[2];
    call->params = random_params(random);
    call->first_lane = round % LANES;
    random_elements(random, call->params.scale, call->params.zero_point, x, call->n);
    for (size_t i = 0; i < call->n; i++) {
        if (isnan(x[i]) && random_64(random) & 1)
            x[i] = 1; /* fewer NaNs: the sums should hold something */
        restored[i] = random_restored(random, &call->params, x[i]);
    }
    for (size_t i = 0; i < (size_t)QUANT_MEASURE_SUMS * LANES; i++)
        lanes[i] = (random_unit(random) - 0.25) * 100;
    begin_block(call, random_64(random) & 1 ? random_unit(random) : -1);
}

/* As for weights in int8, clipped by a hundredth. */
static void measure_fill_typical(struct random *random, size_t variant, struct call *call)
{
    float *x = call->arrays[0];
    float *restored = call->arrays[1];
    (void)variant;
    call->params =
        (struct quant_params){.dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 5.0F / 127};
    random_normals(random, x, call->n);
    for (size_t i = 0; i < call->n; i++)
        restored[i] = restore(&call->params, x[i]);
    memset(call->arrays[2], 0, sizeof(sums));
    begin_block(call, -1);
}

/* ---- Special arrays -------------------------------------------------------------------------- */

/* Room for n elements, with this zero point, scale 1, and empty sums. */
static void begin_plain(struct work *work, size_t n, int32_t zero_point)
{
    work_begin(work, &kind_measure, QUANT_INT8, n);
    work->call.params = (struct quant_params){
        .dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 1, .zero_point = zero_point};
    memset(work->call.arrays[2], 0, sizeof(sums));
    begin_block(&work->call, -1);
}

/* The same maximum error at two indices, with either sign: the first one counts, wherever vectors
 * begin. */
static void check_first_maximum(const struct quant_kernels *row)
{
    enum { MAX = 131 };
    struct work work;
    begin_plain(&work, MAX, 0);
    float *x = work.call.arrays[0];
    float *restored = work.call.arrays[1];
    for (size_t i = 0; i < MAX; i++)
        x[i] = restored[i] = (float)i;
    for (size_t i = 0; i < MAX; i++)
        for (size_t k = i; k < MAX; k++) {
            restored[i] = x[i] + (k % 2 ? 0.5F : -0.5F);
            restored[k] = x[k] + 0.5F;
            work.call.n = MAX - i % 3;
            work.call.first_lane = (i + k) % LANES;
            work_compare(&work, row, "first maximum");
            restored[i] = x[i];
            restored[k] = x[k];
        }
    work_end(&work);
}

static const float rare_pairs[][2] = {
    {0, 1},
    {0, -1},
    {-0.0F, 1},
    {-0.0F, -1},
    {-0.0F, 0},
    {0, -0.0F},
    {1, -0.0F},
    {-1, -0.0F},
    {1, 0},
    {-1, 0},
    {0x1p-149F, 0},
    {-0x1p-149F, -0x1p-149F},
    {1, -1},
    {-1, 1},
    {0x1p-149F, -1},
    {-1, 0x1p-149F},
    {127.5F, 127},
    {-127.5F, -127},
    {127.25F, 127},
    {-127.25F, -127},
    {FLT_MAX, 127},
    {-FLT_MAX, 0},
    {(float)INFINITY, 1},
    {(float)NAN, 0},
    {1, (float)INFINITY},
};

/* Vectors detect what they must count, and count it only then: one such element among others that
 * need no counting, at many indices, with limits of either sign. */
static void check_one_of_a_kind(const struct quant_kernels *row)
{
    enum { MAX = 2 * 1024 + 5 }; /* more than the blocks in which vectors count */
    static const int32_t zero_points[] = {0, -23, 127, -128, 300, -300};
    enum { STEP = IS_SLOW_BUILD ? 5 : 1 }; /* 5: each pair once or twice, each zero point as well */
    for (size_t k = 0; k < LENGTH(rare_pairs) * LENGTH(zero_points); k += STEP) {
        const int32_t zero_point = zero_points[k % LENGTH(zero_points)];
        const float plain = zero_point > 0 ? -200 : 100;
        struct work work;
        begin_plain(&work, MAX, zero_point);
        float *x = work.call.arrays[0];
        float *restored = work.call.arrays[1];
        for (size_t i = 0; i < MAX; i++)
            x[i] = restored[i] = plain;
        for (size_t i = 0; i < MAX; i += i < 70 || i > MAX - 70 ? 1 : 61) {
            x[i] = rare_pairs[k / LENGTH(zero_points)][0];
            restored[i] = rare_pairs[k / LENGTH(zero_points)][1];
            work.call.first_lane = i % 3 == 0 ? 0 : i % LANES;
            work_compare(&work, row, "one of a kind");
            x[i] = restored[i] = plain;
        }
        work_end(&work);
    }
}

/* No error at all, nothing finite, nothing: the index, and -1 if there is no maximum. */
static void check_uniform(const struct quant_kernels *row)
{
    struct work work;
    begin_plain(&work, MAX_PLACED, 0);
    float *x = work.call.arrays[0];
    float *restored = work.call.arrays[1];
    for (size_t special = 0; special < (size_t)2 * SPECIAL_FLOATS; special++)
        for (size_t n = 0; n <= MAX_PLACED; n++) {
            for (size_t i = 0; i < n; i++) {
                x[i] = float_of(special_floats[special / 2] | (special % 2 ? 0x80000000U : 0));
                restored[i] = isfinite(x[i]) ? x[i] : 0;
            }
            if (n > 0) /* if all others are not finite, the index is not 0 */
                x[n - 1] = restored[n - 1] = 1;
            work.call.n = n;
            work.call.first_lane = n % LANES;
            work_compare(&work, row, "all equal");
        }
    work_end(&work);
}

static const struct check measure_checks[] = {{"first maximum", check_first_maximum},
                                              {"one of a kind", check_one_of_a_kind},
                                              {"all equal", check_uniform},
                                              {NULL, NULL}};

const struct kind kind_measure = {
    .name = "measure",
    .member = offsetof(struct quant_kernels, measure),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false},
               {"restored", bytes_of_floats, sizeof(float), false},
               {"lanes", bytes_of_sums, sizeof(double), true}},
    .fill = measure_fill,
    .fill_typical = measure_fill_typical,
    .run = measure_run,
    .same = measure_same,
    .nrounds = 1500,
    .placed = {0, 1, LANES, 0, 16},
    .checks = measure_checks,
};
