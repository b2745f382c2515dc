/* SPDX-License-Identifier: MIT */
/* Whole .npy files: versions, element types, byte orders, and every contradiction between the
 * header and the size of the file. test_npy_header.c tests the dictionary in the header. */
#include "../support/files.h"

#include "base/shape.h"
#include "formats/format.h"

enum { MOST = 4096 };

struct file {
    unsigned char bytes[MOST];
    size_t nbytes;
};

static void append(struct file *file, const void *bytes, size_t nbytes)
{
    assert_true(file->nbytes + nbytes <= MOST);
    memcpy(file->bytes + file->nbytes, bytes, nbytes);
    file->nbytes += nbytes;
}

static struct file make_file(unsigned version, const char *descr, const char *rest)
{
    struct file file = {.nbytes = 0};
    char text[512];
    const int length = snprintf(text, sizeof text, "{'descr': '%s', %s}\n", descr, rest);
    append(&file, "\x93NUMPY", 6);
    append(&file, &(char[]){(char)version, 0}, 2);
    const unsigned char size[] = {(unsigned char)length, (unsigned char)(length >> 8), 0, 0};
    append(&file, size, version == 1 ? 2 : 4);
    append(&file, text, (size_t)length);
    return file;
}

static enum quant_status open_it(struct quant_source *source, enum quant_dtype deliver,
                                 struct quant_reader **reader, struct quant_error *error)
{
    const struct quant_read_request request = {.deliver = deliver};
    *reader = NULL;
    return quant_format_npy.open_reader(source, &request, reader, error);
}

/* Opens and reads to the end, as a file (hides is false) or as a stream that hides its size. */
static enum quant_status read_it(const struct file *file, bool hides, enum quant_dtype deliver,
                                 struct quant_reader *seen, void *elements, size_t *count,
                                 struct quant_error *error)
{
    struct hiding_source stream = hiding_source_make(file->bytes, file->nbytes);
    struct quant_source *memory = quant_source_from_memory(file->bytes, file->nbytes, "w.npy");
    assert_non_null(memory);
    struct quant_reader *reader;
    enum quant_status status = open_it(hides ? &stream.source : memory, deliver, &reader, error);
    size_t got = 1;
    *count = 0;
    while (status == QUANT_OK && got > 0) {
        const size_t size = deliver == QUANT_FLOAT32 ? 4 : 1;
        status = reader->ops->read(reader, (char *)elements + *count * size, 3, &got, error);
        *count += status == QUANT_OK ? got : 0;
    }
    if (reader) {
        *seen = *reader;
        reader->ops->close(reader);
    }
    quant_source_close(memory);
    return status;
}

/* ---- Right ones ---- */

static const struct {
    const char *descr;
    enum quant_dtype stored;
    enum quant_byte_order order;
    const char *bytes; /* of -1.5, 0.25, 65504 */
    size_t size;
} types[] = {
    {"<f4", QUANT_FLOAT32, QUANT_LITTLE, "\0\0\xc0\xbf\0\0\x80\x3e\0\xe0\x7f\x47", 4},
    {">f4", QUANT_FLOAT32, QUANT_BIG, "\xbf\xc0\0\0\x3e\x80\0\0\x47\x7f\xe0\0", 4},
    {"=f4", QUANT_FLOAT32, QUANT_LITTLE, "\0\0\xc0\xbf\0\0\x80\x3e\0\xe0\x7f\x47", 4},
    {"f4", QUANT_FLOAT32, QUANT_LITTLE, "\0\0\xc0\xbf\0\0\x80\x3e\0\xe0\x7f\x47", 4},
    {"|f4", QUANT_FLOAT32, QUANT_LITTLE, "\0\0\xc0\xbf\0\0\x80\x3e\0\xe0\x7f\x47", 4},
    {"f2", QUANT_FLOAT16, QUANT_LITTLE, "\0\xbe\0\x34\xff\x7b", 2},
    {"<f2", QUANT_FLOAT16, QUANT_LITTLE, "\0\xbe\0\x34\xff\x7b", 2},
    {">f2", QUANT_FLOAT16, QUANT_BIG, "\xbe\0\x34\0\x7b\xff", 2},
    {"<f8", QUANT_FLOAT64, QUANT_LITTLE,
     "\0\0\0\0\0\0\xf8\xbf\0\0\0\0\0\0\xd0\x3f\0\0\0\0\0\xfc\xef\x40", 8},
    {">f8", QUANT_FLOAT64, QUANT_BIG,
     "\xbf\xf8\0\0\0\0\0\0\x3f\xd0\0\0\0\0\0\0\x40\xef\xfc\0\0\0\0\0", 8},
};

static void test_types(void **state)
{
    (void)state;
    static const float expected[] = {-1.5F, 0.25F, 65504};
    for (size_t i = 0; i < LENGTH(types) * 3 * 2; i++) {
        const size_t t = i % LENGTH(types);
        const unsigned version = 1 + (unsigned)(i / LENGTH(types)) % 3;
        struct file file =
            make_file(version, types[t].descr, "'fortran_order': False, 'shape': (3,)");
        append(&file, types[t].bytes, 3 * types[t].size);
        struct quant_reader seen;
        float x[MOST];
        size_t count;
        struct quant_error error;
        check_ok(read_it(&file, i / LENGTH(types) >= 3, QUANT_FLOAT32, &seen, x, &count, &error),
                 &error);
        assert_int_equal(count, 3);
        assert_memory_equal(x, expected, sizeof expected);
        assert_int_equal(seen.stored, types[t].stored);
        assert_int_equal(seen.byte_order, types[t].order);
        assert_int_equal(seen.knowledge, QUANT_SHAPE_KNOWN);
        assert_ptr_equal(seen.format, &quant_format_npy);
    }
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        enum quant_dtype deliver;
        enum quant_status status;
        const char *message;
    } rows[] = {
        {"|i1", QUANT_INT8, QUANT_OK, ""},
        {"i1", QUANT_INT8, QUANT_OK, ""},
        {"<i1", QUANT_INT8, QUANT_OK, ""},
        {">u1", QUANT_UINT8, QUANT_OK, ""},
        {"|u1", QUANT_UINT8, QUANT_OK, ""},
        {"u1", QUANT_UINT8, QUANT_OK, ""},
        {"=u1", QUANT_UINT8, QUANT_OK, ""},
        {"|u1", QUANT_INT8, QUANT_UNSUPPORTED, "unsupported dtype '|u1' at byte 20; expected |i1"},
        {"|i1", QUANT_UINT8, QUANT_UNSUPPORTED, "unsupported dtype '|i1' at byte 20; expected |u1"},
        {"<f4", QUANT_INT8, QUANT_UNSUPPORTED, "unsupported dtype '<f4' at byte 20; expected |i1"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct file file = make_file(1, rows[i].descr, "'fortran_order': False, 'shape': (5,)");
        append(&file, "\x80\xff\x00\x01\x7f", 5);
        struct quant_reader seen;
        unsigned char q[16];
        size_t count;
        struct quant_error error;
        check_error(rows[i].descr, read_it(&file, false, rows[i].deliver, &seen, q, &count, &error),
                    &error, rows[i].status, rows[i].message);
        if (rows[i].status == QUANT_OK)
            assert_memory_equal(q, "\x80\xff\x00\x01\x7f", 5);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        size_t n;
        const char *shape;
        enum quant_order order;
    } rows[] = {
        {"'fortran_order': False, 'shape': ()", 1, "()", QUANT_ORDER_C},
        {"'fortran_order': False, 'shape': (0,)", 0, "(0,)", QUANT_ORDER_C},
        {"'fortran_order': False, 'shape': (3, 0, 9223372036854775807)", 0, NULL,
         QUANT_ORDER_C}, /* what NumPy refuses is refused: see below */
        {"'fortran_order': False, 'shape': (3, 0, 2)", 0, "(3, 0, 2)", QUANT_ORDER_C},
        {"'fortran_order': True, 'shape': (3, 4)", 12, "(3, 4)", QUANT_ORDER_FORTRAN},
        {"'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)",
         2,
         "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "
         "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...)",
         QUANT_ORDER_C},
    };
    for (size_t i = 0; i < LENGTH(rows) * 2; i++) {
        struct file file = make_file(1 + (unsigned)i % 3, "<f4", rows[i / 2].rest);
        float data[16] = {0};
        append(&file, data, rows[i / 2].n * 4);
        struct quant_reader seen;
        float x[16];
        size_t count;
        struct quant_error error;
        const enum quant_status status =
            read_it(&file, i % 2, QUANT_FLOAT32, &seen, x, &count, &error);
        check_error(rows[i / 2].rest, status, &error,
                    rows[i / 2].shape ? QUANT_OK : QUANT_OUT_OF_RANGE, "is larger than any file");
        if (status != QUANT_OK)
            continue;
        char text[QUANT_SHAPE_TEXT];
        assert_string_equal(quant_shape_text(&seen.shape, text), rows[i / 2].shape);
        assert_int_equal(seen.order, rows[i / 2].order);
        assert_int_equal(seen.nelems, rows[i / 2].n);
        assert_int_equal(count, rows[i / 2].n);
    }
}

static void test_rewind(void **state)
{
    (void)state;
    struct file file = make_file(1, "<f4", "'fortran_order': False, 'shape': (3,)");
    append(&file, types[0].bytes, 12);
    struct hiding_source stream = hiding_source_make(file.bytes, file.nbytes);
    struct quant_reader *reader;
    struct quant_error error;
    check_ok(open_it(&stream.source, QUANT_FLOAT32, &reader, &error), &error);
    for (int pass = 0; pass < 3; pass++) {
        float x[8];
        size_t count;
        check_ok(reader->ops->read(reader, x, 8, &count, &error), &error);
        assert_int_equal(count, 3);
        assert_memory_equal(x, types[0].bytes, 12);
        check_ok(reader->ops->read(reader, x, 8, &count, &error), &error);
        assert_int_equal(count, 0);
        check_ok(reader->ops->rewind(reader, &error), &error);
    }
    reader->ops->close(reader);
}

/* ---- Wrong ones ---- */

static const struct {
    const char *bytes;
    size_t nbytes;
    enum quant_status status;
    const char *message;
} prefixes[] = {
    {"", 0, QUANT_TRUNCATED, "it ends at byte 0, within the .npy header"},
    {"\x93NUM", 4, QUANT_TRUNCATED, "it ends at byte 4, within the .npy header"},
    {"\x93NUMPY", 6, QUANT_TRUNCATED, "it ends at byte 6"},
    {"\x93NUMPY\1\0\0", 9, QUANT_TRUNCATED, "it ends at byte 9"},
    {"\x93NUMPZ\1\0\0\0\0\0", 12, QUANT_UNRECOGNIZED, "it does not begin as a .npy file does"},
    {"x", 1, QUANT_UNRECOGNIZED, "it does not begin as a .npy file does"},
    {"\x93NUMPY\0\0\0\0\0\0", 12, QUANT_UNSUPPORTED, "unknown .npy version 0.0; expected 1.0, 2.0"},
    {"\x93NUMPY\1\1\0\0\0\0", 12, QUANT_UNSUPPORTED, "unknown .npy version 1.1"},
    {"\x93NUMPY\4\0\0\0\0\0", 12, QUANT_UNSUPPORTED, "unknown .npy version 4.0"},
    {"\x93NUMPY\xff\xff\0\0\0\0", 12, QUANT_UNSUPPORTED, "unknown .npy version 255.255"},
    {"\x93NUMPY\1\0\xff\xff{}", 12, QUANT_TRUNCATED, "the header ends at byte 65545, but the file"},
    {"\x93NUMPY\1\0\0\0{}", 12, QUANT_CORRUPT, "expected a dictionary but the header ends"},
    {"\x93NUMPY\2\0\xff\xff\xff\xff", 12, QUANT_OUT_OF_RANGE,
     "the header's length is 4294967295, more than 1048576 bytes"},
    {"\x93NUMPY\3\0\1\0\x10\0", 12, QUANT_OUT_OF_RANGE, "the header's length is 1048577"},
    {"\x93NUMPY\3\0\0\0\x10\0", 12, QUANT_TRUNCATED, "the header ends at byte 1048588, but the"},
};

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(prefixes); i++) {
        struct file file = {.nbytes = 0};
        append(&file, prefixes[i].bytes, prefixes[i].nbytes);
        struct quant_reader seen;
        float x[8];
        size_t count;
        struct quant_error error;
        check_error(prefixes[i].message,
                    read_it(&file, false, QUANT_FLOAT32, &seen, x, &count, &error), &error,
                    prefixes[i].status, prefixes[i].message);
        /* A stream that hides its size ends within the header instead. */
        const enum quant_status status =
            read_it(&file, true, QUANT_FLOAT32, &seen, x, &count, &error);
        check_error(prefixes[i].message, status, &error, prefixes[i].status,
                    "cannot read 'stream'");
    }
}

static const struct {
    const char *descr;
    const char *rest;
    size_t nbytes; /* of data */
    enum quant_status status;
    const char *message;
} bads[] = {
    {"<c8", "'fortran_order': False, 'shape': ()", 8, QUANT_UNSUPPORTED,
     "unsupported dtype '<c8' at byte 20; expected one of <f4 <f2 <f8 >f4 >f2 >f8"},
    {"<i4", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype '<i4'"},
    {"|i1", "'fortran_order': False, 'shape': ()", 1, QUANT_UNSUPPORTED, "unsupported dtype '|i1'"},
    {"|O", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype '|O'"},
    {"", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype ''"},
    {"<", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype '<'"},
    {"<<f4", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype"},
    {"<f44", "'fortran_order': False, 'shape': ()", 4, QUANT_UNSUPPORTED, "unsupported dtype"},
    {"<f4", "'fortran_order': False, 'shape': (7,)", 0, QUANT_TRUNCATED,
     "shape (7,) of float32 needs 28 bytes from byte 66 on, found 0"},
    {"<f4", "'fortran_order': False, 'shape': (7,)", 24, QUANT_TRUNCATED, "found 24"},
    {"<f4", "'fortran_order': False, 'shape': (7,)", 27, QUANT_TRUNCATED, "found 27"},
    {"<f4", "'fortran_order': False, 'shape': (7,)", 29, QUANT_CORRUPT, "found 29"},
    {"<f8", "'fortran_order': False, 'shape': (2, 2)", 31, QUANT_TRUNCATED,
     "shape (2, 2) of float64 needs 32 bytes"},
    {"<f4", "'fortran_order': False, 'shape': (0,)", 1, QUANT_CORRUPT, "needs 0 bytes from byte"},
    {"<f4", "'fortran_order': False, 'shape': (4294967296, 4294967296)", 4, QUANT_OUT_OF_RANGE,
     "shape (4294967296, 4294967296) is larger than any file"},
    {"<f4", "'fortran_order': False, 'shape': (4611686018427387904,)", 4, QUANT_OUT_OF_RANGE,
     "shape (4611686018427387904,) is larger than any file"},
    {"<f4", "'fortran_order': False, 'shape': (2305843009213693951,)", 4, QUANT_OUT_OF_RANGE,
     "is larger than any file"}, /* fits 63 bits, but not together with the header */
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(bads) * 2; i++) {
        struct file file = make_file(1, bads[i / 2].descr, bads[i / 2].rest);
        static const char data[64];
        append(&file, data, bads[i / 2].nbytes);
        struct quant_reader seen;
        float x[16];
        size_t count;
        struct quant_error error;
        const bool hides = i % 2;
        const enum quant_status status =
            read_it(&file, hides, QUANT_FLOAT32, &seen, x, &count, &error);
        /* A stream that is too long is detected at its end, without counting the rest. */
        const bool longer = bads[i / 2].status == QUANT_CORRUPT && hides;
        check_error(bads[i / 2].rest, status, &error, bads[i / 2].status,
                    longer ? "found more than " : bads[i / 2].message);
    }
}

static void test_read_error(void **state)
{
    (void)state;
    struct file file = make_file(1, "<f4", "'fortran_order': False, 'shape': (3,)");
    append(&file, types[0].bytes, 12);
    for (size_t at = 0; at <= file.nbytes; at++) {
        struct hiding_source stream = hiding_source_make(file.bytes, file.nbytes);
        stream.fails_at = at;
        struct quant_reader *reader;
        struct quant_error error = {QUANT_OK, ""};
        enum quant_status status = open_it(&stream.source, QUANT_FLOAT32, &reader, &error);
        assert_int_equal(status == QUANT_OK, reader != NULL);
        float x[8];
        size_t count = 1;
        while (status == QUANT_OK && count > 0)
            status = reader->ops->read(reader, x, 8, &count, &error);
        check_error("read", status, &error, QUANT_IO, "cannot read 'stream': bad sector");
        if (reader)
            reader->ops->close(reader);
    }
}

/* ---- Writing ---- */

static void test_write(void **state)
{
    (void)state;
    static const signed char q[] = {-128, -1, 0, 1, 2, 127};
    const struct quant_shape shape = {2, {2, 3}};
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    struct quant_writer *writer = NULL;
    struct quant_error error;
    check_ok(quant_format_npy.open_writer(&sink.sink, QUANT_INT8, &shape, QUANT_ORDER_FORTRAN,
                                          &writer, &error),
             &error);
    check_ok(writer->ops->write(writer, q, 4, &error), &error);
    check_ok(writer->ops->write(writer, q + 4, 2, &error), &error);
    check_ok(writer->ops->finish(writer, &error), &error);
    writer->ops->close(writer);
    char expected[135] = "\x93NUMPY\x01\0\x76";
    snprintf(expected + 10, sizeof expected - 10, "%-117s\n",
             "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }");
    memcpy(expected + 128, q, sizeof q);
    assert_int_equal(sink.nbytes, 134);
    assert_memory_equal(sink.bytes, expected, 134);
    free(sink.bytes);
}

static void test_write_error(void **state)
{
    (void)state;
    const struct quant_shape shape = {1, {1}};
    struct memory_sink sink = memory_sink_make(127);
    struct quant_writer *writer = NULL;
    struct quant_error error;
    const enum quant_status status = quant_format_npy.open_writer(&sink.sink, QUANT_FLOAT32, &shape,
                                                                  QUANT_ORDER_C, &writer, &error);
    check_error("full", status, &error, QUANT_IO, "cannot write 'sink': full");
    free(sink.bytes);
}

/* The header alone, of any type. */
static void test_describe(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        enum quant_dtype dtype;
        bool is_opaque;
    } rows[] = {
        {"<f4", QUANT_FLOAT32, false},    {"|i1", QUANT_INT8, false},
        {"|u1", QUANT_UINT8, false},      {">i2", QUANT_INT16, false},
        {"<V2", QUANT_DTYPE_NONE, true},  {"<c8", QUANT_DTYPE_NONE, false},
        {"<i8", QUANT_DTYPE_NONE, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct file file = make_file(1, rows[i].descr, "'fortran_order': True, 'shape': (3, 2)");
        struct quant_source *source = quant_source_from_memory(file.bytes, file.nbytes, "w.npy");
        struct quant_described described;
        struct quant_error error;
        assert_non_null(source);
        check_ok(quant_format_npy.describe(source, &described, &error), &error);
        assert_string_equal(described.type, rows[i].descr);
        assert_int_equal(described.dtype, rows[i].dtype);
        assert_int_equal(described.is_opaque, rows[i].is_opaque);
        assert_int_equal(described.shape.dims[0], 3);
        assert_int_equal(described.order, QUANT_ORDER_FORTRAN);
        assert_int_equal(described.offset, file.nbytes);
        quant_source_close(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describe), cmocka_unit_test(test_types),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_rewind),   cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_bad),      cmocka_unit_test(test_read_error),
        cmocka_unit_test(test_write),    cmocka_unit_test(test_write_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
