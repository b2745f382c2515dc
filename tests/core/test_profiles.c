/* SPDX-License-Identifier: MIT */
/* The rows are complete and agree with themselves. */
#include <quant/profiles.h>

#include <string.h>

#include "../support/unit.h"

static void test_rows(void **state)
{
    size_t n = 0;
    (void)state;
    for (const struct quant_profile *row; (row = quant_profile_at(n)); n++) {
        assert_ptr_equal(quant_profile_from_name(row->name), row);
        assert_non_null(row->engine);
        assert_non_null(row->summary);
        assert_non_null(row->scale_rule);
        assert_non_null(row->element_rule);
        assert_true(row->ntypes > 0);
        assert_true(row->granularities != 0);
        assert_true(row->floor == QUANT_FLOOR_NONE || row->floor_rule);
        for (size_t i = 0; i < row->ntypes; i++) {
            const struct quant_profile_type *type = &row->types[i];
            const struct quant_dtype_info *info = quant_dtype_info(type->dtype);
            assert_ptr_equal(quant_profile_type_of(row, type->scheme, type->dtype), type);
            if (info->block_nelems > 0)
                continue; /* no target range */
            if (!info->is_integer && type->divisor == 0)
                continue; /* only exact */
            assert_true(info->is_integer && info->bits <= 16);
            assert_true(type->qmin >= info->min && type->qmax <= info->max);
            assert_true(type->zero_point >= type->qmin && type->zero_point <= type->qmax);
            assert_true(type->scheme == QUANT_ABSMAX || row->zero_point_rule);
        }
    }
    assert_true(n >= 15);
}

static void test_looking_up(void **state)
{
    const struct quant_profile *comfyui = quant_profile_from_name("comfyui");
    (void)state;
    assert_null(quant_profile_from_name(NULL));
    assert_null(quant_profile_from_name(""));
    assert_null(quant_profile_from_name("onn"));
    assert_null(quant_profile_at(1000));
    assert_non_null(quant_profile_type_of(comfyui, QUANT_ABSMAX, QUANT_INT8));
    assert_null(quant_profile_type_of(comfyui, QUANT_ZERO_POINT, QUANT_INT8));
    assert_null(quant_profile_type_of(comfyui, QUANT_ABSMAX, QUANT_UINT8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_looking_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
