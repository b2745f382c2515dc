/* SPDX-License-Identifier: MIT */
/* The target types in .npy and raw files: what the header says for NumPy, and reading it back;
 * packed types, whose shape is not in the file; and the other byte order. */
#include "../support/files.h"

#include "base/shape.h"
#include "formats/format.h"

static const struct type_row {
    enum quant_dtype dtype;
    const char *descr;
    const char *bytes; /* of five elements */
    size_t nbytes;
} types[] = {
    {QUANT_INT8, "|i1", "\x80\xff\x00\x01\x7f", 5},
    {QUANT_UINT8, "|u1", "\x80\xff\x00\x01\x7f", 5},
    {QUANT_INT4, "|u1", "\x78\x1f\x0a", 3},
    {QUANT_UINT4, "|u1", "\x78\x1f\x0a", 3},
    {QUANT_INT16, "<i2", "\x00\x80\xff\xff\x01\x00\xff\x7f\x34\x12", 10},
    {QUANT_UINT16, "<u2", "\x00\x80\xff\xff\x01\x00\xff\x7f\x34\x12", 10},
    {QUANT_FLOAT8_E4M3FN, "<V1", "\x80\xff\x00\x01\x7f", 5},
    {QUANT_FLOAT8_E5M2, "<V1", "\x80\xff\x00\x01\x7f", 5},
    {QUANT_FLOAT16, "<f2", "\x00\x80\xff\xff\x01\x00\xff\x7f\x34\x12", 10},
    {QUANT_BFLOAT16, "<V2", "\x00\x80\xff\xff\x01\x00\xff\x7f\x34\x12", 10},
    {QUANT_INT32, "<i4",
     "\x00\x00\x00\x80\xff\xff\xff\xff\x01\x00\x00\x00\xff\xff\xff\x7f\x78\x56\x34\x12", 20},
};

static const struct quant_shape shape = {2, {5, 1}};

/* A file as the writer makes it: {'descr': ..., 'shape': ..., } in 128 bytes, then the elements. */
static void write_it(const struct quant_format *format, const struct type_row *type,
                     struct memory_sink *sink)
{
    struct quant_writer *writer = NULL;
    struct quant_error error;
    *sink = memory_sink_make(SIZE_MAX);
    check_ok(
        format->open_writer(&sink->sink, type->dtype, &shape, QUANT_ORDER_FORTRAN, &writer, &error),
        &error);
    assert_true(writer->is_flat);
    const size_t first = (size_t)quant_dtype_bytes(type->dtype, 4);
    check_ok(writer->ops->write(writer, type->bytes, 4, &error), &error);
    check_ok(writer->ops->write(writer, type->bytes + first, 1, &error), &error);
    check_ok(writer->ops->finish(writer, &error), &error);
    writer->ops->close(writer);
}

static enum quant_status read_it(const struct quant_format *format,
                                 const struct quant_read_request *request, const void *bytes,
                                 size_t nbytes, bool hides, size_t capacity, void *elements,
                                 struct quant_reader *seen, struct quant_error *error)
{
    struct hiding_source stream = hiding_source_make(bytes, nbytes);
    struct quant_source *memory = quant_source_from_memory(bytes, nbytes, "q");
    struct quant_reader *reader = NULL;
    enum quant_status status =
        format->open_reader(hides ? &stream.source : memory, request, &reader, error);
    size_t done = 0;
    size_t count = 1;
    while (status == QUANT_OK && count > 0) {
        unsigned char *to = (unsigned char *)elements + quant_dtype_bytes(request->deliver, done);
        status = reader->ops->read(reader, to, capacity, &count, error);
        done += status == QUANT_OK ? count : 0;
    }
    if (status == QUANT_OK)
        assert_int_equal(done, reader->nelems);
    if (reader) {
        *seen = *reader;
        reader->ops->close(reader);
    }
    quant_source_close(memory);
    return status;
}

static void check_back(const struct quant_format *format, const struct type_row *type,
                       const void *bytes, size_t nbytes)
{
    const struct quant_read_request request = {
        .deliver = type->dtype, .shape = &shape, .order = QUANT_ORDER_FORTRAN};
    static const size_t capacities[] = {2, 4, 5, 64};
    for (size_t i = 0; i < 2 * LENGTH(capacities); i++) {
        unsigned char q[32] = {0};
        struct quant_reader seen;
        struct quant_error error;
        check_ok(
            read_it(format, &request, bytes, nbytes, i % 2, capacities[i / 2], q, &seen, &error),
            &error);
        assert_memory_equal(q, type->bytes, type->nbytes);
        assert_int_equal(seen.stored, type->dtype);
        assert_int_equal(seen.nelems, 5);
        assert_true(quant_shape_equal(&seen.shape, &shape));
        if (format == &quant_format_npy)
            assert_int_equal(seen.order, QUANT_ORDER_FORTRAN);
    }
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(types); i++) {
        const bool packed = quant_dtype_info(types[i].dtype)->bits == 4;
        struct memory_sink sink;
        char expected[160] = "\x93NUMPY\x01\0\x76";
        char header[118];
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
                 types[i].descr, packed ? "False" : "True", packed ? "(3,)" : "(5, 1)");
        snprintf(expected + 10, sizeof expected - 10, "%-117s\n", header);
        memcpy(expected + 128, types[i].bytes, types[i].nbytes);
        write_it(&quant_format_npy, &types[i], &sink);
        assert_int_equal(sink.nbytes, 128 + types[i].nbytes);
        assert_memory_equal(sink.bytes, expected, sink.nbytes);
        check_back(&quant_format_npy, &types[i], sink.bytes, sink.nbytes);
        free(sink.bytes);

        write_it(&quant_format_raw, &types[i], &sink);
        assert_int_equal(sink.nbytes, types[i].nbytes);
        assert_memory_equal(sink.bytes, types[i].bytes, sink.nbytes);
        check_back(&quant_format_raw, &types[i], sink.bytes, sink.nbytes);
        free(sink.bytes);
    }
}

/* If the file has the type, no other type is accepted. */
static void test_other_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(types) * LENGTH(types); i++) {
        const struct type_row *written = &types[i / LENGTH(types)];
        const struct type_row *wanted = &types[i % LENGTH(types)];
        const struct quant_read_request request = {.deliver = wanted->dtype, .shape = &shape};
        if (strcmp(written->descr, wanted->descr) == 0)
            continue;
        struct memory_sink sink;
        unsigned char q[32];
        struct quant_reader seen;
        struct quant_error error;
        char message[128];
        write_it(&quant_format_npy, written, &sink);
        snprintf(message, sizeof message, "unsupported dtype '%s' at byte 20; expected %s",
                 written->descr, wanted->descr);
        check_error(message,
                    read_it(&quant_format_npy, &request, sink.bytes, sink.nbytes, false, 64, q,
                            &seen, &error),
                    &error, QUANT_UNSUPPORTED, message);
        free(sink.bytes);
    }
}

/* The number of bytes of packed elements must match their shape. */
static void test_packed_sizes(void **state)
{
    (void)state;
    static const struct {
        struct quant_shape shape;
        const char *npy;
        const char *raw;
    } rows[] = {
        {{1, {6}}, NULL, NULL}, /* these need three bytes too */
        {{1, {4}},
         "its shape (3,) is not the (2,) of 4 packed int4 elements",
         "shape (4,) of int4 needs 2 bytes from byte 0 on, found 3"},
        {{2, {7, 1}},
         "its shape (3,) is not the (4,) of 7 packed int4 elements",
         "shape (7, 1) of int4 needs 4 bytes from byte 0 on, found 3"},
        {{0, {0}},
         "its shape (3,) is not the (1,) of 1 packed int4 elements",
         "shape () of int4 needs 1 bytes from byte 0 on, found 3"},
    };
    struct memory_sink sink;
    write_it(&quant_format_npy, &types[2], &sink);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_read_request request = {.deliver = QUANT_INT4, .shape = &rows[i].shape};
        unsigned char q[32];
        struct quant_reader seen;
        struct quant_error error = {QUANT_OK, ""};
        enum quant_status status = read_it(&quant_format_npy, &request, sink.bytes, sink.nbytes,
                                           false, 64, q, &seen, &error);
        check_error("npy", status, &error, rows[i].npy ? QUANT_CORRUPT : QUANT_OK, rows[i].npy);
        status =
            read_it(&quant_format_raw, &request, types[2].bytes, 3, false, 64, q, &seen, &error);
        check_error("raw", status, &error,
                    rows[i].raw ? (i == 2 ? QUANT_TRUNCATED : QUANT_CORRUPT) : QUANT_OK,
                    rows[i].raw);
    }
    const struct quant_read_request shapeless = {.deliver = QUANT_INT4};
    unsigned char q[32];
    struct quant_reader seen;
    struct quant_error error;
    check_error("no shape",
                read_it(&quant_format_npy, &shapeless, sink.bytes, sink.nbytes, false, 64, q, &seen,
                        &error),
                &error, QUANT_INVALID, "packed int4 elements need a shape");
    free(sink.bytes);
    /* A raw file by itself has as many elements as fit its bytes. */
    check_ok(read_it(&quant_format_raw, &shapeless, types[2].bytes, 3, false, 64, q, &seen, &error),
             &error);
    assert_int_equal(seen.nelems, 6);
    check_ok(read_it(&quant_format_raw, &shapeless, types[2].bytes, 3, true, 64, q, &seen, &error),
             &error);
    assert_int_equal(seen.nelems, 6);
}

/* A file of another program: elements are delivered in the host's byte order, sequentially only. */
static void test_swapped(void **state)
{
    (void)state;
    static const char file[] = "\x93NUMPY\x01\0\x38\0"
                               "{'descr':'>i2','fortran_order':False,'shape':(3,)}     \n"
                               "\x80\x00\x12\x34\xff\xfe";
    const struct quant_read_request request = {.deliver = QUANT_INT16};
    static const int16_t expected[] = {-32768, 0x1234, -2};
    for (size_t capacity = 1; capacity < 5; capacity++) {
        int16_t q[4] = {0};
        struct quant_reader seen;
        struct quant_error error;
        check_ok(read_it(&quant_format_npy, &request, file, sizeof file - 1, false, capacity, q,
                         &seen, &error),
                 &error);
        assert_memory_equal(q, expected, sizeof expected);
        assert_int_equal(seen.nelems, 3);
        assert_null(seen.ops->read_at);
    }
}

static void test_swapped_words(void **state)
{
    (void)state;
    static const char file[] = "\x93NUMPY\x01\0\x38\0"
                               "{'descr':'>i4','fortran_order':False,'shape':(2,)}     \n"
                               "\x80\x00\x00\x01\x12\x34\x56\x78";
    const struct quant_read_request request = {.deliver = QUANT_INT32};
    static const int32_t expected[] = {INT32_MIN + 1, 0x12345678};
    for (size_t capacity = 1; capacity < 4; capacity++) {
        int32_t q[4] = {0};
        struct quant_reader seen;
        struct quant_error error;
        check_ok(read_it(&quant_format_npy, &request, file, sizeof file - 1, false, capacity, q,
                         &seen, &error),
                 &error);
        assert_memory_equal(q, expected, sizeof expected);
        assert_int_equal(seen.nelems, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_packed_sizes),   cmocka_unit_test(test_swapped),
        cmocka_unit_test(test_swapped_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
