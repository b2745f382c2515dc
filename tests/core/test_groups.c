/* SPDX-License-Identifier: MIT */
/*
 * Scales per channel and per block, against a plain version: the group of every element from its
 * multi-dimensional index, and every group calibrated, quantized and restored alone.
 */
#include <math.h>
#include <quant/groups.h>

#include "../support/names.h"
#include "../support/random.h"
#include "../support/unit.h"
#include "base/grouping.h"

enum { MOST = 6000 };

struct example {
    struct quant_shape shape;
    struct quant_granularity granularity;
};

/* Extents that make rows shorter and longer than vectors and pieces; blocks that do not divide
 * them; groups of one element; and no elements at all. */
static const struct example examples[] = {
    {{1, {7}}, {false, 0, 0, 0}},         {{1, {7}}, {true, 0, 0, 0}},
    {{1, {100}}, {false, 0, 32, 0}},      {{1, {1500}}, {false, 0, 7, 0}},
    {{1, {5000}}, {false, 0, 4096, 0}},   {{2, {3, 5}}, {true, 0, 0, 0}},
    {{2, {3, 5}}, {true, 1, 0, 0}},       {{2, {3, 5}}, {true, -1, 0, 0}},
    {{2, {1, 9}}, {true, 1, 0, 0}},       {{2, {9, 1}}, {true, 1, 0, 0}},
    {{2, {40, 96}}, {true, -1, 32, 0}},   {{2, {40, 100}}, {true, 1, 32, 0}},
    {{2, {40, 100}}, {true, 0, 32, 0}},   {{2, {40, 100}}, {true, 0, 0, 0}},
    {{2, {40, 100}}, {true, 1, 0, 0}},    {{2, {3, 1300}}, {true, 0, 0, 0}},
    {{2, {3, 1300}}, {true, 1, 0, 0}},    {{2, {3, 1300}}, {true, 0, 2, 0}},
    {{2, {1300, 3}}, {true, 1, 0, 0}},    {{2, {11, 300}}, {true, 1, 128, 0}},
    {{3, {4, 5, 6}}, {true, 1, 0, 0}},    {{3, {4, 5, 6}}, {true, 1, 2, 0}},
    {{3, {4, 5, 6}}, {true, -3, 3, 0}},   {{3, {2, 3, 700}}, {true, 1, 0, 0}},
    {{3, {2, 70, 9}}, {true, 1, 0, 0}},   {{4, {8, 6, 3, 3}}, {true, 0, 0, 0}},
    {{4, {8, 6, 3, 3}}, {true, 1, 0, 0}}, {{4, {8, 6, 3, 3}}, {true, 2, 2, 0}},
    {{2, {40, 100}}, {true, 1, 1, 0}},    {{2, {40, 100}}, {true, 1, 1000, 0}},
    {{2, {0, 5}}, {true, 1, 0, 0}},       {{2, {0, 5}}, {true, 0, 0, 0}},
    {{2, {5, 0}}, {true, 1, 3, 0}},       {{2, {40, 100}}, {false, 0, 32, 8}},
    {{2, {41, 96}}, {false, 0, 32, 8}},   {{2, {3, 1300}}, {false, 0, 128, 2}},
    {{2, {50, 70}}, {false, 0, 1, 9}},    {{2, {50, 70}}, {false, 0, 9, 1}},
    {{2, {50, 70}}, {false, 0, 100, 7}},  {{2, {50, 70}}, {false, 0, 33, 100}},
    {{2, {50, 70}}, {false, 0, 70, 50}},  {{2, {6, 900}}, {false, 0, 299, 4}},
    {{2, {1, 9}}, {false, 0, 2, 2}},      {{2, {0, 5}}, {false, 0, 2, 3}},
};

enum { NEXAMPLES = sizeof examples / sizeof examples[0] };

/* As groups.h defines it: the index along the axis, or the index of the block among the blocks of
 * all other indices, in the order of the tensor. */
static uint64_t expected_group(const struct example *example, enum quant_order order,
                               uint64_t element)
{
    const struct quant_granularity *granularity = &example->granularity;
    const struct quant_shape *shape = &example->shape;
    if (!granularity->has_axis && granularity->block_size == 0)
        return 0;
    int axis = granularity->has_axis ? granularity->axis : -1;
    axis += axis < 0 ? shape->ndim : 0;
    uint64_t index[QUANT_MAX_DIMS];
    quant_shape_unravel(shape, order, element, index);
    if (granularity->block_size == 0)
        return index[axis];
    uint64_t group = 0;
    for (int i = 0; i < shape->ndim; i++) {
        const int at = order == QUANT_ORDER_C ? i : shape->ndim - 1 - i;
        const bool is_row = granularity->block_rows > 0 && at == 0;
        const uint64_t size = is_row       ? granularity->block_rows
                              : at == axis ? granularity->block_size
                                           : 1;
        group = group * ((shape->dims[at] + size - 1) / size) + index[at] / size;
    }
    return group;
}

static struct quant_grouping make(const struct example *example, enum quant_order order)
{
    struct quant_grouping grouping;
    struct quant_error error;
    assert_int_equal(
        quant_grouping_make(&example->granularity, &example->shape, order, &grouping, &error),
        QUANT_OK);
    return grouping;
}

/* Each row has its own scale, far from those of its neighbors. */
static void fill(struct random *random, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((random_unit(random) - 0.4) * (1 + (double)(i % 17) * 3) +
                       (i % 29 == 0 ? 100 : 0));
}

static void test_groups_are_as_described(void **state)
{
    (void)state;
    for (size_t k = 0; k < NEXAMPLES; k++) {
        for (int order = 0; order < 2; order++) {
            const struct quant_grouping grouping = make(&examples[k], (enum quant_order)order);
            uint64_t count = 0;
            uint64_t before = 0;
            struct quant_stretch stretch = {.left = 0};
            if (grouping.nelems > 0)
                stretch = quant_stretch_at(&grouping, 0);
            for (uint64_t i = 0; i < grouping.nelems; i++) {
                const uint64_t group = expected_group(&examples[k], (enum quant_order)order, i);
                assert_int_equal(quant_grouping_group_of(&grouping, i), group);
                assert_int_equal(stretch.group, group);
                assert_true(group < grouping.count);
                if (group == count) { /* groups are numbered as their first elements lie */
                    assert_int_equal(quant_grouping_first_of(&grouping, group), i);
                    count++;
                }
                assert_true(group < count);
                if (i > 0 && group != before) /* no stretch is longer than its group */
                    assert_int_equal(quant_stretch_at(&grouping, i - 1).left, 1);
                before = group;
                quant_stretch_advance(&stretch, 1);
            }
            assert_int_equal(stretch.left, 0);
            if (grouping.nelems > 0)
                assert_int_equal(grouping.count, count);
        }
    }
}

/* ---- Against each group alone ---- */

struct arrays {
    float x[MOST];
    float scales[MOST];
    int32_t zero_points[MOST];
    unsigned char q[2 * MOST];
    float restored[MOST];
    float slice[MOST];
    unsigned char slice_q[2 * MOST];
    float slice_restored[MOST];
};

static uint32_t element_bits(enum quant_dtype dtype, const unsigned char *q, size_t i)
{
    const unsigned bits = quant_dtype_info(dtype)->bits;
    if (bits == 4)
        return (uint32_t)(q[i / 2] >> (i % 2 * 4)) & 15U;
    return bits == 8 ? q[i] : (uint32_t)q[2 * i] | (uint32_t)q[2 * i + 1] << 8;
}

static void check_group(struct arrays *arrays, const struct quant_spec *spec,
                        const struct quant_grouping *grouping, uint64_t group)
{
    size_t n = 0;
    for (size_t i = 0; i < grouping->nelems; i++)
        if (quant_grouping_group_of(grouping, i) == group)
            arrays->slice[n++] = arrays->x[i];
    struct quant_choice choice;
    assert_int_equal(quant_calibrate(spec, arrays->slice, n, &choice, NULL), QUANT_OK);
    assert_memory_equal(&arrays->scales[group], &choice.params.scale, sizeof(float));
    assert_int_equal(arrays->zero_points[group], choice.params.zero_point);
    quant_quantize(&choice.params, arrays->slice, n, arrays->slice_q);
    quant_dequantize(&choice.params, arrays->slice_q, n, arrays->slice_restored);
    size_t k = 0;
    for (size_t i = 0; i < grouping->nelems; i++) {
        if (quant_grouping_group_of(grouping, i) != group)
            continue;
        assert_int_equal(element_bits(choice.params.dtype, arrays->q, i),
                         element_bits(choice.params.dtype, arrays->slice_q, k));
        assert_memory_equal(&arrays->restored[i], &arrays->slice_restored[k], sizeof(float));
        k++;
    }
}

static void check_example(struct arrays *arrays, const struct quant_spec *spec,
                          const struct example *example, enum quant_order order,
                          struct random *random)
{
    const struct quant_grouping grouping = make(example, order);
    const size_t n = (size_t)grouping.nelems;
    struct quant_params common;
    struct quant_error error;
    unsigned notes;
    assert_true(n <= MOST && grouping.count <= MOST);
    const struct quant_group_params groups = {.scales = arrays->scales,
                                              .zero_points = arrays->zero_points};
    assert_int_equal(
        quant_calibrate_groups(spec, &grouping, arrays->x, &common, &groups, &notes, &error),
        QUANT_OK);
    /* In two calls: the cut makes no difference. */
    const size_t cut = n > 1 ? random_below(random, (uint32_t)n) & ~1U : 0;
    const size_t cut_bytes = (size_t)quant_dtype_bytes(common.dtype, cut);
    const struct quant_group_params *all = &groups;
    quant_quantize_groups(&common, &grouping, all, 0, arrays->x, cut, arrays->q);
    quant_quantize_groups(&common, &grouping, all, cut, arrays->x + cut, n - cut,
                          arrays->q + cut_bytes);
    quant_dequantize_groups(&common, &grouping, all, 0, arrays->q, cut, arrays->restored);
    quant_dequantize_groups(&common, &grouping, all, cut, arrays->q + cut_bytes, n - cut,
                            arrays->restored + cut);
    /* All groups for a few options, and some for many: all of both would take long. */
    const uint64_t step = grouping.count > 40 ? grouping.count / 40 : 1;
    for (uint64_t group = 0; group < grouping.count; group += step)
        check_group(arrays, spec, &grouping, group);
}

static void test_each_group_is_as_alone(void **state)
{
    static struct arrays arrays;
    static const enum quant_dtype dtypes[] = {QUANT_INT8,          QUANT_UINT8,      QUANT_INT4,
                                              QUANT_UINT4,         QUANT_INT16,      QUANT_UINT16,
                                              QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2};
    static const enum quant_dtype scale_dtypes[] = {QUANT_DTYPE_NONE, QUANT_FLOAT16,
                                                    QUANT_BFLOAT16};
    struct random random = random_begin();
    (void)state;
    fill(&random, arrays.x, MOST);
    for (size_t k = 0; k < NEXAMPLES; k++) {
        for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++) {
            const bool is_integer = quant_dtype_info(dtypes[d])->is_integer;
            const struct quant_spec spec = {
                .dtype = dtypes[d],
                .scheme = is_integer && k % 2 ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                .rounding = is_integer && k % 3 == 0 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
                .scale_dtype = scale_dtypes[(k + d) % 3]};
            check_example(&arrays, &spec, &examples[k], (enum quant_order)(d % 2), &random);
        }
    }
}

static void test_every_method(void **state)
{
    static struct arrays arrays;
    static const struct example few[] = {
        {{2, {6, 50}}, {true, 0, 0, 0}},    {{2, {50, 6}}, {true, 1, 0, 0}},
        {{2, {5, 60}}, {true, 1, 32, 0}},   {{3, {3, 40, 2}}, {true, 1, 32, 0}},
        {{2, {20, 45}}, {false, 0, 20, 8}},
    };
    struct random random = random_begin();
    (void)state;
    fill(&random, arrays.x, MOST);
    for (size_t i = 0; method_name(i); i++) {
        for (size_t k = 0; k < sizeof few / sizeof few[0]; k++) {
            const struct quant_spec spec = {.calibration = method_name(i),
                                            .scheme = (enum quant_scheme)(k % 2),
                                            .scale_dtype =
                                                k < 2 ? QUANT_DTYPE_NONE : QUANT_BFLOAT16};
            check_example(&arrays, &spec, &few[k], QUANT_ORDER_C, &random);
        }
    }
}

static void test_what_is_not_finite(void **state)
{
    static struct arrays arrays;
    struct random random = random_begin();
    (void)state;
    fill(&random, arrays.x, MOST);
    for (size_t i = 0; i < MOST; i += 97)
        arrays.x[i] = i % 2 ? NAN : -INFINITY;
    for (size_t i = 0; i < 64; i++) /* some groups have nothing else */
        arrays.x[i] = INFINITY;
    for (size_t k = 0; k < NEXAMPLES; k++) {
        const struct quant_spec spec = {.nonfinite = QUANT_NONFINITE_SATURATE,
                                        .scheme = (enum quant_scheme)(k % 2)};
        check_example(&arrays, &spec, &examples[k], QUANT_ORDER_C, &random);
    }
    const struct quant_grouping grouping = make(&examples[13], QUANT_ORDER_C);
    const struct quant_group_params groups = {.scales = arrays.scales,
                                              .zero_points = arrays.zero_points};
    struct quant_params common;
    struct quant_error error;
    unsigned notes;
    assert_int_equal(quant_calibrate_groups(&(struct quant_spec){.dtype = QUANT_INT8}, &grouping,
                                            arrays.x, &common, &groups, &notes, &error),
                     QUANT_NONFINITE);
}

static void test_refusals(void **state)
{
    static const struct {
        struct quant_shape shape;
        struct quant_granularity granularity;
        const char *text;
    } refused[] = {
        {{2, {3, 5}}, {true, 2, 0, 0}, "no axis 2: the shape (3, 5) has axes 0 to 1"},
        {{2, {3, 5}}, {true, -3, 0, 0}, "no axis -3: the shape (3, 5) has axes 0 to 1"},
        {{0, {0}}, {true, 0, 0, 0}, "a scalar has no axis"},
        {{0, {0}}, {false, 0, 32, 0}, "a scalar has no axis"},
        {{2, {3, 5}}, {true, 1, 2, 2}, "blocks of rows and columns do not take an axis"},
        {{2, {3, 5}}, {false, 0, 0, 2}, "blocks of rows and columns need a number of columns"},
        {{3, {3, 5, 2}},
         {false, 0, 2, 2},
         "blocks of rows and columns need a matrix, found the shape (3, 5, 2)"},
    };
    struct quant_grouping grouping;
    struct quant_error error;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(quant_grouping_make(&refused[i].granularity, &refused[i].shape,
                                             QUANT_ORDER_C, &grouping, &error),
                         QUANT_INVALID);
        assert_string_equal(error.text, refused[i].text);
    }
    const struct quant_granularity by_axis = {.has_axis = true, .axis = 1, .block_size = 0};
    const struct quant_shape many = {2, {0, (1 << 20) + 1}};
    assert_int_equal(quant_grouping_make(&by_axis, &many, QUANT_ORDER_C, &grouping, &error),
                     QUANT_UNSUPPORTED);
    assert_string_equal(error.text, "the shape (0, 1048577) has no elements, and too many "
                                    "channels: 1048577, at most 1048576");
    static const struct quant_spec given[] = {
        {.has_scale = true, .scale = 1},
        {.has_clip = true, .clip = {-1, 1}},
        {.dtype = QUANT_FLOAT16},
    };
    float scale;
    int32_t zero_point;
    const struct quant_group_params groups = {.scales = &scale, .zero_points = &zero_point};
    struct quant_params common;
    unsigned notes;
    grouping = make(&examples[1], QUANT_ORDER_C);
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        assert_int_equal(quant_calibrate_groups(&given[i], &grouping, &(float){1}, &common, &groups,
                                                &notes, &error),
                         QUANT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_as_described),
        cmocka_unit_test(test_each_group_is_as_alone),
        cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_what_is_not_finite),
        cmocka_unit_test(test_refusals),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
