/* SPDX-License-Identifier: MIT */
/* A model, byte for byte: it is the one that the package `onnx` reads as stated here. */
#include "../support/unit.h"

#include <quant/quant.h>
#include <string.h>

#include "records/onnx_model.h"

static void test_model(void **state)
{
    (void)state;
    static const uint64_t dims[] = {2, 300};
    struct quant_onnx_model model = {.graph = {.n = 0}};
    struct quant_protobuf file;
    struct quant_error error;
    const struct quant_onnx_tensor data = {.name = "w:q",
                                           .type = QUANT_ONNX_INT8,
                                           .dims = dims,
                                           .ndim = 2,
                                           .location = "d/w.npy",
                                           .offset = 128,
                                           .nbytes = 600};
    const struct quant_onnx_tensor own = {
        .name = "w:s", .type = QUANT_ONNX_FLOAT32, .nbytes = 4, .raw = "\0\0\0\x3f"};
    const struct quant_onnx_node node = {.operation = "DequantizeLinear",
                                         .inputs = {"w:q", "w:s"},
                                         .output = "w",
                                         .attributes = {{"axis", 1}}};
    quant_onnx_add_initializer(&model, &data);
    quant_onnx_add_initializer(&model, &own);
    quant_onnx_add_node(&model, &node);
    quant_onnx_add_output(&model, "w", QUANT_ONNX_FLOAT32, dims, 2);
    assert_int_equal(quant_onnx_model_finish(&model, &file, &error), QUANT_OK);
    static const char graph[] =
        "\x2a\x41\x08\x02\x08\xac\x02\x10\x03\x42\x03w:q" /* initializer */
        "\x6a\x13\x0a\x08location\x12\x07"
        "d/w.npy" /* external_data */
        "\x6a\x0d\x0a\x06offset\x12\x03"
        "128"
        "\x6a\x0d\x0a\x06length\x12\x03"
        "600"
        "\x70\x01" /* data_location */
        "\x2a\x0d\x10\x01\x42\x03w:s\x4a\x04\0\0\0\x3f"
        "\x0a\x2c\x0a\x03w:q\x0a\x03w:s\x12\x01w\x22\x10"
        "DequantizeLinear" /* node */
        "\x2a\x0b\x0a\x04"
        "axis\x18\x01\xa0\x01\x02"
        "\x62\x14\x0a\x01w\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x02\x08\x02\x0a\x03\x08\xac\x02"
        "\x12\x05quant";
    const size_t n = sizeof graph - 1;
    assert_true(file.n > n);
    assert_memory_equal(file.bytes + file.n - n, graph, n);
    assert_memory_equal(file.bytes, "\x08\x0a\x12\x05quant\x1a", 10);
    assert_int_equal(file.bytes[10], strlen(quant_version()));
    quant_protobuf_release(&file);
    quant_onnx_model_release(&model);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        enum quant_dtype dtype;
        const char *common;
        enum quant_onnx_type type;
    } rows[] = {
        {QUANT_INT4, NULL, QUANT_ONNX_INT4},
        {QUANT_FLOAT8_E5M2, NULL, QUANT_ONNX_FLOAT8_E5M2},
        {QUANT_FLOAT64, "int64", QUANT_ONNX_FLOAT64},
        {QUANT_DTYPE_NONE, "int64", QUANT_ONNX_INT64},
        {QUANT_DTYPE_NONE, "bool", QUANT_ONNX_BOOL},
        {QUANT_DTYPE_NONE, "complex64", QUANT_ONNX_NONE},
        {QUANT_DTYPE_NONE, NULL, QUANT_ONNX_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(quant_onnx_type_of(rows[i].dtype, rows[i].common), rows[i].type);
    for (int i = 1; i < QUANT_DTYPE_COUNT; i++) { /* all but the blocks of ggml */
        const bool is_block = quant_dtype_info((enum quant_dtype)i)->block_nelems > 1;
        assert_true((quant_onnx_type_of((enum quant_dtype)i, NULL) == QUANT_ONNX_NONE) == is_block);
    }
}

static void test_failed(void **state)
{
    (void)state;
    struct quant_onnx_model model = {.graph = {.has_failed = true}};
    struct quant_protobuf file;
    struct quant_error error;
    assert_int_equal(quant_onnx_model_finish(&model, &file, &error), QUANT_NO_MEMORY);
    quant_protobuf_release(&file);
    quant_onnx_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
