/* SPDX-License-Identifier: MIT */
/* The target types to JSON and back: every value; and numbers that are not values of a type. */
#include "../support/files.h"

#include "base/nibble.h"
#include "formats/format.h"

enum { PATTERNS = 65536, CHUNK = 1000 }; /* smaller than the blocks of writer and reader */

static const struct float_row {
    enum quant_dtype dtype;
    uint32_t max; /* the pattern */
    const char *wrong;
    const char *message;
} floats[] = {
    {QUANT_FLOAT8_E4M3FN, 0x7E, "[1, 0.3]",
     "element 1 at byte 4 is 0.3, not a number of float8_e4m3"},
    {QUANT_FLOAT8_E5M2, 0x7B, "[65536]",
     "element 0 at byte 1 is 65536, not a number of float8_e5m2"},
    {QUANT_FLOAT16, 0x7BFF, "[1e-9]", "element 0 at byte 1 is 1e-9, not a number of float16"},
    {QUANT_BFLOAT16, 0x7F7F, "[2,1e39]", "element 1 at byte 3 is 1e39, not a number of bfloat16"},
};

static enum quant_status write_text(enum quant_dtype dtype, const unsigned char *q, size_t n,
                                    struct memory_sink *sink, struct quant_error *error)
{
    const struct quant_shape shape = {1, {n}};
    struct quant_writer *writer = NULL;
    *sink = memory_sink_make(SIZE_MAX);
    check_ok(
        quant_format_json.open_writer(&sink->sink, dtype, &shape, QUANT_ORDER_C, &writer, error),
        error);
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; i < n && status == QUANT_OK; i += CHUNK)
        status = writer->ops->write(writer, q + quant_dtype_bytes(dtype, i),
                                    n - i < CHUNK ? n - i : CHUNK, error);
    if (status == QUANT_OK)
        status = writer->ops->finish(writer, error);
    writer->ops->close(writer);
    return status;
}

static enum quant_status read_text(enum quant_dtype dtype, const void *text, size_t length,
                                   unsigned char *q, size_t *n, struct quant_error *error)
{
    const struct quant_read_request request = {.deliver = dtype};
    struct quant_source *source = quant_source_from_memory(text, length, "t.json");
    struct quant_reader *reader = NULL;
    check_ok(quant_format_json.open_reader(source, &request, &reader, error), error);
    enum quant_status status = QUANT_OK;
    size_t count = 1;
    for (*n = 0; status == QUANT_OK && count > 0; *n += status == QUANT_OK ? count : 0)
        status = reader->ops->read(reader, q + quant_dtype_bytes(dtype, *n), CHUNK, &count, error);
    reader->ops->close(reader);
    quant_source_close(source);
    return status;
}

static void check_back(enum quant_dtype dtype, const void *q, size_t n)
{
    static _Alignas(uint16_t) unsigned char back[2 * PATTERNS];
    struct memory_sink sink;
    struct quant_error error;
    size_t found = 0;
    check_ok(write_text(dtype, q, n, &sink, &error), &error);
    memset(back, 0xEE, sizeof back);
    check_ok(read_text(dtype, sink.bytes, sink.nbytes, back, &found, &error), &error);
    assert_int_equal(found, n);
    assert_memory_equal(back, q, (size_t)quant_dtype_bytes(dtype, n));
    free(sink.bytes);
}

static void test_integers(void **state)
{
    (void)state;
    static uint16_t wide[PATTERNS];
    static unsigned char packed[129];
    for (size_t i = 0; i < PATTERNS; i++)
        wide[i] = (uint16_t)i;
    check_back(QUANT_INT16, wide, PATTERNS);
    check_back(QUANT_UINT16, wide, PATTERNS);
    for (size_t i = 0; i < 257; i++) /* all pairs, and one more element */
        quant_nibble_put(packed, i, (unsigned)(i % 2 ? i / 2 / 16 : i / 2));
    check_back(QUANT_INT4, packed, 257);
    check_back(QUANT_UINT4, packed, 257);
}

/* All finite numbers except -0, which is read as 0. */
static void test_floats(void **state)
{
    (void)state;
    static uint16_t wide[PATTERNS];
    static unsigned char bytes[256];
    for (size_t row = 0; row < LENGTH(floats); row++) {
        const bool narrow = quant_dtype_info(floats[row].dtype)->bits == 8;
        const uint32_t sign = narrow ? 0x80 : 0x8000;
        size_t n = 0;
        for (uint32_t i = 0; i < 2 * sign; i++) {
            if ((i & (sign - 1)) > floats[row].max || i == sign)
                continue;
            bytes[n % 256] = (unsigned char)i;
            wide[n++] = (uint16_t)i;
        }
        assert_int_equal(n, 2 * floats[row].max + 1);
        check_back(floats[row].dtype, narrow ? (const void *)bytes : wide, n);
    }
}

static void test_wrongs(void **state)
{
    (void)state;
    for (size_t row = 0; row < LENGTH(floats); row++) {
        unsigned char q[16] = {0};
        size_t n;
        struct quant_error error;
        const char *text = floats[row].wrong;
        check_error(text, read_text(floats[row].dtype, text, strlen(text), q, &n, &error), &error,
                    QUANT_OUT_OF_RANGE, floats[row].message);
        /* -0 is a number of each type, in the fast path and in the exact one. */
        static const char *const zeros[] = {"[-0,1]", "[-0.0e-999999999999]"};
        for (size_t i = 0; i < LENGTH(zeros); i++) {
            check_ok(read_text(floats[row].dtype, zeros[i], strlen(zeros[i]), q, &n, &error),
                     &error);
            assert_int_equal(q[0], 0);
        }
    }
    static const unsigned char nan[] = {0x38, 0x7F};
    struct memory_sink sink;
    struct quant_error error;
    check_error("NaN", write_text(QUANT_FLOAT8_E4M3FN, nan, 2, &sink, &error), &error,
                QUANT_NONFINITE, "element 1 is NaN, which JSON cannot express");
    free(sink.bytes);
    static const unsigned char infinity[] = {0xFC};
    check_error("-inf", write_text(QUANT_FLOAT8_E5M2, infinity, 1, &sink, &error), &error,
                QUANT_NONFINITE, "element 0 is -inf, which JSON cannot express");
    free(sink.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_wrongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
