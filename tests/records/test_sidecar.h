/* SPDX-License-Identifier: MIT */
/* What the tests of sidecars share: one of them, written and read back, whole or not. */
#ifndef QUANT_TESTS_FORMATS_TEST_SIDECAR_H
#define QUANT_TESTS_FORMATS_TEST_SIDECAR_H

#include "../support/files.h"

#include "base/shape.h"
#include "records/sidecar.h"

static inline struct quant_sidecar plain(void)
{
    return (struct quant_sidecar){
        .params = {.dtype = QUANT_INT8,
                   .qmin = -127,
                   .qmax = 127,
                   .scale = 0.0850393698F,
                   .scale_dtype = QUANT_FLOAT32},
        .method = "minmax",
        .has_range = true,
        .range = {-7.59000015258789062, 10.8000001907348633},
        .has_observed = true,
        .observed = {-7.59000015258789062, 10.8000001907348633},
        .shape = {1, {7}},
        .source = {(char *)"../x.npy", "npy"},
        .source_dtype = QUANT_FLOAT32,
        .data = {(char *)"q.npy", "npy"},
        .data_bytes = 135,
        .data_xxh3_64 = 0xf9bef6875836a65c,
    };
}

static inline struct memory_sink write_it(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    struct quant_error error;
    check_ok(quant_sidecar_write(sidecar, &sink.sink, &error), &error);
    return sink;
}

static inline enum quant_status read_it(const void *bytes, size_t nbytes,
                                        struct quant_sidecar *sidecar, struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "q.json");
    assert_non_null(source);
    const enum quant_status status = quant_sidecar_parse(source, sidecar, error);
    quant_source_close(source);
    return status;
}

static inline void check_path(const char *found, const char *expected)
{
    assert_int_equal(found == NULL, expected == NULL);
    if (expected)
        assert_string_equal(found, expected);
}

static inline void check_groups_equal(const struct quant_sidecar_groups *a,
                                      const struct quant_sidecar_groups *b)
{
    assert_int_equal(a->axis, b->axis);
    assert_true(a->block_size == b->block_size);
    assert_true(a->count == b->count);
    check_path(a->path, b->path);
    assert_true(a->bytes == b->bytes);
    assert_int_equal(a->has_zero_points, b->has_zero_points);
    assert_true(a->xxh3_64 == b->xxh3_64);
    assert_int_equal(a->scales == NULL, b->scales == NULL);
    assert_int_equal(a->zero_points == NULL, b->zero_points == NULL);
    if (b->scales && b->count > 0) {
        assert_memory_equal(a->scales, b->scales, b->count * sizeof *b->scales);
        assert_memory_equal(a->zero_points, b->zero_points, b->count * sizeof *b->zero_points);
    }
}

static inline void check_equal(const struct quant_sidecar *a, const struct quant_sidecar *b)
{
    assert_memory_equal(&a->params.scale, &b->params.scale, sizeof(float));
    assert_int_equal(a->params.scheme, b->params.scheme);
    assert_int_equal(a->params.dtype, b->params.dtype);
    assert_int_equal(a->params.rounding, b->params.rounding);
    assert_int_equal(a->params.qmin, b->params.qmin);
    assert_int_equal(a->params.qmax, b->params.qmax);
    assert_int_equal(a->params.zero_point, b->params.zero_point);
    assert_int_equal(a->params.scale_dtype, b->params.scale_dtype);
    assert_string_equal(a->method, b->method);
    assert_int_equal(a->has_range, b->has_range);
    assert_int_equal(a->has_observed, b->has_observed);
    for (int i = 0; i < 2; i++) { /* both come from float32 */
        assert_true(!b->has_range || (float)a->range[i] == (float)b->range[i]);
        assert_true(!b->has_observed || (float)a->observed[i] == (float)b->observed[i]);
    }
    assert_true(quant_shape_equal(&a->shape, &b->shape));
    assert_int_equal(a->order, b->order);
    check_path(a->source.path, b->source.path);
    assert_string_equal(a->source.format, b->source.format);
    assert_int_equal(a->source_dtype, b->source_dtype);
    assert_int_equal(a->source_byte_order, b->source_byte_order);
    check_path(a->data.path, b->data.path);
    assert_string_equal(a->data.format, b->data.format);
    assert_true(a->data_bytes == b->data_bytes);
    assert_true(a->data_xxh3_64 == b->data_xxh3_64);
    assert_int_equal(a->has_groups, b->has_groups);
    check_groups_equal(&a->groups, &b->groups);
}

static inline void check_back(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = write_it(sidecar);
    struct quant_sidecar back;
    struct quant_error error;
    check_ok(read_it(sink.bytes, sink.nbytes, &back, &error), &error);
    check_equal(&back, sidecar);
    quant_sidecar_release(&back);
    assert_null(back.data.path);
    free(sink.bytes);
}

/* ---- Not whole ---- */

static inline void check_prefixes(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = write_it(sidecar);
    for (size_t length = 0; length + 1 < sink.nbytes; length++) { /* the last is a newline */
        unsigned char *copy = malloc(length > 0 ? length : 1);
        assert_non_null(copy);
        memcpy(copy, sink.bytes, length);
        struct quant_sidecar back;
        struct quant_error error;
        const enum quant_status status = read_it(copy, length, &back, &error);
        check_error("prefix", status, &error, QUANT_CORRUPT,
                    "cannot read 'q.json': not a valid sidecar: not JSON at byte ");
        quant_sidecar_release(&back);
        free(copy);
    }
    free(sink.bytes);
}

/* Whatever byte is exchanged: an error or a sidecar, and nothing that crashes. */
static inline void check_bytes(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = write_it(sidecar);
    static const unsigned char bytes[] = {0, '"', '{', '9', 0xff};
    for (size_t i = 0; i < sink.nbytes * LENGTH(bytes); i++) {
        const unsigned char kept = sink.bytes[i / LENGTH(bytes)];
        sink.bytes[i / LENGTH(bytes)] = bytes[i % LENGTH(bytes)];
        struct quant_sidecar back;
        struct quant_error error = {QUANT_OK, ""};
        const enum quant_status status = read_it(sink.bytes, sink.nbytes, &back, &error);
        assert_int_equal(status, error.status);
        quant_sidecar_release(&back);
        sink.bytes[i / LENGTH(bytes)] = kept;
    }
    free(sink.bytes);
}

static inline void check_full_sinks(const struct quant_sidecar *sidecar)
{
    struct memory_sink whole = write_it(sidecar);
    for (size_t limit = 0; limit < whole.nbytes; limit++) {
        struct memory_sink sink = memory_sink_make(limit);
        struct quant_error error;
        check_error("full", quant_sidecar_write(sidecar, &sink.sink, &error), &error, QUANT_IO,
                    "cannot write 'sink': full");
        free(sink.bytes);
    }
    free(whole.bytes);
}

#endif
