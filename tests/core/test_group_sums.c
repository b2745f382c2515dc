/* SPDX-License-Identifier: MIT */
/* Elements that the clamp changes are counted group by group, and workers fit into memory.
 * core/group_ranking compares the sums. */
#include "core/group_sums.h"

#include <math.h>

#include "../support/random.h"
#include "../support/unit.h"

/* Blocks, and channels side by side, each group with its own scale and zero point. */
static void test_clipped(void **state)
{
    (void)state;
    enum { N = 600, GROUPS = 12 };
    static const struct quant_params mappings[] = {
        {.dtype = QUANT_INT8, .qmin = -100, .qmax = 90},
        {.dtype = QUANT_UINT4, .qmin = 0, .qmax = 15},
        {.dtype = QUANT_INT8, .qmin = -100, .qmax = 90, .mapping = QUANT_MAP_DIVIDE},
    };
    static const struct quant_shape shape = {2, {N / GROUPS, GROUPS}};
    struct random random = random_begin();
    for (size_t i = 0; i < 42; i++) {
        struct quant_params common = mappings[i % LENGTH(mappings)];
        const struct quant_granularity granularity = {.has_axis = true, .axis = (int)(i % 2)};
        struct quant_grouping grouping;
        struct quant_group_sums sums[N] = {{0, 0}};
        float scales[N];
        int32_t zero_points[N];
        float x[N];
        float restored[N];
        uint64_t expected = 0;
        assert_int_equal(quant_grouping_make(&granularity, &shape, QUANT_ORDER_C, &grouping, NULL),
                         QUANT_OK);
        for (uint64_t k = 0; k < grouping.count; k++) {
            scales[k] = (float)(0.01 + random_unit(&random));
            if (common.mapping == QUANT_MAP_DIVIDE && k % 2)
                scales[k] = -scales[k];
            zero_points[k] = (int32_t)random_below(&random, 5);
        }
        for (size_t k = 0; k < N; k++) {
            const uint64_t group = quant_grouping_group_of(&grouping, k);
            struct quant_params params = common;
            unsigned char q[1];
            params.scale = scales[group];
            params.zero_point = zero_points[group];
            x[k] = (float)(200 * random_unit(&random) - 100);
            quant_quantize(&params, &x[k], 1, q);
            quant_dequantize(&params, q, 1, &restored[k]);
            const float rounded = rintf(x[k] / params.scale) + (float)params.zero_point;
            expected += rounded < (float)params.qmin || rounded > (float)params.qmax;
        }
        const struct quant_group_part part = {
            .grouping = &grouping,
            .params = {.scales = scales, .zero_points = zero_points},
            .sums = sums,
            .first = 0};
        const uint64_t found =
            quant_group_sums_add(&common, &part, 0, x, restored, 256, true) +
            quant_group_sums_add(&common, &part, 256, x + 256, restored + 256, N - 256, false);
        assert_int_equal(found, expected);
        uint64_t counted = 0;
        for (uint64_t k = 0; k < grouping.count; k++)
            counted += sums[k].n;
        assert_int_equal(counted, N);
    }
}

static void test_workers(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        unsigned workers;
    } rows[] = {{0, 8}, {1, 8}, {1 << 20, 4}, {1 << 21, 2}, {1 << 22, 1}, {UINT64_C(1) << 40, 1}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_grouping grouping = {.count = rows[i].count};
        assert_int_equal(quant_group_workers(&grouping, 8), rows[i].workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clipped),
        cmocka_unit_test(test_workers),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
