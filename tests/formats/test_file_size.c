/* SPDX-License-Identifier: MIT */
/* The size of a file is known before it is written: every format, type and shape. */
#include "../support/files.h"

#include "base/shape.h"
#include "formats/file_size.h"

static const struct quant_shape shapes[] = {
    {.ndim = 0},
    {.ndim = 1, .dims = {0}},
    {.ndim = 1, .dims = {7}},
    {.ndim = 2, .dims = {3, 5}},
    {.ndim = 3, .dims = {2, 1000, 3}},
};

/* What a quantization writes: the bytes that the writer has put into the sink. */
static uint64_t written(const struct quant_format *format, enum quant_dtype dtype,
                        const struct quant_shape *shape, uint64_t nelems)
{
    struct quant_writer *writer = NULL;
    struct quant_error error;
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    const uint64_t nbytes = quant_dtype_bytes(dtype, nelems);
    void *elements = calloc((size_t)nbytes + 1, 1);
    assert_non_null(elements);
    check_ok(format->open_writer(&sink.sink, dtype, shape, QUANT_ORDER_C, &writer, &error), &error);
    check_ok(writer->ops->write(writer, elements, (size_t)nelems, &error), &error);
    check_ok(writer->ops->finish(writer, &error), &error);
    writer->ops->close(writer);
    free(elements);
    const uint64_t found = sink.nbytes;
    free(sink.bytes);
    return found;
}

static void test_sizes(void **state)
{
    (void)state;
    const struct quant_format *format;
    size_t known = 0;
    for (size_t i = 0; (format = quant_format_row(i)) != NULL; i++)
        for (int dtype = 1; dtype < QUANT_DTYPE_COUNT; dtype++)
            for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
                if (quant_dtype_info((enum quant_dtype)dtype)->block_nelems > 0)
                    continue; /* only in containers */
                uint64_t nelems = 1;
                uint64_t nbytes = 12345;
                assert_true(quant_shape_count(&shapes[j], &nelems));
                if (!quant_format_file_size(format, (enum quant_dtype)dtype, &shapes[j],
                                            QUANT_ORDER_C, nelems, &nbytes)) {
                    assert_true(format->is_text || format->container);
                    assert_int_equal(nbytes, 12345);
                    continue;
                }
                known++;
                assert_int_equal(nbytes,
                                 written(format, (enum quant_dtype)dtype, &shapes[j], nelems));
            }
    assert_true(known > 100);
}

static void test_too_large(void **state)
{
    (void)state;
    const struct quant_shape shape = {.ndim = 1, .dims = {UINT64_MAX / 8}};
    uint64_t nbytes = 0;
    assert_false(quant_format_file_size(&quant_format_npy, QUANT_FLOAT64, &shape, QUANT_ORDER_C,
                                        UINT64_MAX / 8, &nbytes));
    assert_int_equal(nbytes, 0);
}

static void test_check(void **state)
{
    (void)state;
    const struct quant_shape shape = {.ndim = 2, .dims = {2, 3}};
    struct quant_error error;
    assert_int_equal(quant_format_check_tensor(&quant_format_npy, "x", QUANT_INT8, &shape,
                                               QUANT_ORDER_FORTRAN, &error),
                     QUANT_OK);
    assert_int_not_equal(quant_format_check_tensor(quant_format_from_name("json"), "x", QUANT_INT8,
                                                   &shape, QUANT_ORDER_FORTRAN, &error),
                         QUANT_OK);
    assert_non_null(strstr(error.text, "'x'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
