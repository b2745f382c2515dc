/* SPDX-License-Identifier: MIT */
/* The min and max of groups, and their parameters, against a plain version for each element. */
#include "methods/extremes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "base/grouping.h"
#include "core/range_params.h"
#include "methods/plan_make.h"

enum { MAX_GROUPS = 4000, MAX_ELEMENTS = 12000 };

static const struct layout {
    struct quant_shape shape;
    struct quant_granularity granularity;
} layouts[] = {
    {{1, {1000}}, {.block_size = 32}},
    {{2, {37, 70}}, {.has_axis = true, .axis = 0}},
    {{2, {300, 5}}, {.has_axis = true, .axis = 1}},
    {{2, {100, 100}}, {.has_axis = true, .axis = 1}},
    {{3, {4, 30, 33}}, {.has_axis = true, .axis = 1, .block_size = 7}},
    {{2, {9, 130}}, {.block_size = 48}},
    {{1, {50}}, {.block_size = 1}},
};

struct found {
    float min[MAX_GROUPS];
    float max[MAX_GROUPS];
};

static struct quant_grouping make_grouping(const struct layout *layout, enum quant_order order)
{
    struct quant_grouping grouping;
    assert_int_equal(
        quant_grouping_make(&layout->granularity, &layout->shape, order, &grouping, NULL),
        QUANT_OK);
    assert_true(grouping.nelems <= MAX_ELEMENTS && grouping.count <= MAX_GROUPS);
    return grouping;
}

static bool make_elements(struct random *random, bool is_finite, float *x, size_t n)
{
    bool all_finite = true;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(2 * random_unit(random) - 1);
        if (!is_finite && random_below(random, 9) == 0)
            x[i] = random_special(random);
        all_finite &= isfinite(x[i]) != 0;
    }
    return all_finite;
}

static void find_plainly(const struct quant_grouping *grouping, const float *x, struct found *found)
{
    for (uint64_t i = 0; i < grouping->count; i++) {
        found->min[i] = INFINITY;
        found->max[i] = -INFINITY;
    }
    for (uint64_t i = 0; i < grouping->nelems; i++) {
        const uint64_t group = quant_grouping_group_of(grouping, i);
        if (!isfinite(x[i]))
            continue;
        found->min[group] = fminf(found->min[group], x[i]);
        found->max[group] = fmaxf(found->max[group], x[i]);
    }
}

/* In calls of any length. */
static void test_add(void **state)
{
    (void)state;
    static float x[MAX_ELEMENTS];
    static struct found expected;
    static struct found found;
    struct random random = random_begin();
    for (size_t i = 0; i < 8 * LENGTH(layouts); i++) {
        const struct quant_grouping grouping =
            make_grouping(&layouts[i / 8], i % 2 ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C);
        const struct quant_extremes extremes = {0, found.min, found.max};
        const bool expects_finite = make_elements(&random, i % 8 < 4, x, (size_t)grouping.nelems);
        const uint32_t longest = i % 8 < 2 ? MAX_ELEMENTS : 700;
        bool all_finite = true;
        find_plainly(&grouping, x, &expected);
        quant_extremes_clear(&extremes, grouping.count);
        for (uint64_t first = 0; first < grouping.nelems;) {
            const uint64_t left = grouping.nelems - first;
            const uint64_t n = 1 + random_below(&random, longest);
            all_finite &= quant_extremes_add(&extremes, &grouping, first, x + first,
                                             (size_t)(n < left ? n : left));
            first += n;
        }
        assert_true(all_finite == expects_finite);
        for (uint64_t k = 0; k < grouping.count; k++)
            assert_true(found.min[k] == expected.min[k] && found.max[k] == expected.max[k]);
    }
}

/* As quant_choice_set_range for each group; without a finite element, the choice of nothing. */
static void check_choices(const struct quant_spec *spec, struct quant_extremes *extremes,
                          uint64_t ngroups)
{
    static const struct quant_grouping grouping;
    struct quant_plan plan;
    struct quant_group_calibration calibration;
    float scales[MAX_GROUPS];
    int32_t zero_points[MAX_GROUPS];
    const struct quant_group_params params = {
        .first = extremes->first, .scales = scales, .zero_points = zero_points};
    struct quant_group_notes notes = {{0}, {0}};
    uint64_t expected_notes[QUANT_NOTE_KINDS] = {0};
    assert_int_equal(quant_plan_make(spec, NULL, &plan, NULL), QUANT_OK);
    quant_group_calibration_begin(&calibration, &plan, &grouping);
    assert_true(calibration.by_extremes);
    quant_extremes_choose(extremes, ngroups, &calibration, &params, &notes);
    for (uint64_t i = 0; i < ngroups; i++) {
        struct quant_choice choice = quant_choice_of_nothing(&plan.target);
        if (extremes->min[i] <= extremes->max[i])
            quant_choice_set_range(&choice, &plan.target, (double)extremes->min[i],
                                   (double)extremes->max[i]);
        assert_true(same_bits(scales[i], choice.params.scale));
        assert_int_equal(zero_points[i], choice.params.zero_point);
        for (unsigned kind = 0; kind < QUANT_NOTE_KINDS; kind++)
            expected_notes[kind] += choice.notes >> kind & 1;
    }
    assert_memory_equal(notes.count, expected_notes, sizeof expected_notes);
}

static void test_choose(void **state)
{
    (void)state;
    enum { N = 300 };
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_UINT4, QUANT_INT16,
                                              QUANT_FLOAT8_E4M3FN};
    static const enum quant_dtype scale_dtypes[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_BFLOAT16};
    float min[N];
    float max[N];
    struct quant_extremes extremes = {17, min, max};
    struct random random = random_begin();
    for (int i = 0; i < 240; i++) {
        for (size_t k = 0; k < N; k++) {
            const double size = i % 3 == 0 ? 1 : i % 3 == 1 ? 0x1p-120 : 0x1p120;
            const float a = (float)(size * (2 * random_unit(&random) - 1));
            const float b = i % 2 ? float_of((uint32_t)random_64(&random)) : -a / 3;
            const bool is_empty = k % 50 == 7 || !isfinite(b);
            min[k] = is_empty ? INFINITY : fminf(a, b);
            max[k] = is_empty ? -INFINITY : fmaxf(a, b);
        }
        const enum quant_dtype dtype = dtypes[i % 4];
        const bool is_float = dtype == QUANT_FLOAT8_E4M3FN;
        const struct quant_spec spec = {
            .dtype = dtype,
            .scheme = is_float ? QUANT_ABSMAX : (enum quant_scheme)(i / 4 % 2),
            .scale_dtype = scale_dtypes[i / 8 % 3],
            .include_zero = !is_float && i % 5 == 0,
        };
        check_choices(&spec, &extremes, N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_choose),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
