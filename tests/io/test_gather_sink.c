/* SPDX-License-Identifier: MIT */
/* Pieces by position, from one thread and from several: all bytes arrive, each once; what lies side
 * by side takes one write; errors are returned. */
#include "../support/files.h"

#include <pthread.h>

#include "io/gather_sink.h"
#include "io/io.h"

enum { NBYTES = 1 << 20, THREADS = 4, PIECE = 3000 };

/* A target in memory. */
struct memory {
    struct quant_sink sink;
    pthread_mutex_t mutex;
    unsigned char *bytes;
    unsigned char *times; /* each byte was written */
    size_t nwrites;
    size_t npieces;
    size_t failing; /* the write that fails, from 1; 0: none */
    uint64_t expected;
};

static enum quant_status take(struct quant_sink *sink, uint64_t offset,
                              const struct quant_sink_piece *pieces, size_t n,
                              struct quant_error *error)
{
    struct memory *memory = (struct memory *)sink;
    pthread_mutex_lock(&memory->mutex);
    const bool fails = ++memory->nwrites == memory->failing;
    memory->npieces += n;
    for (size_t i = 0; !fails && i < n; i++) {
        assert_true(offset + pieces[i].nbytes <= NBYTES);
        memcpy(memory->bytes + offset, pieces[i].bytes, pieces[i].nbytes);
        for (size_t k = 0; k < pieces[i].nbytes; k++)
            memory->times[offset + k]++;
        offset += pieces[i].nbytes;
    }
    pthread_mutex_unlock(&memory->mutex);
    return fails ? quant_sink_error(sink, error, QUANT_IO, "it is full") : QUANT_OK;
}

static enum quant_status take_one(struct quant_sink *sink, uint64_t offset, const void *bytes,
                                  size_t nbytes, struct quant_error *error)
{
    const struct quant_sink_piece piece = {bytes, nbytes};
    return take(sink, offset, &piece, 1, error);
}

static void expect(struct quant_sink *sink, uint64_t nbytes)
{
    ((struct memory *)sink)->expected = nbytes;
}

static const struct quant_sink_ops ops = {
    .write_at = take_one, .write_pieces_at = take, .expect = expect};
static const struct quant_sink_ops plain_ops = {.write_at = take_one};

static void make(struct memory *memory, const struct quant_sink_ops *its_ops)
{
    *memory = (struct memory){.sink = {.ops = its_ops, .name = "memory"},
                              .mutex = PTHREAD_MUTEX_INITIALIZER,
                              .bytes = calloc(NBYTES, 1),
                              .times = calloc(NBYTES, 1)};
    assert_non_null(memory->bytes);
    assert_non_null(memory->times);
}

static void drop(struct memory *memory)
{
    free(memory->bytes);
    free(memory->times);
    pthread_mutex_destroy(&memory->mutex);
}

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

/* Those from `first` up to end are written once and right, no others. */
static void check(const struct memory *memory, size_t first, size_t end)
{
    for (size_t i = 0; i < NBYTES; i++) {
        const bool is_written = i >= first && i < end;
        if (memory->times[i] != is_written || (is_written && memory->bytes[i] != byte_at(i)))
            fail_msg("byte %zu is %d, written %d times", i, memory->bytes[i], memory->times[i]);
    }
}

static enum quant_status write_range(struct quant_gather_sink *gather, size_t first, size_t nbytes,
                                     struct quant_error *error)
{
    unsigned char bytes[QUANT_GATHER_PIECE + 1] = {0};
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = byte_at(first + i);
    return gather->sink.ops->write_at(&gather->sink, first, bytes, nbytes, error);
}

/* From the back: adjacent all the same. */
static void test_joined(void **state)
{
    (void)state;
    struct memory memory;
    struct quant_gather_sink gather;
    struct quant_error error;
    make(&memory, &ops);
    check_ok(quant_gather_sink_open(&gather, &memory.sink, NBYTES, &error), &error);
    quant_sink_expect(&gather.sink, NBYTES);
    assert_int_equal(memory.expected, NBYTES);
    for (size_t i = 100; i-- > 0;)
        check_ok(write_range(&gather, 500 + i * 7, 7, &error), &error);
    check_ok(write_range(&gather, 2000, 0, &error), &error);
    assert_int_equal(memory.nwrites, 0);
    check_ok(quant_gather_sink_flush(&gather, &error), &error);
    check(&memory, 500, 1200);
    assert_int_equal(memory.nwrites, 1);
    assert_int_equal(memory.npieces, 100);
    quant_gather_sink_release(&gather);
    drop(&memory);
}

/* A large one is passed on, and a hole is kept. */
static void test_large(void **state)
{
    (void)state;
    struct memory memory;
    struct quant_gather_sink gather;
    struct quant_error error;
    make(&memory, &plain_ops);
    check_ok(quant_gather_sink_open(&gather, &memory.sink, NBYTES, &error), &error);
    check_ok(write_range(&gather, 0, 10, &error), &error);
    check_ok(write_range(&gather, 10, QUANT_GATHER_PIECE + 1, &error), &error);
    check(&memory, 10, 10 + QUANT_GATHER_PIECE + 1);
    check_ok(write_range(&gather, NBYTES - 1, 1, &error), &error);
    check_ok(quant_gather_sink_flush(&gather, &error), &error);
    assert_int_equal(memory.nwrites, 3);
    assert_int_equal(memory.times[NBYTES - 1], 1);
    assert_int_equal(memory.times[0], 1);
    quant_gather_sink_release(&gather);
    drop(&memory);
}

struct share {
    struct quant_gather_sink *gather;
    size_t number;
    bool failed;
};

static void *write_share(void *context)
{
    struct share *share = context;
    struct quant_error error;
    for (size_t i = share->number; i * PIECE < NBYTES; i += THREADS) {
        const size_t left = NBYTES - i * PIECE;
        if (write_range(share->gather, i * PIECE, left < PIECE ? left : PIECE, &error) != QUANT_OK)
            share->failed = true;
    }
    return NULL;
}

static void write_all(struct quant_gather_sink *gather, struct share shares[THREADS])
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        shares[i] = (struct share){gather, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, write_share, &shares[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void test_threads(void **state)
{
    (void)state;
    struct memory memory;
    struct quant_gather_sink gather;
    struct quant_error error;
    struct share shares[THREADS];
    make(&memory, &ops);
    check_ok(quant_gather_sink_open(&gather, &memory.sink, NBYTES, &error), &error);
    write_all(&gather, shares);
    check_ok(quant_gather_sink_flush(&gather, &error), &error);
    check(&memory, 0, NBYTES);
    quant_gather_sink_release(&gather);
    drop(&memory);
}

/* Whichever write fails, a caller gets the error. */
static void test_failing(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t failing = 1; failed; failing++) {
        struct memory memory;
        struct quant_gather_sink gather;
        struct quant_error error;
        struct share shares[THREADS];
        make(&memory, &ops);
        memory.failing = failing;
        check_ok(quant_gather_sink_open(&gather, &memory.sink, NBYTES, &error), &error);
        write_all(&gather, shares);
        failed = quant_gather_sink_flush(&gather, &error) != QUANT_OK;
        for (size_t i = 0; i < THREADS; i++)
            failed = failed || shares[i].failed;
        assert_int_equal(failed, memory.nwrites >= failing);
        quant_gather_sink_release(&gather);
        drop(&memory);
    }
}

/* Through the file: more pieces than one call takes. */
static void test_file(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_file_output *const outputs[] = {&output};
    struct quant_gather_sink gather;
    struct quant_error error;
    char expected[4001];
    check_ok(quant_output_open(&output, "w", false, &never, &error), &error);
    check_ok(quant_gather_sink_open(&gather, &output.sink, 4000, &error), &error);
    for (size_t i = 0; i < 4000; i += 2) {
        expected[i] = (char)('a' + i % 26);
        expected[i + 1] = (char)('a' + i % 17);
        check_ok(gather.sink.ops->write_at(&gather.sink, i, expected + i, 2, &error), &error);
    }
    expected[4000] = '\0';
    check_ok(quant_gather_sink_flush(&gather, &error), &error);
    check_ok(quant_output_commit_n(outputs, 1, NULL, NULL, &error), &error);
    assert_true(file_has_text("w", expected));
    quant_gather_sink_release(&gather);
    quant_gather_sink_release(&gather);
    quant_output_discard(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_failing),
        cmocka_unit_test_setup_teardown(test_file, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
