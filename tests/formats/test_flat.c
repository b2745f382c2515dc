/* SPDX-License-Identifier: MIT */
/* Long raw and .npy files: block boundaries in the middle of a call, calls of any size, and passes
 * after the first. */
#include "../support/files.h"

#include "../support/random.h"
#include "formats/format.h"

enum { N = 70001 }; /* float64: more than eight of the reader's 64 KiB blocks */

static const struct {
    enum quant_dtype dtype;
    size_t size;
} types[] = {{QUANT_FLOAT16, 2}, {QUANT_BFLOAT16, 2}, {QUANT_FLOAT32, 4}, {QUANT_FLOAT64, 8}};

/* The i-th element is i % 256 or, for float64, i: all of the types hold these exactly. */
static float value_at(size_t i, enum quant_dtype dtype)
{
    return (float)(dtype == QUANT_FLOAT64 ? i : i % 256);
}

static uint64_t bits_of(float value, enum quant_dtype dtype)
{
    const double wide = (double)value;
    uint64_t bits = 0;
    uint32_t narrow;
    memcpy(&narrow, &value, sizeof narrow);
    memcpy(&bits, &wide, sizeof bits);
    if (dtype == QUANT_FLOAT64)
        return bits;
    if (dtype == QUANT_FLOAT32)
        return narrow;
    if (dtype == QUANT_BFLOAT16)
        return narrow >> 16;
    /* Exponent from bias 127 to 15, ten bits of fraction: exact for 1 to 255. */
    return narrow == 0 ? 0 : (narrow >> 13) - ((127 - 15) << 10);
}

static unsigned char *make_bytes(enum quant_dtype dtype, size_t size, bool big, size_t offset)
{
    unsigned char *bytes = calloc(N * size + offset, 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < N; i++) {
        const uint64_t bits = bits_of(value_at(i, dtype), dtype);
        for (size_t b = 0; b < size; b++)
            bytes[offset + i * size + (big ? size - 1 - b : b)] = (unsigned char)(bits >> 8 * b);
    }
    return bytes;
}

/* One pass in calls of random sizes, up to max. */
static void check_pass(struct quant_reader *reader, struct random *random, size_t max)
{
    static float x[N];
    size_t done = 0;
    for (;;) {
        size_t count;
        struct quant_error error;
        const size_t capacity = 1 + random_below(random, (uint32_t)max);
        check_ok(reader->ops->read(reader, x, capacity, &count, &error), &error);
        assert_true(count <= capacity);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++)
            if (x[i] != value_at(done + i, reader->stored))
                fail_msg("element %zu of %s", done + i, quant_dtype_info(reader->stored)->name);
        done += count;
    }
    assert_int_equal(done, N);
    assert_int_equal(reader->nelems, N);
}

static void check_reader(size_t type, bool big, bool hides, bool knows, struct random *random)
{
    enum { OFFSET = 13 };
    unsigned char *bytes = make_bytes(types[type].dtype, types[type].size, big, OFFSET);
    struct hiding_source source = hiding_source_make(bytes, OFFSET + N * types[type].size);
    if (!hides)
        source.source.size = source.nbytes;
    const struct quant_reader head = {
        .format = &quant_format_raw,
        .stored = types[type].dtype,
        .delivered = QUANT_FLOAT32,
        .byte_order = big ? QUANT_BIG : QUANT_LITTLE,
        .knowledge = knows ? QUANT_SHAPE_KNOWN : QUANT_SHAPE_UNKNOWN,
        .shape = {1, {knows ? N : 0}},
    };
    struct quant_reader *reader = NULL;
    struct quant_error error;
    check_ok(quant_flat_open_reader(&source.source, &head, OFFSET, &reader, &error), &error);
    for (int pass = 0; pass < 3; pass++) {
        check_pass(reader, random, (size_t[]){N - 1, 100, 20000}[pass]);
        check_ok(reader->ops->rewind(reader, &error), &error);
    }
    reader->ops->close(reader);
    free(bytes);
}

static void test_long(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < LENGTH(types) * 8; i++)
        check_reader(i / 8, i & 1, i & 2, i & 4, &random);
}

/* Nothing is allocated for elements that are not read, whatever the header says. */
static void test_reads_no_further(void **state)
{
    (void)state;
    unsigned char *bytes = make_bytes(QUANT_FLOAT32, 4, false, 0);
    struct hiding_source source = hiding_source_make(bytes, (size_t)N * 4);
    source.fails_at = 400;
    const struct quant_reader head = {.format = &quant_format_raw,
                                      .stored = QUANT_FLOAT32,
                                      .delivered = QUANT_FLOAT32,
                                      .byte_order = QUANT_LITTLE,
                                      .knowledge = QUANT_SHAPE_KNOWN,
                                      .shape = {1, {N}}};
    struct quant_reader *reader = NULL;
    struct quant_error error;
    check_ok(quant_flat_open_reader(&source.source, &head, 0, &reader, &error), &error);
    assert_int_equal(source.reads, 0);
    float x[101];
    size_t count;
    check_ok(reader->ops->read(reader, x, 100, &count, &error), &error);
    assert_int_equal(count, 100);
    check_error("next", reader->ops->read(reader, x, 1, &count, &error), &error, QUANT_IO,
                "bad sector");
    reader->ops->close(reader);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_reads_no_further),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
