/* SPDX-License-Identifier: MIT */
/* The JSON writer: brackets for every shape, known in advance or growing; numbers; errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shape.h"
#include "formats/format.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A sink that writes to memory. */
struct text_sink {
    struct quant_sink head;
    char *text;
    size_t length;
    size_t writes;
    size_t fails_at; /* number of the write that fails, from 1; 0: none */
};

static enum quant_status text_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                    struct quant_error *error)
{
    struct text_sink *memory = (struct text_sink *)sink;
    if (++memory->writes == memory->fails_at)
        return quant_sink_error(sink, error, QUANT_IO, "the disk is full");
    memory->text = realloc(memory->text, memory->length + nbytes + 1);
    assert_non_null(memory->text);
    memcpy(memory->text + memory->length, bytes, nbytes);
    memory->length += nbytes;
    memory->text[memory->length] = '\0';
    return QUANT_OK;
}

static struct text_sink make_sink(void)
{
    static const struct quant_sink_ops ops = {.write = text_write};
    return (struct text_sink){.head = {&ops, "t.json"}};
}

/* Writes elements all at once, or one by one. */
static enum quant_status write_all(struct text_sink *sink, enum quant_dtype dtype,
                                   const struct quant_shape *shape, const void *elements,
                                   size_t nelems, size_t piece, struct quant_error *error)
{
    struct quant_writer *writer;
    enum quant_status status =
        quant_format_json.open_writer(&sink->head, dtype, shape, QUANT_ORDER_C, &writer, error);
    if (status != QUANT_OK)
        return status;
    for (size_t i = 0; i < nelems && status == QUANT_OK; i += piece)
        status = writer->ops->write(writer, (const char *)elements + quant_dtype_bytes(dtype, i),
                                    nelems - i < piece ? nelems - i : piece, error);
    if (status == QUANT_OK)
        status = writer->ops->finish(writer, error);
    writer->ops->close(writer);
    return status;
}

static void expect_text(enum quant_dtype dtype, struct quant_shape shape, const void *elements,
                        const char *expected)
{
    uint64_t nelems;
    assert_true(quant_shape_count(&shape, &nelems));
    const size_t pieces[] = {quant_dtype_info(dtype)->bits == 4 ? 2 : 1, 100};
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        const size_t piece = pieces[i];
        struct text_sink sink = make_sink();
        struct quant_error error;
        if (write_all(&sink, dtype, &shape, elements, (size_t)nelems, piece, &error) != QUANT_OK)
            fail_msg("%s: %s", expected, error.text);
        assert_string_equal(sink.text, expected);
        free(sink.text);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    static const int8_t q[] = {1, 2, 3, 4, 5, 6, 7, 8};
    expect_text(QUANT_INT8, (struct quant_shape){0}, q, "1\n");
    expect_text(QUANT_INT8, (struct quant_shape){1, {1}}, q, "[1]\n");
    expect_text(QUANT_INT8, (struct quant_shape){1, {3}}, q, "[1,2,3]\n");
    expect_text(QUANT_INT8, (struct quant_shape){2, {2, 2}}, q, "[[1,2],[3,4]]\n");
    expect_text(QUANT_INT8, (struct quant_shape){2, {1, 3}}, q, "[[1,2,3]]\n");
    expect_text(QUANT_INT8, (struct quant_shape){2, {3, 1}}, q, "[[1],[2],[3]]\n");
    expect_text(QUANT_INT8, (struct quant_shape){3, {2, 2, 2}}, q,
                "[[[1,2],[3,4]],[[5,6],[7,8]]]\n");
    expect_text(QUANT_INT8, (struct quant_shape){3, {2, 1, 2}}, q, "[[[1,2]],[[3,4]]]\n");
    expect_text(QUANT_INT8, (struct quant_shape){3, {1, 1, 1}}, q, "[[[1]]]\n");
}

static void test_empty_shapes(void **state)
{
    (void)state;
    expect_text(QUANT_FLOAT32, (struct quant_shape){1, {0}}, NULL, "[]\n");
    expect_text(QUANT_FLOAT32, (struct quant_shape){2, {2, 0}}, NULL, "[[],[]]\n");
    expect_text(QUANT_FLOAT32, (struct quant_shape){3, {2, 1, 0}}, NULL, "[[[]],[[]]]\n");
    expect_text(QUANT_FLOAT32, (struct quant_shape){3, {1, 2, 0}}, NULL, "[[[],[]]]\n");
    /* Shapes that brackets cannot represent, or only in a very long text. */
    expect_text(QUANT_INT8, (struct quant_shape){2, {0, 3}}, NULL,
                "{\"shape\":[0,3],\"data\":[]}\n");
    expect_text(QUANT_INT8, (struct quant_shape){2, {1099511627776, 0}}, NULL,
                "{\"shape\":[1099511627776,0],\"data\":[]}\n");
    struct quant_shape deep = {.ndim = QUANT_MAX_DIMS};
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        deep.dims[i] = 1;
    deep.dims[QUANT_MAX_DIMS - 1] = 0;
    const size_t depth = QUANT_MAX_DIMS;
    char brackets[2 * QUANT_MAX_DIMS + 2] = "";
    memset(brackets, '[', depth);
    memset(brackets + depth, ']', depth);
    brackets[2 * depth] = '\n';
    expect_text(QUANT_INT8, deep, NULL, brackets);
}

static void test_numbers(void **state)
{
    (void)state;
    static const int8_t i8[] = {-128, -1, 0, 127};
    static const uint8_t u8[] = {0, 9, 10, 255};
    static const int16_t i16[] = {-32768, 32767, -100, 0};
    static const uint16_t u16[] = {0, 65535, 1000, 7};
    static const float f32[] = {-7.59F, 10.8F, 0.0F, -0.0F, 1e8F, 1e9F, 0x1p-149F, 0x1.fffffep127F};
    const struct quant_shape four = {1, {4}};
    expect_text(QUANT_INT8, four, i8, "[-128,-1,0,127]\n");
    expect_text(QUANT_UINT8, four, u8, "[0,9,10,255]\n");
    expect_text(QUANT_INT4, (struct quant_shape){2, {1, 5}}, "\x78\x1f\x0a", "[[-8,7,-1,1,-6]]\n");
    expect_text(QUANT_UINT4, (struct quant_shape){1, {3}}, "\x78\x0f", "[8,7,15]\n");
    expect_text(QUANT_INT16, four, i16, "[-32768,32767,-100,0]\n");
    static const int32_t i32[] = {INT32_MIN, INT32_MAX, -100, 0};
    expect_text(QUANT_INT32, four, i32, "[-2147483648,2147483647,-100,0]\n");
    expect_text(QUANT_UINT16, four, u16, "[0,65535,1000,7]\n");
    expect_text(QUANT_FLOAT8_E4M3FN, four, "\x7e\x01\x00\xb9", "[448,0.001953125,0,-1.125]\n");
    expect_text(QUANT_FLOAT8_E5M2, four, "\x7b\x01\x00\xb9", "[57344,1.52587891e-05,0,-0.625]\n");
    static const uint16_t f16[] = {0x7BFF, 0x0001, 0x3C01, 0xC000};
    static const uint16_t bf16[] = {0x7F7F, 0x0001, 0x3F81, 0xC000};
    expect_text(QUANT_FLOAT16, four, f16, "[65504,5.96046448e-08,1.00097656,-2]\n");
    expect_text(QUANT_BFLOAT16, four, bf16, "[3.38953139e+38,9.18354962e-41,1.0078125,-2]\n");
    expect_text(QUANT_FLOAT32, (struct quant_shape){1, {8}}, f32,
                "[-7.59000015,10.8000002,0,-0,100000000,1e+09,1.40129846e-45,3.40282347e+38]\n");
}

static void expect_error(enum quant_dtype dtype, struct quant_shape shape, const void *elements,
                         size_t nelems, enum quant_status status, const char *message)
{
    struct text_sink sink = make_sink();
    struct quant_error error;
    char expected[sizeof error.text];
    snprintf(expected, sizeof expected, "cannot write 't.json': %s", message);
    assert_int_equal(write_all(&sink, dtype, &shape, elements, nelems, 100, &error), status);
    assert_string_equal(error.text, expected);
    free(sink.text);
}

static void test_errors(void **state)
{
    (void)state;
    static const float f32[] = {0, NAN, INFINITY, -INFINITY};
    static const int8_t q[] = {1, 2, 3};
    const struct quant_shape two = {1, {2}};
    expect_error(QUANT_FLOAT32, two, f32, 2, QUANT_NONFINITE,
                 "element 1 is NaN, which JSON cannot express");
    expect_error(QUANT_FLOAT32, two, f32 + 2, 2, QUANT_NONFINITE,
                 "element 0 is inf, which JSON cannot express");
    expect_error(QUANT_FLOAT32, two, f32 + 3, 1, QUANT_NONFINITE,
                 "element 0 is -inf, which JSON cannot express");
    expect_error(QUANT_INT8, two, q, 3, QUANT_INVALID, "more elements than the shape (2,) has");
    expect_error(QUANT_INT8, two, q, 1, QUANT_INVALID, "1 elements for the shape (2,)");
    expect_error(QUANT_INT8, (struct quant_shape){0}, q, 2, QUANT_INVALID,
                 "more elements than the shape () has");
    expect_error(QUANT_FLOAT64, two, q, 0, QUANT_UNSUPPORTED, "JSON cannot hold float64 elements");
}

static void test_fortran_order(void **state)
{
    (void)state;
    struct text_sink sink = make_sink();
    struct quant_writer *writer;
    struct quant_error error;
    const struct quant_shape matrix = {2, {2, 3}};
    const struct quant_shape row = {2, {1, 3}};
    assert_int_equal(quant_format_json.open_writer(&sink.head, QUANT_INT8, &matrix,
                                                   QUANT_ORDER_FORTRAN, &writer, &error),
                     QUANT_UNSUPPORTED);
    assert_string_equal(error.text,
                        "cannot write 't.json': JSON has no Fortran order; npy and raw have it");
    assert_int_equal(quant_format_json.open_writer(&sink.head, QUANT_INT8, &row,
                                                   QUANT_ORDER_FORTRAN, &writer, &error),
                     QUANT_OK);
    writer->ops->close(writer);
}

/* Copies from a reader to a writer that uses the reader's shape, this many elements at a time. */
static char *through(const char *text, size_t length, size_t capacity, enum quant_dtype dtype)
{
    union {
        float x[4096];
        int8_t q[4096];
    } chunk;
    struct quant_source *source = quant_source_from_memory(text, length, "t.json");
    const struct quant_read_request request = {.deliver = dtype};
    struct quant_reader *reader;
    struct quant_writer *writer;
    struct quant_error error;
    struct text_sink sink = make_sink();
    size_t count;
    if (quant_format_json.open_reader(source, &request, &reader, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    assert_true(reader->knowledge >= quant_format_json.writer_needs);
    assert_int_equal(quant_format_json.open_writer(&sink.head, dtype, &reader->shape, reader->order,
                                                   &writer, &error),
                     QUANT_OK);
    do {
        if (reader->ops->read(reader, &chunk, capacity, &count, &error) != QUANT_OK ||
            writer->ops->write(writer, &chunk, count, &error) != QUANT_OK)
            fail_msg("%s", error.text);
    } while (count > 0);
    assert_int_equal(writer->ops->finish(writer, &error), QUANT_OK);
    writer->ops->close(writer);
    reader->ops->close(reader);
    quant_source_close(source);
    return sink.text;
}

static void test_growing_shape(void **state)
{
    (void)state;
    static const char *const texts[] = {"1\n",
                                        "[]\n",
                                        "[[],[]]\n",
                                        "[1]\n",
                                        "[1,2,3]\n",
                                        "[[1,2],[3,4],[5,6]]\n",
                                        "[[1],[2],[3]]\n",
                                        "[[[1,2],[3,4],[5,6]],[[7,8],[9,10],[11,12]]]\n",
                                        "[[[[1]],[[2]]],[[[3]],[[4]]],[[[5]],[[6]]]]\n",
                                        "[[[[1,2,3]]]]\n",
                                        "[[[[1]],[[2]],[[3]]]]\n",
                                        "{\"shape\":[0,3],\"data\":[]}\n"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        for (size_t capacity = 1; capacity <= 14; capacity++) {
            char *text = through(texts[i], strlen(texts[i]), capacity, QUANT_INT8);
            assert_string_equal(text, texts[i]);
            free(text);
        }
    }
}

/* Several blocks on both sides. Reading and writing a text of the writer gives the same bytes. */
static void test_round_trip(void **state)
{
    (void)state;
    enum { ROWS = 300, COLUMNS = 171, NELEMS = ROWS * COLUMNS };
    const struct quant_shape shape = {3, {ROWS, 3, COLUMNS / 3}};
    float *x = malloc(NELEMS * sizeof *x);
    assert_non_null(x);
    uint32_t bits = 1;
    for (size_t i = 0; i < NELEMS; i++) {
        do
            bits = bits * 1664525 + 1013904223;
        while ((bits >> 23 & 0xff) == 0xff);
        memcpy(&x[i], &bits, sizeof bits);
    }
    struct text_sink sink = make_sink();
    struct quant_error error;
    assert_int_equal(write_all(&sink, QUANT_FLOAT32, &shape, x, NELEMS, 1000, &error), QUANT_OK);
    assert_true(sink.writes > 5);

    struct quant_source *source = quant_source_from_memory(sink.text, sink.length, "t.json");
    const struct quant_read_request request = {.deliver = QUANT_FLOAT32};
    struct quant_reader *reader;
    assert_int_equal(quant_format_json.open_reader(source, &request, &reader, &error), QUANT_OK);
    float *again = malloc((NELEMS + 1) * sizeof *again);
    assert_non_null(again);
    size_t done = 0;
    size_t count;
    do {
        assert_int_equal(reader->ops->read(reader, again + done, NELEMS + 1 - done, &count, &error),
                         QUANT_OK);
        done += count;
    } while (count > 0);
    assert_int_equal(done, NELEMS);
    assert_memory_equal(again, x, NELEMS * sizeof *x);
    assert_true(quant_shape_equal(&reader->shape, &shape));
    reader->ops->close(reader);
    quant_source_close(source);

    char *text = through(sink.text, sink.length, 4096, QUANT_FLOAT32);
    assert_string_equal(text, sink.text);
    free(text);
    free(sink.text);
    free(again);
    free(x);
}

/* The n-th write fails, for every n until the run succeeds. */
static void test_sink_fails(void **state)
{
    (void)state;
    enum { NELEMS = 50000 };
    static uint16_t q[NELEMS];
    const struct quant_shape shape = {1, {NELEMS}};
    memset(q, 0xff, sizeof q);
    for (size_t n = 1;; n++) {
        struct text_sink sink = make_sink();
        struct quant_error error;
        sink.fails_at = n;
        const enum quant_status status =
            write_all(&sink, QUANT_UINT16, &shape, q, NELEMS, 100, &error);
        const size_t writes = sink.writes;
        free(sink.text);
        if (status == QUANT_OK) {
            assert_true(n > 4);
            break;
        }
        assert_int_equal(status, QUANT_IO);
        assert_int_equal(writes, n);
        assert_string_equal(error.text, "cannot write 't.json': the disk is full");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),        cmocka_unit_test(test_empty_shapes),
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_errors),
        cmocka_unit_test(test_fortran_order), cmocka_unit_test(test_growing_shape),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_sink_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
