/* SPDX-License-Identifier: MIT */
/* Raw files: the result depends on what the caller says, and on the size, which is known only at
 * the end of a stream. */
#include "../support/files.h"

#include <math.h>

#include "base/shape.h"
#include "formats/format.h"

struct outcome {
    enum quant_status status;
    struct quant_error error;
    enum quant_shape_knowledge at_open;
    struct quant_reader seen; /* after the last read */
    size_t count;
    float x[64];
};

static struct outcome read_raw(const void *bytes, size_t nbytes, bool hides, size_t capacity,
                               const struct quant_read_request *request)
{
    struct outcome outcome = {.status = QUANT_OK};
    struct hiding_source stream = hiding_source_make(bytes, nbytes);
    struct quant_source *memory = quant_source_from_memory(bytes, nbytes, "w.bin");
    struct quant_reader *reader = NULL;
    outcome.status = quant_format_raw.open_reader(hides ? &stream.source : memory, request, &reader,
                                                  &outcome.error);
    size_t got = 1;
    if (reader)
        outcome.at_open = reader->knowledge;
    const size_t size = request->deliver == QUANT_FLOAT32 ? 4 : 1;
    while (outcome.status == QUANT_OK && got > 0) {
        outcome.status = reader->ops->read(reader, (char *)outcome.x + outcome.count * size,
                                           capacity, &got, &outcome.error);
        outcome.count += outcome.status == QUANT_OK ? got : 0;
    }
    if (reader) {
        outcome.seen = *reader;
        reader->ops->close(reader);
    }
    quant_source_close(memory);
    return outcome;
}

/* ---- Types ---- */

#define INF INFINITY

static const struct {
    enum quant_dtype dtype;
    enum quant_byte_order order;
    const char *bytes;
    size_t nbytes;
    size_t n;
    float x[6];
} types[] = {
    {QUANT_DTYPE_NONE, QUANT_BYTE_ORDER_NONE, "\0\0\x80\x3f\1\0\0\x80", 8, 2, {1, -0x1p-149F}},
    {QUANT_FLOAT32, QUANT_LITTLE, "\0\0\x80\x3f\1\0\0\x80", 8, 2, {1, -0x1p-149F}},
    {QUANT_FLOAT32, QUANT_BIG, "\x3f\x80\0\0\x80\0\0\1", 8, 2, {1, -0x1p-149F}},
    {QUANT_FLOAT16,
     QUANT_LITTLE,
     "\1\0\xff\3\0\4\xff\x7b\0\xfc\0\x80",
     12,
     6,
     {0x1p-24F, 0x1.ff8p-15F, 0x1p-14F, 65504, -INF, -0.0F}},
    {QUANT_FLOAT16,
     QUANT_BIG,
     "\0\1\3\xff\4\0\x7b\xff\xfc\0\x80\0",
     12,
     6,
     {0x1p-24F, 0x1.ff8p-15F, 0x1p-14F, 65504, -INF, -0.0F}},
    {QUANT_BFLOAT16,
     QUANT_LITTLE,
     "\x80\x3f\1\0\x7f\x7f\x80\xff\0\x80",
     10,
     5,
     {1, 0x1p-133F, 0x1.fep127F, -INF, -0.0F}},
    {QUANT_BFLOAT16,
     QUANT_BIG,
     "\x3f\x80\0\1\x7f\x7f\xff\x80\x80\0",
     10,
     5,
     {1, 0x1p-133F, 0x1.fep127F, -INF, -0.0F}},
    {QUANT_FLOAT64,
     QUANT_LITTLE,
     "\x9a\x99\x99\x99\x99\x99\xb9\x3f\x9c\x75\0\x88\x3c\xe4\x37\x7e\0\0\0\0\0\0\0\x80",
     24,
     3,
     {0.1F, INF, -0.0F}}, /* the second is 1e300 */
    {QUANT_FLOAT64, QUANT_BIG, "\x3f\xb9\x99\x99\x99\x99\x99\x9a", 8, 1, {0.1F}},
    {QUANT_FLOAT64,
     QUANT_LITTLE,
     "\0\0\0\x10\0\0\xf0\x3f\1\0\0\x10\0\0\xf0\x3f",
     16,
     2,
     {1, 0x1.000002p0F}}, /* a tie is rounded to even; a little more is rounded up */
};

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(types) * 2; i++) {
        const struct quant_read_request request = {.deliver = QUANT_FLOAT32,
                                                   .raw_dtype = types[i / 2].dtype,
                                                   .byte_order = types[i / 2].order};
        const struct outcome outcome =
            read_raw(types[i / 2].bytes, types[i / 2].nbytes, i % 2, 64, &request);
        check_ok(outcome.status, &outcome.error);
        assert_int_equal(outcome.count, types[i / 2].n);
        assert_memory_equal(outcome.x, types[i / 2].x, types[i / 2].n * sizeof(float));
        assert_int_equal(outcome.seen.stored,
                         types[i / 2].dtype ? types[i / 2].dtype : QUANT_FLOAT32);
        assert_int_equal(outcome.seen.byte_order,
                         types[i / 2].order ? types[i / 2].order : QUANT_LITTLE);
        assert_int_equal(outcome.at_open, i % 2 ? QUANT_SHAPE_GROWING : QUANT_SHAPE_KNOWN);
        assert_int_equal(outcome.seen.knowledge, QUANT_SHAPE_KNOWN);
        assert_int_equal(outcome.seen.shape.ndim, 1);
        assert_int_equal(outcome.seen.shape.dims[0], types[i / 2].n);
        assert_int_equal(outcome.seen.nelems, types[i / 2].n);
    }
}

static void test_integers(void **state)
{
    (void)state;
    const struct quant_read_request request = {.deliver = QUANT_UINT8, .raw_dtype = QUANT_UINT8};
    const struct outcome outcome = read_raw("\xff\0\x7f", 3, false, 2, &request);
    check_ok(outcome.status, &outcome.error);
    assert_int_equal(outcome.count, 3);
    assert_memory_equal(outcome.x, "\xff\0\x7f", 3);
}

/* ---- Sizes and shapes ---- */

static const struct {
    enum quant_dtype dtype;
    size_t nbytes;
    int ndim; /* -1: no shape given */
    uint64_t dims[3];
    enum quant_status status;
    const char *message;
    const char *of_stream; /* NULL: the same */
} sizes[] = {
    {QUANT_FLOAT32, 0, -1, {0}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32, 4, -1, {0}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32, 24, -1, {0}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32,
     1,
     -1,
     {0},
     QUANT_CORRUPT,
     "its 1 bytes are not a multiple of 4, the size of a float32",
     NULL},
    {QUANT_FLOAT32, 3, -1, {0}, QUANT_CORRUPT, "3 bytes are not a multiple of", NULL},
    {QUANT_FLOAT32, 27, -1, {0}, QUANT_CORRUPT, "27 bytes are not a multiple of", NULL},
    {QUANT_FLOAT16,
     27,
     -1,
     {0},
     QUANT_CORRUPT,
     "its 27 bytes are not a multiple of 2, the size of a float16",
     NULL},
    {QUANT_BFLOAT16, 1, -1, {0}, QUANT_CORRUPT, "1 bytes are not a multiple of 2", NULL},
    {QUANT_FLOAT64,
     28,
     -1,
     {0},
     QUANT_CORRUPT,
     "its 28 bytes are not a multiple of 8, the size of a float64",
     NULL},
    {QUANT_FLOAT32, 4, 0, {0}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32, 24, 1, {6}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32, 24, 2, {2, 3}, QUANT_OK, "", NULL},
    {QUANT_FLOAT64, 48, 3, {1, 3, 2}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32, 0, 2, {2, 0}, QUANT_OK, "", NULL},
    {QUANT_FLOAT32,
     20,
     2,
     {2, 3},
     QUANT_TRUNCATED,
     "shape (2, 3) of float32 needs 24 bytes from byte 0 on, found 20",
     NULL},
    {QUANT_FLOAT32, 23, 2, {2, 3}, QUANT_TRUNCATED, "found 23", NULL},
    {QUANT_FLOAT32, 0, 2, {2, 3}, QUANT_TRUNCATED, "found 0", NULL},
    {QUANT_FLOAT32, 0, 0, {0}, QUANT_TRUNCATED, "shape () of float32 needs 4 bytes", NULL},
    {QUANT_FLOAT32, 25, 2, {2, 3}, QUANT_CORRUPT, "found 25", "found more than 24"},
    {QUANT_FLOAT32, 28, 2, {2, 3}, QUANT_CORRUPT, "found 28", "found more than 24"},
    {QUANT_FLOAT32, 1, 2, {2, 0}, QUANT_CORRUPT, "found 1", "found more than 0"},
    {QUANT_FLOAT32,
     4,
     2,
     {1ULL << 32, 1ULL << 32},
     QUANT_OUT_OF_RANGE,
     "is larger than any file",
     NULL},
    {QUANT_FLOAT32, 4, 1, {1ULL << 62}, QUANT_OUT_OF_RANGE, "is larger than any file", NULL},
    {QUANT_FLOAT32, 4, 1, {UINT64_MAX}, QUANT_OUT_OF_RANGE, "is larger than any file", NULL},
};

static void test_sizes(void **state)
{
    (void)state;
    static const char zeros[64];
    for (size_t i = 0; i < LENGTH(sizes) * 2 * 5; i++) {
        const size_t row = i % LENGTH(sizes);
        const bool hides = i / LENGTH(sizes) % 2;
        const size_t capacity = (size_t[]){1, 2, 3, 5, 64}[i / LENGTH(sizes) / 2];
        struct quant_shape shape = {sizes[row].ndim, {0}};
        memcpy(shape.dims, sizes[row].dims, sizeof sizes[row].dims);
        const struct quant_read_request request = {.deliver = QUANT_FLOAT32,
                                                   .raw_dtype = sizes[row].dtype,
                                                   .shape = shape.ndim < 0 ? NULL : &shape};
        const struct outcome outcome =
            read_raw(zeros, sizes[row].nbytes, hides, capacity, &request);
        const char *message =
            hides && sizes[row].of_stream ? sizes[row].of_stream : sizes[row].message;
        check_error(message, outcome.status, &outcome.error, sizes[row].status, message);
        if (outcome.status != QUANT_OK)
            continue;
        const size_t n = sizes[row].nbytes / (quant_dtype_info(sizes[row].dtype)->bits / 8);
        assert_int_equal(outcome.count, n);
        if (shape.ndim < 0)
            shape = (struct quant_shape){1, {n}};
        assert_true(quant_shape_equal(&outcome.seen.shape, &shape));
    }
}

/* ---- Writing ---- */

static void test_write(void **state)
{
    (void)state;
    static const float x[] = {1, -0.0F, 0x1p-149F};
    struct memory_sink sink = memory_sink_make(12);
    const struct quant_shape shape = {1, {3}};
    struct quant_writer *writer = NULL;
    struct quant_error error;
    check_ok(quant_format_raw.open_writer(&sink.sink, QUANT_FLOAT32, &shape, QUANT_ORDER_C, &writer,
                                          &error),
             &error);
    check_ok(writer->ops->write(writer, x, 1, &error), &error);
    check_ok(writer->ops->write(writer, x + 1, 0, &error), &error);
    check_ok(writer->ops->write(writer, x + 1, 2, &error), &error);
    check_ok(writer->ops->finish(writer, &error), &error);
    assert_int_equal(sink.nbytes, 12);
    assert_memory_equal(sink.bytes, "\0\0\x80\x3f\0\0\0\x80\1\0\0\0", 12);
    check_error("full", writer->ops->write(writer, x, 1, &error), &error, QUANT_IO,
                "cannot write 'sink': full");
    writer->ops->close(writer);
    free(sink.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
