/* SPDX-License-Identifier: MIT */
/* What all sources and sinks share, with the source in memory and one that fails. */
#include "base/source.h"

#include <string.h>

#include "../support/unit.h"
#include "base/error.h"
#include "base/sink.h"

static const char text[] = "0123456789";

enum { SIZE = sizeof text - 1 };

static struct quant_source *open_memory(void)
{
    struct quant_source *source = quant_source_from_memory(text, SIZE, "m.bin");
    assert_non_null(source);
    return source;
}

static void test_memory(void **state)
{
    (void)state;
    struct quant_source *source = open_memory();
    assert_int_equal(source->size, SIZE);
    assert_string_equal(source->name, "m.bin");
    assert_null(source->ops->forward_only);
    quant_source_close(source);
    quant_source_close(NULL);
}

/* Every offset and length: short only at the end; bytes after those read are not written. */
static void test_memory_read_at(void **state)
{
    (void)state;
    struct quant_source *source = open_memory();
    for (uint64_t offset = 0; offset < SIZE + 3; offset++)
        for (size_t nbytes = 0; nbytes < SIZE + 3; nbytes++) {
            char buffer[SIZE + 4];
            size_t got = 99;
            memset(buffer, 'C', sizeof buffer);
            assert_int_equal(source->ops->read_at(source, offset, buffer, nbytes, &got, NULL),
                             QUANT_OK);
            const size_t left = offset < SIZE ? SIZE - (size_t)offset : 0;
            assert_int_equal(got, nbytes < left ? nbytes : left);
            if (got > 0)
                assert_memory_equal(buffer, text + offset, got);
            for (size_t i = got; i < sizeof buffer; i++)
                assert_int_equal(buffer[i], 'C');
        }
    size_t got = 99;
    char byte;
    assert_int_equal(source->ops->read_at(source, UINT64_MAX, &byte, 1, &got, NULL), QUANT_OK);
    assert_int_equal(got, 0);
    quant_source_close(source);
}

static void test_read_exactly(void **state)
{
    (void)state;
    struct quant_source *source = open_memory();
    struct quant_error error = {QUANT_OK, "as it was"};
    char buffer[SIZE + 1];
    assert_int_equal(quant_source_read_exactly(source, 0, buffer, SIZE, &error), QUANT_OK);
    assert_memory_equal(buffer, text, SIZE);
    assert_int_equal(quant_source_read_exactly(source, SIZE, buffer, 0, &error), QUANT_OK);
    assert_string_equal(error.text, "as it was");

    assert_int_equal(quant_source_read_exactly(source, 7, buffer, 5, &error), QUANT_TRUNCATED);
    assert_int_equal(error.status, QUANT_TRUNCATED);
    assert_string_equal(error.text, "cannot read 'm.bin': it ends at byte 10, 2 bytes too early");
    assert_int_equal(quant_source_read_exactly(source, 0, buffer, SIZE + 1, NULL), QUANT_TRUNCATED);
    quant_source_close(source);
}

static enum quant_status failing_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                         size_t nbytes, size_t *got, struct quant_error *error)
{
    (void)offset;
    (void)buffer;
    (void)nbytes;
    *got = 0;
    return quant_source_error(source, error, QUANT_IO, "failure %d of %s", 7, "the disk");
}

/* A failure is passed on unchanged; it is not reported as a file that ended too early. */
static void test_read_exactly_passes_failures_on(void **state)
{
    (void)state;
    static const struct quant_source_ops ops = {.read_at = failing_read_at};
    struct quant_source source = {.ops = &ops, .name = "f.bin", .size = QUANT_SIZE_UNKNOWN};
    struct quant_error error;
    char byte;
    assert_int_equal(quant_source_read_exactly(&source, 0, &byte, 1, &error), QUANT_IO);
    assert_int_equal(error.status, QUANT_IO);
    assert_string_equal(error.text, "cannot read 'f.bin': failure 7 of the disk");
    assert_int_equal(quant_source_read_exactly(&source, 0, &byte, 1, NULL), QUANT_IO);
}

/* ---- Sinks ----------------------------------------------------------------------------------- */

struct counting_sink {
    struct quant_sink head;
    size_t calls;
    size_t nbytes;
};

static enum quant_status counting_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                        struct quant_error *error)
{
    struct counting_sink *counting = (struct counting_sink *)sink;
    assert_non_null(bytes);
    counting->calls++;
    counting->nbytes += nbytes;
    return nbytes < 5 ? QUANT_OK
                      : quant_sink_error(sink, error, QUANT_CLOSED, "no room for %zu", nbytes);
}

static void test_sink(void **state)
{
    (void)state;
    static const struct quant_sink_ops ops = {.write = counting_write};
    struct counting_sink counting = {{&ops, "s.bin"}, 0, 0};
    struct quant_error error = {QUANT_OK, "as it was"};
    assert_int_equal(quant_sink_write(&counting.head, text, 3, &error), QUANT_OK);
    assert_int_equal(quant_sink_write(&counting.head, NULL, 0, &error), QUANT_OK); /* no call */
    assert_int_equal(counting.calls, 1);
    assert_int_equal(counting.nbytes, 3);
    assert_string_equal(error.text, "as it was");
    assert_int_equal(quant_sink_write(&counting.head, text, 5, &error), QUANT_CLOSED);
    assert_int_equal(error.status, QUANT_CLOSED);
    assert_string_equal(error.text, "cannot write 's.bin': no room for 5");
    assert_int_equal(quant_sink_write(&counting.head, text, 5, NULL), QUANT_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),       cmocka_unit_test(test_memory_read_at),
        cmocka_unit_test(test_read_exactly), cmocka_unit_test(test_read_exactly_passes_failures_on),
        cmocka_unit_test(test_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
