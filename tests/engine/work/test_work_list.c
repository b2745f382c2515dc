/* SPDX-License-Identifier: MIT */
/* A list of items of different sizes: each is worked on once, all are delivered in order, small
 * ones in parallel and large ones alone with the pool; after a failure nothing is delivered. The
 * progress grows with what is done, up to the elements of all. */
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
    atomic_bool busy[MOST_THREADS]; /* workers */
    atomic_bool wrong;
    atomic_uint waiting; /* small items that wait for another one */
    bool meet;
    bool all_small; /* by their elements */
    bool (*is_large)(void *context, uint64_t i);
    bool awaits;       /* each item waits for its turn while it is worked on */
    uint64_t reported; /* by the progress: elements, and of how many */
    uint64_t total;
    unsigned reports;
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
    const struct record *record = context;
    return (uint64_t)QUANT_SMALL_ITEM + (!record->all_small && is_large(record, i));
}

static bool do_nothing(void *context, unsigned worker, uint64_t part)
{
    (void)context;
    (void)worker;
    (void)part;
    return true;
}

/* But for rounding, as a share of all. */
static bool is_close(uint64_t a, uint64_t b)
{
    return a <= b + 2 && b <= a + 2;
}

/* Never less than before. */
static void report(void *context, uint64_t done, uint64_t total)
{
    struct record *record = context;
    expect(record, done >= record->reported && done <= total);
    record->reported = done;
    record->total = total;
    record->reports++;
}

/* A pass of two over a large item: both report it, half each. */
static void make_pass(struct record *record, uint64_t i, struct quant_progress *progress,
                      uint64_t ahead)
{
    const unsigned reports = record->reports;
    quant_progress_begin_pass(progress, nelems(record, i), ahead);
    quant_progress_add(progress, nelems(record, i) / 2);
    expect(record, record->reports == reports + 1);
    quant_progress_add(progress, nelems(record, i) - nelems(record, i) / 2);
    expect(record, record->reports == reports + 2);
}

static void work(void *context, struct quant_work_item *item)
{
    struct record *record = context;
    const unsigned place = item->place;
    const uint64_t i = item->i;
    struct quant_pool *pool = item->pool;
    struct quant_progress *progress = item->progress;
    expect(record, place < record->places);
    expect(record, !atomic_exchange(&record->taken[place], true));
    expect(record, pool == (is_large(record, i) ? record->pool : NULL));
    expect(record, item->worker < (pool ? 1 : MOST_THREADS));
    expect(record, !atomic_exchange(&record->busy[item->worker], true));
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
        const uint64_t before = record->reported;
        make_pass(record, i, progress, nelems(record, i));
        expect(record, is_close(record->reported, before + nelems(record, i) / 2));
        make_pass(record, i, progress, 0);
        expect(record, is_close(record->reported, before + nelems(record, i)));
    } else {
        quant_progress_begin_pass(progress, nelems(record, i), 0);
        quant_progress_add(progress, nelems(record, i));
    }
    if (record->awaits) {
        const bool ok = quant_work_item_await_turn(item);
        expect(record, !ok == (i > record->failing));
        expect(record, !ok || record->delivered == i);
    }
    atomic_store(&record->busy[item->worker], false);
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
    struct quant_progress progress = {.call = report, .context = record};
    record->pool = quant_pool_new(threads);
    const struct quant_work_list list = {
        .n = n,
        .pool = record->pool,
        .progress = &progress,
        .context = record,
        .nelems = nelems,
        .is_large = record->is_large,
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

static uint64_t count_elements(struct record *record, uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += nelems(record, i);
    return sum;
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
            assert_int_equal(record.reported, count_elements(&record, n));
            assert_int_equal(record.total, record.reported);
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
            if (record.reports > 0)
                assert_int_equal(record.total, count_elements(&record, ITEMS));
            assert_true(record.reported <= count_elements(&record, ITEMS));
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

/* What an item does in its turn is in order. After a failure those that wait for theirs are let go,
 * and know that it will not come. */
static void test_turns(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (uint64_t i = 0; i < LENGTH(mixes) * (ITEMS + 1); i++) {
            struct record record = {
                .sizes = mixes[i % LENGTH(mixes)], .failing = i / LENGTH(mixes), .awaits = true};
            const bool fails = record.failing < ITEMS;
            assert_int_equal(run(&record, threads, ITEMS), !fails);
            assert_int_equal(record.delivered, fails ? record.failing + 1 : ITEMS);
        }
}

/* Which items are large may be chosen otherwise than by their elements. */
static bool is_chosen(void *context, uint64_t i)
{
    return is_large(context, i);
}

static void test_large_by_choice(void **state)
{
    (void)state;
    struct record record = {
        .sizes = "sls", .failing = UINT64_MAX, .all_small = true, .is_large = is_chosen};
    assert_true(run(&record, 2, ITEMS));
    assert_int_equal(record.delivered, ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),       cmocka_unit_test(test_failure),
        cmocka_unit_test(test_in_parallel),     cmocka_unit_test(test_turns),
        cmocka_unit_test(test_large_by_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
