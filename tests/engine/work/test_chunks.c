/* SPDX-License-Identifier: MIT */
/* A pass over chunks: which chunks there are, by position and in order, with a pool and without;
 * and if several chunks fail, the error is that of the first one. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../../support/unit.h"

#include "base/error.h"
#include "engine/work/chunks.h"
#include "engine/work/pool.h"

enum { THREADS = 4, MOST_CHUNKS = 20 };

enum step { NO_STEP, LOAD, WORK, DELIVER, FINISH };

struct record {
    uint64_t nelems;
    enum step fails_in; /* chunk `failing` */
    uint64_t failing;
    atomic_uint steps[MOST_CHUNKS][FINISH + 1];
    uint64_t delivered; /* elements */
    atomic_bool wrong;
};

static enum quant_status do_step(struct record *record, enum step step,
                                 const struct quant_chunk *chunk, struct quant_error *error)
{
    const uint64_t number = chunk->first / QUANT_CHUNK;
    const uint64_t left = record->nelems - chunk->first;
    if (chunk->first % QUANT_CHUNK != 0 || chunk->worker >= THREADS ||
        chunk->count != (left < QUANT_CHUNK ? left : QUANT_CHUNK))
        atomic_store(&record->wrong, true);
    else if (number < MOST_CHUNKS)
        atomic_fetch_add(&record->steps[number][step], 1);
    if (step == record->fails_in && number == record->failing)
        return quant_error_set(error, QUANT_CORRUPT, "chunk %d", (int)number);
    return QUANT_OK;
}

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct record *record = context;
    const uint64_t left = record->nelems - chunk->first;
    chunk->count = left < chunk->count ? (size_t)left : chunk->count;
    return chunk->count > 0 ? do_step(record, LOAD, chunk, error) : QUANT_OK; /* 0: the end */
}

static enum quant_status work(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    return do_step(context, WORK, chunk, error);
}

static enum quant_status deliver(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct record *record = context;
    if (chunk->first != record->delivered)
        atomic_store(&record->wrong, true);
    record->delivered += chunk->count;
    return do_step(record, DELIVER, chunk, error);
}

static enum quant_status finish(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    return do_step(context, FINISH, chunk, error);
}

static enum quant_status run(struct record *record, struct quant_pool *pool, unsigned threads,
                             bool by_position, struct quant_error *error)
{
    const struct quant_chunk_pass pass = {
        .by_position = by_position,
        .nelems = by_position ? record->nelems : 0,
        .threads = threads,
        .pool = pool,
        .context = record,
        .load = load,
        .work = work,
        .deliver = deliver,
        .finish = finish,
    };
    const enum quant_status status = quant_chunk_pass_run(&pass, error);
    assert_false(record->wrong);
    return status;
}

/* ---- Tests ---- */

static void test_chunks(void **state)
{
    (void)state;
    static struct record record;
    static const uint64_t lengths[] = {0,
                                       1,
                                       QUANT_CHUNK - 1,
                                       QUANT_CHUNK,
                                       QUANT_CHUNK + 1,
                                       (uint64_t)QUANT_CHUNK * MOST_CHUNKS - 5};
    struct quant_pool *pool = quant_pool_new(THREADS);
    for (unsigned i = 0; i < LENGTH(lengths) * THREADS * 4; i++) {
        const uint64_t nelems = lengths[i % LENGTH(lengths)];
        const unsigned threads = i / LENGTH(lengths) % THREADS + 1;
        const unsigned kind = i / LENGTH(lengths) / THREADS;
        struct quant_error error;
        memset(&record, 0, sizeof record);
        record.nelems = nelems;
        assert_int_equal(run(&record, kind & 1 ? pool : NULL, threads, kind & 2, &error), QUANT_OK);
        assert_int_equal(record.delivered, nelems);
        for (uint64_t k = 0; k < MOST_CHUNKS; k++)
            for (unsigned step = WORK; step <= FINISH; step++)
                assert_int_equal(record.steps[k][step], k * QUANT_CHUNK < nelems);
    }
    quant_pool_free(pool);
}

static void test_failures(void **state)
{
    (void)state;
    static struct record record;
    struct quant_pool *pool = quant_pool_new(THREADS);
    for (unsigned i = 0; i < 2 * MOST_CHUNKS * FINISH; i++) {
        struct quant_error error;
        char text[32];
        memset(&record, 0, sizeof record);
        record.nelems = (uint64_t)QUANT_CHUNK * MOST_CHUNKS;
        record.fails_in = i % FINISH + 1;
        record.failing = i / FINISH % MOST_CHUNKS;
        const bool by_position = i >= MOST_CHUNKS * FINISH;
        assert_int_equal(run(&record, pool, THREADS, by_position, &error), QUANT_CORRUPT);
        snprintf(text, sizeof text, "chunk %d", (int)record.failing);
        assert_string_equal(error.text, text);
        assert_int_equal(error.status, QUANT_CORRUPT);
        for (uint64_t k = record.failing + 1; record.fails_in < FINISH && k < MOST_CHUNKS; k++)
            assert_int_equal(record.steps[k][DELIVER], 0);
    }
    quant_pool_free(pool);
}

/* The others fail at the same time, and before the first one does. */
static enum quant_status fail_last_if_first(void *context, struct quant_chunk *chunk,
                                            struct quant_error *error)
{
    atomic_uint *failed = context;
    const uint64_t number = chunk->first / QUANT_CHUNK;
    while (number == 0 && atomic_load(failed) < THREADS - 1)
        sched_yield();
    const enum quant_status status = quant_error_set(error, QUANT_CORRUPT, "chunk %d", (int)number);
    atomic_fetch_add(failed, 1);
    return status;
}

static enum quant_status do_nothing(void *context, struct quant_chunk *chunk,
                                    struct quant_error *error)
{
    (void)context;
    (void)chunk;
    (void)error;
    return QUANT_OK;
}

static void test_first_error(void **state)
{
    (void)state;
    atomic_uint failed = 0;
    const struct quant_chunk_pass pass = {
        .by_position = true,
        .nelems = (uint64_t)THREADS * QUANT_CHUNK,
        .threads = THREADS,
        .context = &failed,
        .load = do_nothing,
        .work = fail_last_if_first,
        .deliver = do_nothing,
    };
    struct quant_error error;
    assert_int_equal(quant_chunk_pass_run(&pass, &error), QUANT_CORRUPT);
    assert_string_equal(error.text, "chunk 0");
    failed = 0;
    assert_int_equal(quant_chunk_pass_run(&pass, NULL), QUANT_CORRUPT);
}

static void test_workers(void **state)
{
    (void)state;
    static const struct {
        unsigned wanted;
        uint64_t nelems;
        unsigned workers;
    } rows[] = {
        {1, 0, 1},
        {8, 0, 1},
        {8, QUANT_CHUNK, 1},
        {8, QUANT_CHUNK + 1, 2},
        {8, UINT64_MAX, 8},
        {1, UINT64_MAX, 1},
        {QUANT_MOST_THREADS + 1, UINT64_MAX, QUANT_MOST_THREADS},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_int_equal(quant_chunk_workers(rows[i].wanted, rows[i].nelems), rows[i].workers);
    const unsigned all = quant_processors();
    assert_int_equal(quant_chunk_workers(0, UINT64_MAX),
                     all < QUANT_MOST_THREADS ? all : QUANT_MOST_THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_first_error),
        cmocka_unit_test(test_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
