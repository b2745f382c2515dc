/* SPDX-License-Identifier: MIT */
/* All bytes arrive, whatever their number; errors of both ends are passed on. */
#include "../support/files.h"

#include "io/copy_bytes.h"

/* More than two steps of the copy. */
enum { MOST = 600 << 10 };

static unsigned char bytes[MOST];

static enum quant_status copy(size_t nbytes, uint64_t fails_at, size_t limit,
                              struct memory_sink *sink, struct quant_error *error)
{
    struct hiding_source source = hiding_source_make(bytes, nbytes);
    source.fails_at = fails_at;
    *sink = memory_sink_make(limit);
    return quant_copy_bytes(&source.source, &sink->sink, error);
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {
        0, 1, 1000, (256 << 10) - 1, 256 << 10, 256 << 10, (512 << 10), MOST - 1u, MOST};
    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (unsigned char)(i * 2654435761U >> 24);
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        struct memory_sink sink;
        struct quant_error error;
        check_ok(copy(lengths[i], UINT64_MAX, SIZE_MAX, &sink, &error), &error);
        assert_int_equal(sink.nbytes, lengths[i]);
        if (lengths[i] > 0)
            assert_memory_equal(sink.bytes, bytes, lengths[i]);
        free(sink.bytes);
    }
}

static void test_errors(void **state)
{
    (void)state;
    struct memory_sink sink;
    struct quant_error error;
    check_error("source", copy(MOST, 400 << 10, SIZE_MAX, &sink, &error), &error, QUANT_IO,
                "bad sector");
    free(sink.bytes);
    check_error("sink", copy(MOST, UINT64_MAX, 300 << 10, &sink, &error), &error, QUANT_IO, "full");
    free(sink.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
