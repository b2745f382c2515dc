/* SPDX-License-Identifier: MIT */
/* The sums of groups in parts of any length, and the worst groups, against a plain version. */
#include "core/group_ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"
#include "base/grouping.h"

enum { MAX_GROUPS = 500, MAX_ELEMENTS = 6000 };

static const struct layout {
    struct quant_shape shape;
    struct quant_granularity granularity;
} layouts[] = {
    {{1, {3000}}, {.block_size = 32}},
    {{2, {40, 70}}, {.has_axis = true, .axis = 0}},
    {{2, {70, 40}}, {.has_axis = true, .axis = 1}},
    {{3, {5, 12, 33}}, {.has_axis = true, .axis = 1, .block_size = 5}},
    {{3, {5, 12, 33}}, {.has_axis = true, .axis = 1}},
    {{2, {45, 77}}, {.block_size = 10, .block_rows = 8}},
};

struct arrays {
    float x[MAX_ELEMENTS];
    float restored[MAX_ELEMENTS];
    float scales[MAX_GROUPS];
    int32_t zero_points[MAX_GROUPS];
    double squared_errors[MAX_GROUPS];
    uint64_t nonfinite[MAX_GROUPS];
    double errors[MAX_GROUPS]; /* expected */
    uint64_t counts[MAX_GROUPS];
};

/* Errors are multiples of 1 / 8, whose sums are exact in any order. Every third group has no error.
 */
static void make_arrays(struct random *random, const struct quant_grouping *grouping,
                        struct arrays *arrays)
{
    memset(arrays, 0, sizeof *arrays);
    for (uint64_t i = 0; i < grouping->count; i++) {
        arrays->scales[i] = (float)(1 + i);
        arrays->zero_points[i] = (int32_t)i;
    }
    for (uint64_t i = 0; i < grouping->nelems; i++) {
        const uint64_t group = quant_grouping_group_of(grouping, i);
        const double error = group % 3 == 0 ? 0 : random_below(random, 9) / 8.0;
        arrays->x[i] = (float)random_below(random, 5);
        arrays->restored[i] = arrays->x[i] + (float)error;
        if (random_below(random, 20) == 0) {
            arrays->x[i] = random_below(random, 2) ? INFINITY : (float)NAN;
            continue;
        }
        arrays->errors[group] += error * error;
        arrays->counts[group]++;
    }
}

/* Parts of at most `longest` elements. */
static void rank(const struct quant_grouping *grouping, struct arrays *arrays, size_t longest,
                 struct random *random, struct quant_group_ranking *ranking)
{
    static const struct quant_params common = {
        .dtype = QUANT_INT8, .qmin = -128, .qmax = 127, .scale = 1};
    assert_int_equal(quant_group_ranking_init(ranking, grouping, NULL), QUANT_OK);
    for (uint64_t first = 0; first < grouping->nelems;) {
        const uint64_t left = grouping->nelems - first;
        const size_t wanted = 1 + random_below(random, (uint32_t)longest);
        const size_t n = wanted < left ? wanted : (size_t)left;
        const struct quant_group_part part = {
            .grouping = grouping,
            .params = {.scales = arrays->scales, .zero_points = arrays->zero_points},
            .sums = {arrays->squared_errors, arrays->nonfinite},
            .first = first,
        };
        quant_group_sums_add(&common, &part, 0, arrays->x + first, arrays->restored + first, n,
                             false);
        quant_group_ranking_join(ranking, &part, n);
        first += n;
    }
}

/* Takes the group with the largest mean error that is left; of equal ones the first. */
static uint64_t take_worst(struct arrays *arrays, uint64_t ngroups)
{
    uint64_t worst = ngroups;
    double max = 0;
    for (uint64_t i = 0; i < ngroups; i++) {
        const double mse = arrays->errors[i] / (double)arrays->counts[i];
        if (mse > max) {
            max = mse;
            worst = i;
        }
    }
    return worst;
}

static void check_ranking(const struct quant_grouping *grouping, struct arrays *arrays,
                          const struct quant_worst_groups *worst)
{
    for (size_t i = 0; i < worst->n; i++) {
        const struct quant_group_error *found = &worst->groups[i];
        const uint64_t group = take_worst(arrays, grouping->count);
        assert_int_equal(found->group, group);
        assert_int_equal(found->n, arrays->counts[group]);
        assert_true(found->sum_squared_error == arrays->errors[group]);
        assert_true(found->mse == arrays->errors[group] / (double)arrays->counts[group]);
        assert_true(found->scale == (float)(1 + group));
        assert_int_equal(found->zero_point, group);
        arrays->errors[group] = 0;
    }
    if (worst->n < QUANT_WORST_MOST)
        assert_int_equal(take_worst(arrays, grouping->count), grouping->count);
}

static void test_ranking(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 50, 700, MAX_ELEMENTS};
    struct arrays *arrays = malloc(sizeof *arrays);
    struct random random = random_begin();
    assert_non_null(arrays);
    for (size_t i = 0; i < LENGTH(layouts); i++)
        for (size_t k = 0; k < LENGTH(lengths); k++) {
            struct quant_grouping grouping;
            struct quant_group_ranking ranking;
            const enum quant_order order = k % 2 ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C;
            assert_int_equal(quant_grouping_make(&layouts[i].granularity, &layouts[i].shape, order,
                                                 &grouping, NULL),
                             QUANT_OK);
            assert_true(grouping.count <= MAX_GROUPS && grouping.nelems <= MAX_ELEMENTS);
            make_arrays(&random, &grouping, arrays);
            rank(&grouping, arrays, lengths[k], &random, &ranking);
            assert_true(ranking.worst.n > 0);
            check_ranking(&grouping, arrays, &ranking.worst);
            quant_group_ranking_release(&ranking);
        }
    free(arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranking)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
