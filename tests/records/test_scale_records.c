/* SPDX-License-Identifier: MIT */
/* The records of scales, byte by byte, and back. */
#include "records/scale_records.h"

#include "../support/unit.h"

struct row {
    struct quant_scale_records layout;
    size_t size;
    unsigned char bytes[2 * QUANT_SCALE_RECORD_MOST]; /* of 1.5 and 7, 2^-14 and -2; biases are
                                                       * -2 and 0.625 */
};

static const struct row rows[] = {
    {{QUANT_FLOAT32, false, false}, 4, {0, 0, 0xC0, 0x3F, 0, 0, 0x80, 0x38}},
    {{QUANT_FLOAT32, true, false},
     8,
     {0, 0, 0xC0, 0x3F, 7, 0, 0, 0, 0, 0, 0x80, 0x38, 0xFE, 0xFF, 0xFF, 0xFF}},
    {{QUANT_FLOAT16, false, false}, 2, {0, 0x3E, 0, 0x04}},
    {{QUANT_FLOAT16, true, false}, 6, {0, 0x3E, 7, 0, 0, 0, 0, 0x04, 0xFE, 0xFF, 0xFF, 0xFF}},
    {{QUANT_BFLOAT16, false, false}, 2, {0xC0, 0x3F, 0x80, 0x38}},
    {{QUANT_BFLOAT16, true, false},
     6,
     {0xC0, 0x3F, 7, 0, 0, 0, 0x80, 0x38, 0xFE, 0xFF, 0xFF, 0xFF}},
    {{QUANT_FLOAT32, false, true},
     8,
     {0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0x80, 0x38, 0, 0, 0x20, 0x3F}},
    {{QUANT_FLOAT16, false, true}, 4, {0, 0x3E, 0, 0xC0, 0, 0x04, 0, 0x39}},
    {{QUANT_BFLOAT16, false, true}, 4, {0xC0, 0x3F, 0, 0xC0, 0x80, 0x38, 0x20, 0x3F}},
};

static void test_records(void **state)
{
    static float scales[] = {1.5F, 0x1p-14F};
    static int32_t zero_points[] = {7, -2};
    static float biases[] = {-2, 0.625F};
    const struct quant_group_params all = {
        .scales = scales, .zero_points = zero_points, .biases = biases};
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        unsigned char found[sizeof row->bytes] = {0};
        float read_scales[2];
        int32_t read_zero_points[2];
        float read_biases[2] = {-2, 0.625F};
        const struct quant_group_params read = {
            .scales = read_scales, .zero_points = read_zero_points, .biases = read_biases};
        if (row->layout.has_biases)
            read_biases[0] = read_biases[1] = 0;
        assert_int_equal(quant_scale_record_size(&row->layout), row->size);
        quant_scale_records_encode(&row->layout, &all, 2, found);
        assert_memory_equal(found, row->bytes, sizeof found);
        quant_scale_records_decode(&row->layout, row->bytes, 2, &read);
        for (size_t k = 0; k < 2; k++) {
            assert_true(read_scales[k] == scales[k]);
            assert_true(read_biases[k] == biases[k]);
            assert_int_equal(read_zero_points[k], row->layout.has_zero_points ? zero_points[k] : 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
