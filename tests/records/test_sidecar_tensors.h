/* SPDX-License-Identifier: MIT */
/* What the tests of container sidecars share: entries, written and read back. */
#ifndef QUANT_TESTS_RECORDS_TEST_SIDECAR_TENSORS_H
#define QUANT_TESTS_RECORDS_TEST_SIDECAR_TENSORS_H

#include "../support/files.h"

#include "records/sidecar_tensors.h"

static inline struct quant_sidecar_head plain_head(void)
{
    return (struct quant_sidecar_head){.source_path = "../m.safetensors",
                                       .source_format = "safetensors",
                                       .source_nbytes = 4096,
                                       .data_path = "m.int8.safetensors",
                                       .data_format = "safetensors",
                                       .data_nbytes = 1536,
                                       .header_nbytes = 512,
                                       .header_xxh3_64 = 0x0123456789abcdef,
                                       .plan_xxh3_64 = UINT64_MAX};
}

/* One scale, no zero points. */
static inline struct quant_sidecar_entry plain_entry(const char *name)
{
    static const uint64_t dims[] = {2, 3};
    return (struct quant_sidecar_entry){
        .name = name,
        .stored_type = "I8",
        .stored_nbytes = 6,
        .digests = {.data = 1, .scales = 2},
        .ndim = 2,
        .dims = dims,
        .params = {.dtype = QUANT_INT8,
                   .qmin = -127,
                   .qmax = 127,
                   .scale = 0.0850393698F,
                   .scale_dtype = QUANT_FLOAT32},
        .scale_name = "a_scale",
        .axis = -1,
        .scale_count = 1,
        .method = "minmax",
        .has_range = true,
        .range = {-7.59000015258789062, 10.8000001907348633},
        .has_observed = true,
        .observed = {-7.59000015258789062, 10.8000001907348633},
        .source_dtype = QUANT_FLOAT32,
    };
}

static inline struct quant_sidecar_entry copied_entry(const char *name)
{
    static const uint64_t dims[] = {5};
    return (struct quant_sidecar_entry){.name = name,
                                        .is_copied = true,
                                        .stored_type = "I64",
                                        .stored_nbytes = 40,
                                        .digests = {.data = 0xf00d},
                                        .ndim = 1,
                                        .dims = dims,
                                        .axis = -1};
}

static inline struct quant_sidecar_entry grouped_entry(const char *name)
{
    struct quant_sidecar_entry entry = plain_entry(name);
    entry.stored_type = "U8";
    entry.stored_nbytes = 3;
    entry.digests.zero_points = 3;
    entry.params = (struct quant_params){.scheme = QUANT_ZERO_POINT,
                                         .dtype = QUANT_UINT4,
                                         .rounding = QUANT_HALF_AWAY,
                                         .qmax = 15,
                                         .scale = 1,
                                         .scale_dtype = QUANT_FLOAT16};
    entry.scale_name = "b_scale";
    entry.zero_point_name = "b_zero_point";
    entry.has_groups = true;
    entry.axis = 1;
    entry.block_size = 2;
    entry.scale_count = 4;
    entry.method = "sigma";
    entry.has_argument = true;
    entry.argument = 2.5;
    entry.has_range = entry.has_observed = false;
    memset(entry.range, 0, sizeof entry.range);
    memset(entry.observed, 0, sizeof entry.observed);
    entry.source_dtype = QUANT_BFLOAT16;
    return entry;
}

static inline struct quant_sidecar_entry unscaled_entry(const char *name)
{
    struct quant_sidecar_entry entry = plain_entry(name);
    entry.stored_type = "F16";
    entry.stored_nbytes = 12;
    entry.digests.scales = 0;
    entry.params =
        (struct quant_params){.dtype = QUANT_FLOAT16, .scale = 1, .scale_dtype = QUANT_FLOAT32};
    entry.scale_name = NULL;
    entry.scale_count = 0;
    entry.method = "none";
    entry.has_range = false;
    memset(entry.range, 0, sizeof entry.range);
    entry.source_dtype = QUANT_FLOAT64;
    return entry;
}

static inline void append_entry(struct memory_sink *sink, const struct quant_sidecar_entry *entry,
                                bool is_first)
{
    char *text = NULL;
    size_t nbytes = 0;
    struct quant_error error;
    check_ok(quant_sidecar_print_entry(entry, &text, &nbytes, &error), &error);
    check_ok(quant_sidecar_append_entry(&sink->sink, text, nbytes, is_first, &error), &error);
    free(text);
}

static inline struct memory_sink write_entries(const struct quant_sidecar_head *head,
                                               const struct quant_sidecar_entry *entries, size_t n)
{
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    struct quant_error error;
    check_ok(quant_sidecar_begin_tensors(&sink.sink, head, &error), &error);
    for (size_t i = 0; i < n; i++)
        append_entry(&sink, &entries[i], i == 0);
    check_ok(quant_sidecar_end_tensors(&sink.sink, &error), &error);
    return sink;
}

/* Reads all of it; *n is the number of entries. */
static inline enum quant_status read_entries(struct quant_source *source, size_t *n,
                                             struct quant_error *error)
{
    struct quant_sidecar_reader *reader;
    *n = 0;
    enum quant_status status = quant_sidecar_tensors_open(source, &reader, error);
    bool found = reader != NULL;
    while (status == QUANT_OK && found) {
        struct quant_sidecar_entry entry;
        status = quant_sidecar_tensors_next(reader, &entry, &found, error);
        *n += status == QUANT_OK && found;
    }
    quant_sidecar_tensors_close(reader);
    return status;
}

static inline enum quant_status read_text(const void *bytes, size_t nbytes, size_t *n,
                                          struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "m.json");
    assert_non_null(source);
    const enum quant_status status = read_entries(source, n, error);
    quant_source_close(source);
    return status;
}

/* ---- Two entries that must be the same ---- */

static inline void check_text(const char *found, const char *expected)
{
    assert_int_equal(found == NULL, expected == NULL);
    if (expected)
        assert_string_equal(found, expected);
}

static inline void check_quantized(const struct quant_sidecar_entry *a,
                                   const struct quant_sidecar_entry *b)
{
    assert_memory_equal(&a->params, &b->params, sizeof a->params);
    check_text(a->scale_name, b->scale_name);
    check_text(a->zero_point_name, b->zero_point_name);
    assert_int_equal(a->has_groups, b->has_groups);
    assert_int_equal(a->axis, b->axis);
    assert_true(a->block_size == b->block_size);
    assert_true(a->scale_count == b->scale_count);
    assert_string_equal(a->method, b->method);
    assert_int_equal(a->has_argument, b->has_argument);
    if (a->has_argument)
        assert_memory_equal(&a->argument, &b->argument, sizeof a->argument);
    assert_int_equal(a->has_range, b->has_range);
    for (int i = 0; a->has_range && i < 2; i++) /* nine digits are those of a float32 */
        assert_true((float)a->range[i] == (float)b->range[i]);
    assert_int_equal(a->has_observed, b->has_observed);
    for (int i = 0; a->has_observed && i < 2; i++)
        assert_true((float)a->observed[i] == (float)b->observed[i]);
    assert_int_equal(a->source_dtype, b->source_dtype);
}

static inline void check_entry(const struct quant_sidecar_entry *a,
                               const struct quant_sidecar_entry *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->is_copied, b->is_copied);
    assert_string_equal(a->stored_type, b->stored_type);
    assert_true(a->stored_nbytes == b->stored_nbytes);
    assert_memory_equal(&a->digests, &b->digests, sizeof a->digests);
    assert_int_equal(a->ndim, b->ndim);
    if (b->ndim > 0)
        assert_memory_equal(a->dims, b->dims, (size_t)b->ndim * sizeof *b->dims);
    if (!b->is_copied)
        check_quantized(a, b);
}

#endif
