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

#endif
