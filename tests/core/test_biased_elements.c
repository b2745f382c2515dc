/* SPDX-License-Identifier: MIT */
/* The rules of MLX for a range, by hand; and elements of groups that have biases, however an array
 * is cut into calls. */
#include <quant/groups.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/random.h"
#include "../support/unit.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "methods/plan_make.h"

static const struct quant_granularity blocks = {.block_size = 32};

static struct quant_spec spec_of(enum quant_dtype dtype, enum quant_dtype input)
{
    return (struct quant_spec){
        .like = "mlx", .scheme = QUANT_ZERO_POINT, .dtype = dtype, .input_dtype = input};
}

/* ---- Ranges ---- */

static const struct {
    enum quant_dtype dtype;
    enum quant_dtype input;
    double low;
    double high;
    float scale;
    float bias;
    float factor;
} rows[] = {
    /* (1 - -2) / 15 = 0.2; -2 / 0.2 = -10 steps */
    {QUANT_UINT4, QUANT_FLOAT32, -2, 1, 0.2F, -2, 0.2F},
    /* the maximum is the greater one, and a step is negative: 2 / -0.2 = -10 */
    {QUANT_UINT4, QUANT_FLOAT32, -1, 2, -0.2F, 2, -0.2F},
    /* of equal ones it is the maximum; by the float32 -2 / 15 it is -7.4999995 steps from 0 */
    {QUANT_UINT4, QUANT_FLOAT32, -1, 1, -1.0F / 7, 1, -1.0F / 7},
    /* zero is not included: 5 / (-1 / 255) = -1275 */
    {QUANT_UINT8, QUANT_FLOAT32, 4, 5, -5.0F / 1275, 5, -5.0F / 1275},
    /* nothing but zeros: the floor, and no bias */
    {QUANT_UINT4, QUANT_FLOAT32, 0, 0, -1e-7F, 0, -1e-7F},
    {QUANT_UINT4, QUANT_FLOAT32, -1e-9, 0, 1e-7F, 0, 1e-7F},
    /* stored in 16 bits, but used before it is rounded */
    {QUANT_UINT4, QUANT_BFLOAT16, -2, 1, 0.2001953125F, -2, 0.2F},
    {QUANT_UINT4, QUANT_FLOAT16, -2, 1, 0.199951171875F, -2, 0.2F},
};

static void test_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_spec spec = spec_of(rows[i].dtype, rows[i].input);
        struct quant_plan plan;
        assert_int_equal(quant_plan_make(&spec, &blocks, &plan, NULL), QUANT_OK);
        struct quant_choice choice = quant_choice_of_nothing(&plan.target);
        quant_choice_set_range(&choice, &plan.target, rows[i].low, rows[i].high);
        if (choice.params.scale != rows[i].scale || choice.params.bias != rows[i].bias ||
            choice.params.factor != rows[i].factor || choice.params.zero_point != 0)
            fail_msg("row %zu: scale %.9g, bias %.9g, factor %.9g", i, (double)choice.params.scale,
                     (double)choice.params.bias, (double)choice.params.factor);
        assert_int_equal(choice.params.scale_dtype, rows[i].input);
        assert_false(quant_params_have_zero_points(&choice.params));
        assert_true(quant_params_have_biases(&choice.params));
        assert_true(quant_scale_bytes(&choice.params, 10) ==
                    20 * quant_dtype_bytes(rows[i].input, 1));
    }
}

/* A range that is longer than float32 reaches still has finite parameters. */
static void test_longest(void **state)
{
    const struct quant_spec spec = spec_of(QUANT_UINT4, QUANT_FLOAT32);
    struct quant_plan plan;
    (void)state;
    assert_int_equal(quant_plan_make(&spec, &blocks, &plan, NULL), QUANT_OK);
    struct quant_choice choice = quant_choice_of_nothing(&plan.target);
    quant_choice_set_range(&choice, &plan.target, -(double)FLT_MAX, (double)FLT_MAX);
    assert_true(isfinite(choice.params.scale) && isfinite(choice.params.bias));
    assert_true(choice.notes & QUANT_NOTE_SCALE_LOWERED);
}

/* ---- Elements ---- */

enum { ROWS = 5, COLUMNS = 96, N = ROWS * COLUMNS, GROUPS = N / 32 };

struct arrays {
    float x[N];
    float scales[GROUPS];
    int32_t zero_points[GROUPS];
    float factors[GROUPS];
    float biases[GROUPS];
    unsigned char q[N];
    float restored[N];
};

/* Found for all groups at once; then any part of the elements is mapped and restored as by the
 * definition, element by element. */
static void check_elements(struct arrays *a, enum quant_dtype dtype, enum quant_dtype input,
                           bool exact, struct random *random)
{
    const struct quant_group_params groups = {.scales = a->scales,
                                              .zero_points = a->zero_points,
                                              .factors = exact ? NULL : a->factors,
                                              .biases = a->biases};
    const struct quant_shape shape = {2, {ROWS, COLUMNS}};
    struct quant_spec spec = spec_of(dtype, input);
    struct quant_grouping grouping;
    struct quant_params common;
    unsigned notes;
    spec.exact = exact;
    assert_int_equal(quant_grouping_make(&blocks, &shape, QUANT_ORDER_C, &grouping, NULL), 0);
    assert_int_equal(quant_calibrate_groups(&spec, &grouping, a->x, &common, &groups, &notes, NULL),
                     QUANT_OK);
    const size_t first = random_below(random, N) & ~1U;
    const size_t n = random_below(random, (uint32_t)(N - first)) + 1;
    quant_quantize_groups(&common, &grouping, &groups, first, a->x + first, n, a->q);
    quant_dequantize_groups(&common, &grouping, &groups, first, a->q, n, a->restored);
    for (size_t i = 0; i < n; i++) {
        const size_t group = (first + i) / 32;
        const float by = exact ? a->scales[group] : a->factors[group];
        const float steps = (a->x[first + i] - a->biases[group]) / by;
        const float most = dtype == QUANT_UINT4 ? 15 : 255;
        const unsigned q = (unsigned)rintf(fminf(fmaxf(steps, 0), most));
        const unsigned found = dtype == QUANT_UINT4 ? a->q[i / 2] >> i % 2 * 4 & 15U : a->q[i];
        assert_int_equal(found, q);
        const float product = (float)q * a->scales[group];
        assert_true(a->restored[i] == product + a->biases[group]);
    }
}

static void test_elements(void **state)
{
    static const enum quant_dtype inputs[] = {QUANT_FLOAT32, QUANT_BFLOAT16, QUANT_FLOAT16};
    struct random random = random_begin();
    struct arrays arrays;
    (void)state;
    for (size_t round = 0; round < 120; round++) {
        const enum quant_dtype input = inputs[round % LENGTH(inputs)];
        const enum quant_dtype dtype = round % 2 ? QUANT_UINT4 : QUANT_UINT8;
        random_normals(&random, arrays.x, N);
        for (size_t i = 0; i < N; i++)
            arrays.x[i] = (float)quant_dtype_round(input, (double)arrays.x[i]);
        check_elements(&arrays, dtype, input, round % 4 > 1, &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_elements),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
