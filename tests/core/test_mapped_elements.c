/* SPDX-License-Identifier: MIT */
#include "core/mapped_elements.h"

#include "../support/floats.h"
#include "../support/unit.h"
#include "base/nibble.h"

/* The bits of the i-th integer. */
static unsigned code_at(enum quant_dtype dtype, const void *q, size_t i)
{
    const unsigned bits = quant_dtype_info(dtype)->bits;
    if (bits == 4)
        return quant_nibble_get(q, i);
    return bits == 8 ? ((const uint8_t *)q)[i] : ((const uint16_t *)q)[i];
}

/* Channels side by side, and blocks along the first axis, from any element on and in any number:
 * each element is mapped as by itself. */
static void test_channels(void **state)
{
    enum { ROWS = 41, COLUMNS = 7 };
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_INT4, QUANT_INT16};
    float x[ROWS * COLUMNS];
    float scales[ROWS * COLUMNS];
    int32_t zero_points[ROWS * COLUMNS];
    struct random random = random_begin();
    const struct quant_shape dims = {2, {ROWS, COLUMNS}};
    (void)state;
    random_normals(&random, x, LENGTH(x));
    for (size_t i = 0; i < LENGTH(x); i++) {
        scales[i] = (float)(0.001 + 0.01 * random_unit(&random));
        zero_points[i] = (int32_t)random_below(&random, 3) - 1;
    }
    for (size_t round = 0; round < 600; round++) {
        const enum quant_dtype dtype = dtypes[round % LENGTH(dtypes)];
        const bool in_blocks = round % 2;
        const struct quant_granularity granularity = {
            .has_axis = true, .axis = in_blocks ? 0 : 1, .block_size = in_blocks ? 9 : 0};
        const struct quant_params common = {.dtype = dtype,
                                            .qmin = dtype == QUANT_INT4 ? -8 : -128,
                                            .qmax = dtype == QUANT_INT4 ? 7 : 127,
                                            .scale = 1,
                                            .mapping = QUANT_MAP_RECIPROCAL};
        const struct quant_group_params groups = {.scales = scales, .zero_points = zero_points};
        struct quant_grouping grouping;
        uint16_t q[LENGTH(x)];
        assert_int_equal(quant_grouping_make(&granularity, &dims, QUANT_ORDER_C, &grouping, NULL),
                         QUANT_OK);
        const size_t first = random_below(&random, LENGTH(x)) & ~1U;
        const size_t n = random_below(&random, (uint32_t)(LENGTH(x) - first)) + 1;
        quant_quantize_groups(&common, &grouping, &groups, first, x + first, n, q);
        for (size_t i = 0; i < n; i++) {
            const uint64_t group = quant_grouping_group_of(&grouping, first + i);
            struct quant_params params = common;
            uint16_t one = 0;
            params.scale = scales[group];
            params.zero_point = zero_points[group];
            quant_quantize(&params, x + first + i, 1, &one);
            assert_int_equal(code_at(dtype, q, i), code_at(dtype, &one, 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_channels)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
