/* SPDX-License-Identifier: MIT */
/* A pass, on any number of threads: each part is worked on once, parts are delivered in
 * order and one at a time, and a failure stops the later parts. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "../../support/unit.h"

#include "engine/work/pool.h"

enum { MOST_PARTS = 1000, MOST_THREADS = 9 };

struct record {
    uint64_t failing; /* this part fails, in: */
    enum { FAIL_NONE, FAIL_WORK, FAIL_DELIVER, FAIL_FINISH } where;
    unsigned threads;
    atomic_uint worked[MOST_PARTS];
    atomic_uint delivered[MOST_PARTS];
    atomic_uint finished[MOST_PARTS];
    atomic_uint inside; /* deliver */
    atomic_bool wrong;
    uint64_t next; /* to be delivered */
    unsigned holder[MOST_PARTS];
};

static void expect(struct record *record, bool right)
{
    if (!right)
        atomic_store(&record->wrong, true);
}

/* Some parts take longer than others, and reach the turnstile out of order. */
static bool work(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, worker < record->threads);
    record->holder[part] = worker;
    for (volatile uint64_t i = 0; i < part * 7919 % 13 * 500; i++)
        continue;
    atomic_fetch_add(&record->worked[part], 1);
    return record->where != FAIL_WORK || part != record->failing;
}

static bool deliver(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, atomic_fetch_add(&record->inside, 1) == 0);
    expect(record, part == record->next++);
    expect(record, worker == record->holder[part]);
    expect(record, atomic_load(&record->worked[part]) == 1);
    atomic_fetch_add(&record->delivered[part], 1);
    atomic_fetch_sub(&record->inside, 1);
    return record->where != FAIL_DELIVER || part != record->failing;
}

static bool finish(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, worker == record->holder[part]);
    expect(record, atomic_load(&record->delivered[part]) == 1);
    atomic_fetch_add(&record->finished[part], 1);
    return record->where != FAIL_FINISH || part != record->failing;
}

static bool run(struct record *record, uint64_t n)
{
    const struct quant_pass pass = {.n = n,
                                    .threads = record->threads,
                                    .context = record,
                                    .work = work,
                                    .deliver = deliver,
                                    .finish = finish};
    const bool ok = quant_pool_run(NULL, &pass);
    assert_false(record->wrong);
    return ok;
}

static void test_each_part_once(void **state)
{
    (void)state;
    static struct record record;
    static const uint64_t counts[] = {0, 1, 2, 3, 8, 9, 10, MOST_PARTS};
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(counts); i++) {
            memset(&record, 0, sizeof record);
            record.threads = threads;
            assert_true(run(&record, counts[i]));
            assert_int_equal(record.next, counts[i]);
            for (uint64_t part = 0; part < counts[i]; part++)
                assert_int_equal(record.worked[part] + record.finished[part], 2);
        }
}

/* All parts before the failing one are delivered, and no later one. */
static void test_failure_stops(void **state)
{
    (void)state;
    static struct record record;
    static const uint64_t failing[] = {0, 1, 7, 500, MOST_PARTS - 1};
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(failing); i++) {
            memset(&record, 0, sizeof record);
            record.threads = threads;
            record.failing = failing[i];
            record.where = FAIL_WORK;
            assert_false(run(&record, MOST_PARTS));
            assert_int_equal(record.next, failing[i]);
            memset(&record, 0, sizeof record);
            record.threads = threads;
            record.failing = failing[i];
            record.where = FAIL_DELIVER;
            assert_false(run(&record, MOST_PARTS));
            assert_int_equal(record.next, failing[i] + 1);
            for (uint64_t part = 0; part < MOST_PARTS; part++)
                assert_int_equal(record.finished[part], part < failing[i]);
        }
}

/* finish comes after the delivery: some later parts may have been delivered by then. */
static void test_failure_to_finish(void **state)
{
    (void)state;
    static struct record record;
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        memset(&record, 0, sizeof record);
        record.threads = threads;
        record.failing = 20;
        record.where = FAIL_FINISH;
        assert_false(run(&record, MOST_PARTS));
        assert_true(record.next > 20);
        assert_true(threads > 1 || record.next == 21);
    }
}

/* ---- With a reorder queue ---- */

enum { PLACES = 16 };

struct ahead {
    uint64_t slow;    /* this part takes until all later parts that may be begun are done */
    uint64_t failing; /* this part fails in its work */
    atomic_uint worked;
    atomic_uint delivered;
    atomic_uint inside; /* deliver */
    atomic_bool taken[PLACES];
    uint64_t holder[PLACES]; /* the part in each place */
    atomic_bool wrong;
};

static bool work_ahead(void *context, unsigned place, uint64_t part)
{
    struct ahead *ahead = context;
    if (place >= PLACES || atomic_exchange(&ahead->taken[place], true) ||
        part >= atomic_load(&ahead->delivered) + PLACES) {
        atomic_store(&ahead->wrong, true);
        return false;
    }
    ahead->holder[place] = part;
    while (part == ahead->slow && atomic_load(&ahead->worked) < part + PLACES - 1)
        sched_yield();
    atomic_fetch_add(&ahead->worked, 1);
    return part != ahead->failing;
}

static bool deliver_ahead(void *context, unsigned place, uint64_t part)
{
    struct ahead *ahead = context;
    if (atomic_fetch_add(&ahead->inside, 1) != 0 || ahead->holder[place] != part ||
        part != atomic_load(&ahead->delivered))
        atomic_store(&ahead->wrong, true);
    atomic_store(&ahead->taken[place], false);
    atomic_fetch_sub(&ahead->inside, 1);
    atomic_fetch_add(&ahead->delivered, 1);
    return true;
}

static bool run_ahead(struct ahead *ahead, unsigned threads)
{
    const struct quant_pass pass = {.n = MOST_PARTS,
                                    .threads = threads,
                                    .places = PLACES,
                                    .context = ahead,
                                    .work = work_ahead,
                                    .deliver = deliver_ahead};
    const bool ok = quant_pool_run(NULL, &pass);
    assert_false(ahead->wrong);
    return ok;
}

/* A slow part does not keep other workers from going on while there are places, and no part is
 * begun without a place. If a worker waited for the slow part, that one would never end. */
static void test_queue(void **state)
{
    (void)state;
    static const uint64_t slow[] = {0, 1, 20, MOST_PARTS - PLACES, UINT64_MAX};
    for (unsigned threads = 2; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(slow); i++) {
            struct ahead ahead = {.slow = slow[i], .failing = UINT64_MAX};
            assert_true(run_ahead(&ahead, threads));
            assert_int_equal(ahead.worked, MOST_PARTS);
            assert_int_equal(ahead.delivered, MOST_PARTS);
        }
}

/* All parts before it are delivered, and no later one. */
static void test_queue_failure(void **state)
{
    (void)state;
    static const uint64_t failing[] = {0, 1, PLACES - 1, PLACES, 500, MOST_PARTS - 1};
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(failing); i++) {
            struct ahead ahead = {.slow = UINT64_MAX, .failing = failing[i]};
            assert_false(run_ahead(&ahead, threads));
            assert_int_equal(ahead.delivered, failing[i]);
        }
}

static bool deliver_until_seven(void *context, unsigned place, uint64_t part)
{
    return deliver_ahead(context, place, part) && part != 7;
}

static void test_queue_failure_to_deliver(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct ahead ahead = {.slow = UINT64_MAX, .failing = UINT64_MAX};
        const struct quant_pass pass = {.n = MOST_PARTS,
                                        .threads = threads,
                                        .places = PLACES,
                                        .context = &ahead,
                                        .work = work_ahead,
                                        .deliver = deliver_until_seven};
        assert_false(quant_pool_run(NULL, &pass));
        assert_false(ahead.wrong);
        assert_int_equal(ahead.delivered, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_once),    cmocka_unit_test(test_failure_stops),
        cmocka_unit_test(test_failure_to_finish), cmocka_unit_test(test_queue),
        cmocka_unit_test(test_queue_failure),     cmocka_unit_test(test_queue_failure_to_deliver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
