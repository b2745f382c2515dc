/* SPDX-License-Identifier: MIT */
/* quant_parallel_run: every part once, deliveries in order and one at a time, failures that stop
 * what lies behind them, on any number of threads. */
#include <pthread.h>
#include <quant/file.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "../support/unit.h"

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

/* Some parts take longer, so that they come to the turnstile out of order. */
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
    const struct quant_parallel parallel = {.n = n,
                                            .threads = record->threads,
                                            .context = record,
                                            .work = work,
                                            .deliver = deliver,
                                            .finish = finish};
    const bool ok = quant_parallel_run(&parallel);
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

/* All before the failing part are delivered, none behind it is. */
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

/* It comes after the delivery: some parts behind may have been delivered by then. */
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

static void test_processors(void **state)
{
    (void)state;
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(quant_processors(), CPU_COUNT(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_once),
        cmocka_unit_test(test_failure_stops),
        cmocka_unit_test(test_failure_to_finish),
        cmocka_unit_test(test_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
