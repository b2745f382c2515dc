/* SPDX-License-Identifier: MIT */
/* A window reads what the source has there, and nothing around it. */
#include "base/source_window.h"

#include <string.h>

#include "../support/unit.h"
#include "base/error.h"

static const char text[] = "0123456789";

enum { SIZE = sizeof text - 1 };

/* Every window, offset and length. */
static void test_read_at(void **state)
{
    (void)state;
    struct quant_source *inner = quant_source_from_memory(text, SIZE, "m.bin");
    assert_non_null(inner);
    for (size_t from = 0; from <= SIZE; from++)
        for (size_t size = 0; from + size <= SIZE; size++) {
            struct quant_source *window = quant_source_window(inner, from, size, "w");
            assert_non_null(window);
            assert_int_equal(window->size, size);
            assert_true(window->positional);
            for (size_t offset = 0; offset < size + 2; offset++)
                for (size_t nbytes = 0; nbytes < size + 2; nbytes++) {
                    char buffer[SIZE + 4];
                    size_t got = 99;
                    memset(buffer, 'C', sizeof buffer);
                    assert_int_equal(
                        window->ops->read_at(window, offset, buffer, nbytes, &got, NULL), QUANT_OK);
                    const size_t left = offset < size ? size - offset : 0;
                    assert_int_equal(got, nbytes < left ? nbytes : left);
                    if (got > 0)
                        assert_memory_equal(buffer, text + from + offset, got);
                    for (size_t i = got; i < sizeof buffer; i++)
                        assert_int_equal(buffer[i], 'C');
                }
            quant_source_close(window);
        }
    size_t got = 99;
    char byte;
    struct quant_source *window = quant_source_window(inner, 3, 4, "w");
    assert_int_equal(window->ops->read_at(window, UINT64_MAX, &byte, 1, &got, NULL), QUANT_OK);
    assert_int_equal(got, 0);
    quant_source_close(window);
    quant_source_close(inner);
}

/* The source may end before the window does. */
static void test_beyond_the_source(void **state)
{
    (void)state;
    struct quant_source *inner = quant_source_from_memory(text, SIZE, "m.bin");
    struct quant_source *window = quant_source_window(inner, 8, 4, "w");
    struct quant_error error;
    char buffer[4];
    assert_int_equal(quant_source_read_exactly(window, 0, buffer, 4, &error), QUANT_TRUNCATED);
    assert_string_equal(error.text, "cannot read 'm.bin: w': it ends at byte 2, 2 bytes too early");
    quant_source_close(window);
    quant_source_close(inner);
}

static void test_name(void **state)
{
    (void)state;
    struct quant_source *inner = quant_source_from_memory(text, SIZE, "m.bin");
    char name[] = "layer.0";
    const struct quant_tensor_info info = {.name = name, .offset = 2, .nbytes = 3};
    struct quant_source *window = quant_source_window_of_tensor(inner, &info);
    memset(name, 'x', sizeof name - 1); /* it has a copy */
    assert_string_equal(window->name, "m.bin: layer.0");
    assert_int_equal(window->size, 3);
    quant_source_close(window);
    window = quant_source_window(inner, 0, SIZE, "");
    assert_string_equal(window->name, "m.bin");
    quant_source_close(window);
    quant_source_close(inner);
}

static enum quant_status has_changed(struct quant_source *source, struct quant_error *error)
{
    return quant_source_error(source, error, QUANT_IO, "it changed");
}

static void test_changes(void **state)
{
    (void)state;
    struct quant_source *inner = quant_source_from_memory(text, SIZE, "m.bin");
    struct quant_source *window = quant_source_window(inner, 0, SIZE, "w");
    struct quant_error error;
    assert_int_equal(quant_source_check_unchanged(window, &error), QUANT_OK);
    struct quant_source_ops ops = *inner->ops;
    ops.check_unchanged = has_changed;
    const struct quant_source_ops *before = inner->ops;
    inner->ops = &ops;
    assert_int_equal(quant_source_check_unchanged(window, &error), QUANT_IO);
    assert_string_equal(error.text, "cannot read 'm.bin': it changed");
    inner->ops = before;
    inner->positional = false;
    struct quant_source *stream = quant_source_window(inner, 0, SIZE, "w");
    assert_false(stream->positional);
    quant_source_close(stream);
    quant_source_close(window);
    quant_source_close(inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_at),
        cmocka_unit_test(test_beyond_the_source),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
