/* SPDX-License-Identifier: MIT */
/* The size of scales, and of zero points if they are stored. */
#include <quant/quant.h>

#include "../support/unit.h"

struct row {
    struct quant_params params;
    bool has_zero_points;
    uint64_t size; /* of one scale, with its zero point */
};

#define AFFINE .scheme = QUANT_ZERO_POINT

static const struct row rows[] = {
    {{.dtype = QUANT_INT8}, false, 4},
    {{.dtype = QUANT_INT4, .scale_dtype = QUANT_FLOAT32}, false, 4},
    {{.dtype = QUANT_INT4, .scale_dtype = QUANT_FLOAT16}, false, 2},
    {{.dtype = QUANT_INT16, .scale_dtype = QUANT_BFLOAT16}, false, 2},
    /* the middle of an unsigned type, and a given zero point */
    {{.dtype = QUANT_UINT8, .zero_point = 128}, true, 8},
    {{.dtype = QUANT_UINT4, .scale_dtype = QUANT_FLOAT16}, true, 6},
    {{.dtype = QUANT_UINT16}, true, 8},
    {{.dtype = QUANT_INT8, .zero_point = -1}, true, 8},
    /* all zeros are mapped to the limit of the target that is nearest to 0 */
    {{.dtype = QUANT_INT8, .qmin = 10, .qmax = 20}, true, 8},
    {{.dtype = QUANT_INT8, .qmin = 0, .qmax = 20}, false, 4},
    /* with the scheme zero-point, a zero point of 0 is stored too */
    {{AFFINE, .dtype = QUANT_INT8}, true, 8},
    {{AFFINE, .dtype = QUANT_INT4, .scale_dtype = QUANT_BFLOAT16}, true, 6},
    {{AFFINE, .dtype = QUANT_UINT8, .zero_point = 7}, true, 8},
    /* floats */
    {{.dtype = QUANT_FLOAT8_E4M3FN}, false, 4},
    {{.dtype = QUANT_FLOAT8_E5M2, .scale_dtype = QUANT_FLOAT16}, false, 2},
    {{.dtype = QUANT_FLOAT16, .scale_dtype = QUANT_FLOAT32}, false, 0},
    {{.dtype = QUANT_BFLOAT16}, false, 0},
    {{.dtype = QUANT_DTYPE_NONE}, false, 0},
};

static void test_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        assert_true(quant_params_have_zero_points(&row->params) == row->has_zero_points);
        assert_int_equal(quant_scale_bytes(&row->params, 0), 0);
        assert_int_equal(quant_scale_bytes(&row->params, 1), row->size);
        assert_int_equal(quant_scale_bytes(&row->params, 1000003), 1000003 * row->size);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    const struct quant_params params = {.dtype = QUANT_INT8};
    assert_true(quant_scale_bytes(&params, UINT64_MAX / 4) == UINT64_MAX / 4 * 4);
    assert_true(quant_scale_bytes(&params, UINT64_MAX / 4 + 1) == UINT64_MAX);
    assert_true(quant_scale_bytes(&params, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
