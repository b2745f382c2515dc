/* SPDX-License-Identifier: MIT */
/* Allocations that fail, one after the other, while a sidecar is written or read: each is reported
 * as no memory, and nothing leaks. */
#include "faults.h"

#include "../support/files.h"

#include "records/sidecar.h"
#include "records/sidecar_tensors.h"

static struct quant_sidecar in_arrays(void)
{
    static float scales[] = {1, 2, 3};
    static int32_t zero_points[] = {-1, 0, 1};
    return (struct quant_sidecar){
        .params = {.scheme = QUANT_ZERO_POINT,
                   .dtype = QUANT_INT8,
                   .qmin = -127,
                   .qmax = 127,
                   .scale_dtype = QUANT_FLOAT32,
                   .scale = 1},
        .has_groups = true,
        .groups = {.block_size = 3, .count = 3, .scales = scales, .zero_points = zero_points},
        .method = "minmax",
        .shape = {1, {7}},
        .source = {(char *)"x.npy", "npy"},
        .source_dtype = QUANT_FLOAT32,
        .data = {(char *)"q.npy", "npy"},
    };
}

static struct quant_sidecar in_file(void)
{
    struct quant_sidecar sidecar = in_arrays();
    sidecar.groups.scales = NULL;
    sidecar.groups.zero_points = NULL;
    sidecar.groups.path = (char *)"q.npy.scales";
    sidecar.groups.has_zero_points = true;
    sidecar.groups.bytes = 24;
    return sidecar;
}

/* ---- A run with a fault ---- */

static enum quant_status drop(struct quant_sink *sink, const void *bytes, size_t nbytes,
                              struct quant_error *error)
{
    (void)sink;
    (void)bytes;
    (void)nbytes;
    (void)error;
    return QUANT_OK;
}

static enum quant_status write_it(const void *sidecar, struct quant_error *error)
{
    static const struct quant_sink_ops ops = {.write = drop};
    struct quant_sink sink = {&ops, "q.json"};
    return quant_sidecar_write(sidecar, &sink, error);
}

static enum quant_status read_it(const void *source, struct quant_error *error)
{
    struct quant_sidecar sidecar;
    const enum quant_status status =
        quant_sidecar_parse((struct quant_source *)(uintptr_t)source, &sidecar, error);
    quant_sidecar_release(&sidecar);
    return status;
}

typedef enum quant_status action(const void *subject, struct quant_error *error);

/* The n-th allocation fails, n = 1, 2, 3 ... until a run has fewer, which succeeds: it has at least
 * min, or else the faults did not reach it. */
static void check_faults(action *act, const void *subject, bool from_then_on, unsigned long min)
{
    bool fired = true;
    unsigned long n = 0;
    while (fired) {
        struct quant_error error = {QUANT_OK, ""};
        faults_arm(FAULT_MEMORY, ++n, from_then_on);
        const enum quant_status status = act(subject, &error);
        const struct faults_seen seen = faults_disarm();
        fired = seen.fired;
        if (seen.live != 0)
            fail_msg("allocation %lu: %ld leaked", n, seen.live);
        check_error("fault", status, &error, fired ? QUANT_NO_MEMORY : QUANT_OK, "no memory");
    }
    assert_true(n > min);
}

/* ---- Tests ---- */

static void test_write(void **state)
{
    (void)state;
    const struct quant_sidecar sidecars[] = {in_arrays(), in_file()};
    for (size_t i = 0; i < 2 * LENGTH(sidecars); i++)
        check_faults(write_it, &sidecars[i / 2], i % 2 == 0, 2);
}

static void test_read(void **state)
{
    (void)state;
    const struct quant_sidecar sidecars[] = {in_arrays(), in_file()};
    for (size_t i = 0; i < 2 * LENGTH(sidecars); i++) {
        struct memory_sink sink = memory_sink_make(SIZE_MAX);
        struct quant_error error;
        check_ok(quant_sidecar_write(&sidecars[i / 2], &sink.sink, &error), &error);
        struct quant_source *source = quant_source_from_memory(sink.bytes, sink.nbytes, "q.json");
        assert_non_null(source);
        check_faults(read_it, source, i % 2 == 0, 20);
        quant_source_close(source);
        free(sink.bytes);
    }
}

/* ---- Many tensors ---- */

static const uint64_t dims[] = {2, 3};

static const struct quant_sidecar_entry entry = {
    .name = "a",
    .is_copied = true,
    .stored_type = "I64",
    .stored_nbytes = 48,
    .ndim = 2,
    .dims = dims,
};

static enum quant_status print_it(const void *subject, struct quant_error *error)
{
    char *text = NULL;
    size_t nbytes = 0;
    const enum quant_status status = quant_sidecar_print_entry(subject, &text, &nbytes, error);
    assert_int_equal(text != NULL, status == QUANT_OK);
    free(text);
    return status;
}

static enum quant_status read_tensors(const void *source, struct quant_error *error)
{
    struct quant_sidecar_reader *reader;
    enum quant_status status =
        quant_sidecar_tensors_open((struct quant_source *)(uintptr_t)source, &reader, error);
    bool found = reader != NULL;
    while (status == QUANT_OK && found) {
        struct quant_sidecar_entry next;
        status = quant_sidecar_tensors_next(reader, &next, &found, error);
    }
    quant_sidecar_tensors_close(reader);
    return status;
}

static void test_print_entry(void **state)
{
    (void)state;
    check_faults(print_it, &entry, false, 1);
    check_faults(print_it, &entry, true, 1);
}

static void test_read_tensors(void **state)
{
    (void)state;
    size_t nbytes;
    unsigned char *text = file_read("data/bad/container/good.json", &nbytes);
    struct quant_source *source = quant_source_from_memory(text, nbytes, "q.json");
    assert_non_null(source);
    check_faults(read_tensors, source, false, 20);
    check_faults(read_tensors, source, true, 20);
    quant_source_close(source);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_print_entry),
        cmocka_unit_test(test_read_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
