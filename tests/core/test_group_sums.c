/* SPDX-License-Identifier: MIT */
/* Elements that the clamp changes are counted group by group, and workers fit into memory.
 * core/group_ranking compares the sums. */
#include "core/group_sums.h"

#include <math.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

/* At an end of the range, up to a step beyond it, or near the middle between that and the next. */
static float element_at_end(struct random *random, const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const double beyond = random_below(random, 3) ? random_below(random, 9) / 8.0 : 0.5;
    const bool is_low = random_below(random, 2);
    const double end = !info->is_integer ? info->max
                       : is_low          ? (double)params->zero_point - params->qmin
                                         : (double)params->qmax - params->zero_point;
    const double step = info->is_integer ? 1 : 32; /* from 448 to the next of float8_e4m3fn */
    const double steps = (is_low ? -1 : 1) * (end + beyond * step);
    return random_nudge(random, (float)(steps * (double)params->scale), 2);
}

/* Blocks, and channels side by side, each group with its own scale and zero point. */
static void test_clipped(void **state)
{
    (void)state;
    enum { N = 600, GROUPS = 12 };
    static const struct quant_params mappings[] = {
        {.dtype = QUANT_INT8, .qmin = -100, .qmax = 90},
        {.dtype = QUANT_UINT4, .qmin = 0, .qmax = 15},
        {.dtype = QUANT_INT8, .qmin = -100, .qmax = 90, .mapping = QUANT_MAP_DIVIDE},
        {.dtype = QUANT_FLOAT8_E4M3FN, .qmin = 0, .qmax = 0},
        {.dtype = QUANT_INT16, .qmin = -32768, .qmax = 32767},
    };
    static const struct quant_shape shape = {2, {N / GROUPS, GROUPS}};
    struct random random = random_begin();
    for (size_t i = 0; i < 100; i++) {
        struct quant_params common = mappings[i % LENGTH(mappings)];
        const struct quant_granularity granularity = {.has_axis = true, .axis = (int)(i % 2)};
        const bool is_float = !quant_dtype_info(common.dtype)->is_integer;
        const bool is_plain = !is_float && common.mapping == QUANT_MAP_PLAIN;
        struct quant_grouping grouping;
        double squared_errors[N] = {0};
        uint64_t nonfinite[N] = {0};
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
            zero_points[k] = is_float ? 0 : (int32_t)random_below(&random, 5);
            if (i % 4 == 3 && !is_float)
                zero_points[k] +=
                    (k % 2 ? 1 : -1) * (1 << (12 + k % 12)); /* also near 2^20, and above */
        }
        for (size_t k = 0; k < N; k++) {
            const uint64_t group = quant_grouping_group_of(&grouping, k);
            struct quant_params params = common;
            unsigned char q[sizeof(uint16_t)];
            params.scale = scales[group];
            params.zero_point = zero_points[group];
            x[k] = k % 2 ? (float)(200 * random_unit(&random) - 100)
                         : element_at_end(&random, &params);
            quant_quantize(&params, &x[k], 1, q);
            quant_dequantize(&params, q, 1, &restored[k]);
            const double rounded = (double)rintf(x[k] / params.scale) + params.zero_point;
            expected += is_plain ? rounded < params.qmin || rounded > params.qmax
                                 : quant_is_clipped(&params, x[k]);
        }
        const struct quant_group_part part = {
            .grouping = &grouping,
            .params = {.scales = scales, .zero_points = zero_points},
            .sums = {squared_errors, nonfinite},
            .first = 0};
        const uint64_t found =
            quant_group_sums_add(&common, &part, 0, x, restored, 256, true) +
            quant_group_sums_add(&common, &part, 256, x + 256, restored + 256, N - 256, false);
        assert_int_equal(found, expected);
        for (uint64_t k = 0; k < grouping.count; k++)
            assert_int_equal(nonfinite[k], 0);
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
