/* SPDX-License-Identifier: MIT */
/* A list of items of different sizes: each is worked on once, all are delivered in order, small
 * ones in parallel and large ones alone with the pool; after a failure nothing is delivered. */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "../../support/unit.h"

#include "engine/work/work_list.h"

enum { ITEMS = 60, MOST_THREADS = 4, MOST_PLACES = 64 };

struct record {
    const char *sizes; /* 's' or 'l' for each item, repeated */
    struct quant_pool *pool;
    unsigned places;
    uint64_t failing; /* delivering this one fails */
    uint64_t delivered;
    atomic_uint worked[ITEMS];
    atomic_uint inside; /* work */
    atomic_bool taken[MOST_PLACES];
    uint64_t holder[MOST_PLACES];
    atomic_bool wrong;
    atomic_uint waiting; /* small items that wait for another one */
    bool meet;
};

static void expect(struct record *record, bool right)
{
    if (!right)
        atomic_store(&record->wrong, true);
}

static bool is_large(const struct record *record, uint64_t i)
{
    return record->sizes[i % strlen(record->sizes)] == 'l';
}

static uint64_t nelems(void *context, uint64_t i)
{
    return (uint64_t)QUANT_SMALL_ITEM + is_large(context, i);
}

static bool do_nothing(void *context, unsigned worker, uint64_t part)
{
    (void)context;
    (void)worker;
    (void)part;
    return true;
}

static void work(void *context, unsigned place, uint64_t i, struct quant_pool *pool)
{
    struct record *record = context;
    expect(record, place < record->places);
    expect(record, !atomic_exchange(&record->taken[place], true));
    expect(record, pool == (is_large(record, i) ? record->pool : NULL));
    const unsigned others = atomic_fetch_add(&record->inside, 1);
    expect(record, others == 0 || !is_large(record, i));
    record->holder[place] = i;
    atomic_fetch_add(&record->worked[i], 1);
    if (record->meet && i < 2) { /* two small items wait for each other */
        atomic_fetch_add(&record->waiting, 1);
        while (atomic_load(&record->waiting) < 2)
            sched_yield();
    }
    if (pool) { /* a large item makes passes */
        const struct quant_pass pass = {
            .n = 10, .threads = MOST_THREADS, .work = do_nothing, .deliver = do_nothing};
        expect(record, quant_pool_run(pool, &pass));
    }
    atomic_fetch_sub(&record->inside, 1);
}

static bool deliver(void *context, unsigned place, uint64_t i)
{
    struct record *record = context;
    expect(record, i == record->delivered++);
    expect(record, record->holder[place] == i);
    expect(record, atomic_load(&record->worked[i]) == 1);
    atomic_store(&record->taken[place], false);
    return i != record->failing;
}

static bool run(struct record *record, unsigned threads, uint64_t n)
{
    record->pool = quant_pool_new(threads);
    const struct quant_work_list list = {
        .n = n,
        .pool = record->pool,
        .context = record,
        .nelems = nelems,
        .work = work,
        .deliver = deliver,
    };
    record->places = quant_work_list_places(&list);
    assert_true(record->places >= threads && record->places <= MOST_PLACES);
    const bool ok = quant_work_list_run(&list);
    quant_pool_free(record->pool);
    assert_false(record->wrong);
    return ok;
}

/* ---- Tests ---- */

static const char *const mixes[] = {"s", "l", "sl", "ls", "sssssssl", "lls", "sssllssl"};

static void test_each_once(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 2, 3, ITEMS};
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(mixes) * LENGTH(counts); i++) {
            struct record record = {.sizes = mixes[i % LENGTH(mixes)], .failing = UINT64_MAX};
            const uint64_t n = counts[i / LENGTH(mixes)];
            assert_true(run(&record, threads, n));
            assert_int_equal(record.delivered, n);
            for (uint64_t k = 0; k < ITEMS; k++)
                assert_int_equal(record.worked[k], k < n);
        }
}

static void test_failure(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (uint64_t i = 0; i < LENGTH(mixes) * ITEMS; i++) {
            struct record record = {.sizes = mixes[i % LENGTH(mixes)],
                                    .failing = i / LENGTH(mixes)};
            assert_false(run(&record, threads, ITEMS));
            assert_int_equal(record.delivered, record.failing + 1);
        }
}

/* Small items are worked on at the same time: here two must be. */
static void test_in_parallel(void **state)
{
    (void)state;
    struct record record = {.sizes = "s", .failing = UINT64_MAX, .meet = true};
    assert_true(run(&record, 2, ITEMS));
    assert_int_equal(record.delivered, ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_in_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
