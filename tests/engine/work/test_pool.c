/* SPDX-License-Identifier: MIT */
/* quant_pool_run: many passes on one pool, with a turnstile and with a reorder queue. Each part is
 * worked on once, parts are delivered in order and one at a time, a failure stops the later parts,
 * threads are made only if needed, and signals from outside do not reach them. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../support/unit.h"

#include "engine/work/pool.h"

enum { MOST_PARTS = 60, MOST_THREADS = 8, PLACES = 16 };

enum place { NOWHERE, IN_WORK, IN_DELIVER, IN_FINISH };

struct record {
    enum place fails_in; /* part `failing` */
    uint64_t failing;
    unsigned most_workers;
    atomic_uint worked[MOST_PARTS];
    atomic_uint finished[MOST_PARTS];
    atomic_bool taken[PLACES]; /* by worker: a part is between work and delivery */
    unsigned holder[MOST_PARTS];
    atomic_uint inside; /* deliver */
    atomic_bool wrong;
    uint64_t next; /* to be delivered */
};

static void expect(struct record *record, bool right)
{
    if (!right)
        atomic_store(&record->wrong, true);
}

/* Some parts take longer than others, and are late for their delivery. */
static bool work(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, worker < record->most_workers);
    expect(record, !atomic_exchange(&record->taken[worker], true));
    record->holder[part] = worker;
    for (volatile uint64_t i = 0; i < part * 7919 % 13 * 500; i++)
        continue;
    atomic_fetch_add(&record->worked[part], 1);
    const bool ok = record->fails_in != IN_WORK || part != record->failing;
    if (!ok)
        atomic_store(&record->taken[worker], false);
    return ok;
}

static bool deliver(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, atomic_fetch_add(&record->inside, 1) == 0);
    expect(record, part == record->next++);
    expect(record, worker == record->holder[part]);
    expect(record, atomic_load(&record->worked[part]) == 1);
    atomic_store(&record->taken[worker], false);
    atomic_fetch_sub(&record->inside, 1);
    return record->fails_in != IN_DELIVER || part != record->failing;
}

static bool finish(void *context, unsigned worker, uint64_t part)
{
    struct record *record = context;
    expect(record, worker == record->holder[part]);
    atomic_fetch_add(&record->finished[part], 1);
    return record->fails_in != IN_FINISH || part != record->failing;
}

/* One pass; returns what quant_pool_run does. */
static bool run(struct quant_pool *pool, struct record *record, uint64_t n, unsigned threads,
                unsigned places)
{
    const struct quant_pass pass = {
        .n = n,
        .threads = threads,
        .places = places,
        .context = record,
        .work = work,
        .deliver = deliver,
        .finish = places > 0 ? NULL : finish,
    };
    record->most_workers = places > 0 ? places : threads;
    const bool ok = quant_pool_run(pool, &pass);
    assert_false(record->wrong);
    return ok;
}

#ifdef __SANITIZE_THREAD__
/* It makes a thread of its own. */
static void check_threads(int expected)
{
    (void)expected;
}
#else
static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* The pools have `expected` threads besides this one. The system may list a thread for a moment
 * after it was joined. */
static void check_threads(int expected)
{
    const time_t begin = time(NULL);
    while (count_threads() - 1 > expected && time(NULL) < begin + 30)
        sched_yield();
    assert_int_equal(count_threads() - 1, expected);
}
#endif

static const unsigned modes[] = {0, PLACES};

/* ---- Passes ---- */

/* Passes of all sizes follow each other on one pool, in both modes. */
static void test_many_passes(void **state)
{
    (void)state;
    static struct record record;
    static const uint64_t counts[] = {0, 1, 2, 3, MOST_THREADS, MOST_THREADS + 1, MOST_PARTS};
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct quant_pool *pool = quant_pool_new(threads);
        assert_int_equal(quant_pool_threads(pool), threads);
        for (size_t i = 0; i < 20 * LENGTH(modes) * LENGTH(counts); i++) {
            const uint64_t n = counts[i % LENGTH(counts)];
            const unsigned places = modes[i / LENGTH(counts) % LENGTH(modes)];
            memset(&record, 0, sizeof record);
            assert_true(run(pool, &record, n, threads, places));
            assert_int_equal(record.next, n);
            for (uint64_t part = 0; part < n; part++) {
                assert_int_equal(record.worked[part], 1);
                assert_int_equal(record.finished[part], places == 0);
            }
        }
        check_threads((int)threads - 1);
        quant_pool_free(pool);
        check_threads(0);
    }
}

/* A pass may want fewer threads than the pool has, or more. */
static void test_other_numbers_of_threads(void **state)
{
    (void)state;
    static struct record record;
    struct quant_pool *pool = quant_pool_new(3);
    static const unsigned wanted[] = {1, 2, 3, 5, 2, 1};
    static const int made[] = {0, 1, 2, 2, 2, 2};
    for (size_t i = 0; i < LENGTH(wanted); i++) {
        memset(&record, 0, sizeof record);
        assert_true(run(pool, &record, MOST_PARTS, wanted[i], 0));
        assert_int_equal(record.next, MOST_PARTS);
        check_threads(made[i]);
    }
    quant_pool_free(pool);
}

static void test_no_pool(void **state)
{
    (void)state;
    static struct record record;
    assert_int_equal(quant_pool_threads(NULL), 1);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        for (size_t i = 0; i < LENGTH(modes); i++) {
            memset(&record, 0, sizeof record);
            assert_true(run(NULL, &record, MOST_PARTS, threads, modes[i]));
            assert_int_equal(record.next, MOST_PARTS);
            check_threads(0);
        }
    quant_pool_free(NULL);
}

/* ---- Failures ---- */

static void check_failure(struct quant_pool *pool, unsigned threads, unsigned places,
                          enum place where, uint64_t failing)
{
    static struct record record;
    memset(&record, 0, sizeof record);
    record.fails_in = where;
    record.failing = failing;
    assert_false(run(pool, &record, MOST_PARTS, threads, places));
    if (where == IN_WORK) /* earlier parts are delivered, and no others */
        assert_int_equal(record.next, failing);
    else if (where == IN_DELIVER)
        assert_int_equal(record.next, failing + 1);
    else /* later parts may have been delivered by then */
        assert_true(record.next > failing);
    for (uint64_t part = 0; where != IN_FINISH && part < MOST_PARTS; part++)
        assert_int_equal(record.finished[part], places == 0 && part < failing);
}

/* At each part, in each function; the pool is used on after each failure. */
static void test_failures(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct quant_pool *pool = quant_pool_new(threads);
        for (uint64_t failing = 0; failing < MOST_PARTS; failing++)
            for (size_t i = 0; i < LENGTH(modes); i++) {
                check_failure(pool, threads, modes[i], IN_WORK, failing);
                check_failure(pool, threads, modes[i], IN_DELIVER, failing);
                if (modes[i] == 0)
                    check_failure(pool, threads, 0, IN_FINISH, failing);
            }
        quant_pool_free(pool);
    }
}

/* ---- Threads ---- */

/* Nothing to share: no thread is made. */
static void test_lazy(void **state)
{
    (void)state;
    static struct record record;
    struct quant_pool *pool = quant_pool_new(MOST_THREADS);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        for (uint64_t n = 0; n <= 1; n++) {
            memset(&record, 0, sizeof record);
            assert_true(run(pool, &record, n, MOST_THREADS, modes[i]));
        }
        memset(&record, 0, sizeof record);
        assert_true(run(pool, &record, MOST_PARTS, 1, modes[i]));
        check_threads(0);
    }
    memset(&record, 0, sizeof record);
    assert_true(run(pool, &record, 3, MOST_THREADS, 0));
    check_threads(2); /* no more than there are parts */
    memset(&record, 0, sizeof record);
    assert_true(run(pool, &record, MOST_PARTS, MOST_THREADS, 0));
    check_threads(MOST_THREADS - 1);
    quant_pool_free(pool);
}

struct meeting {
    unsigned expected;
    atomic_uint present;
    pthread_t threads[MOST_THREADS];
    sigset_t blocked[MOST_THREADS];
};

/* Parts wait for each other, so each is on a thread of its own. */
static bool meet(void *context, unsigned worker, uint64_t part)
{
    struct meeting *meeting = context;
    (void)worker;
    meeting->threads[part] = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &meeting->blocked[part]);
    atomic_fetch_add(&meeting->present, 1);
    while (atomic_load(&meeting->present) < meeting->expected)
        sched_yield();
    return true;
}

static bool deliver_nothing(void *context, unsigned worker, uint64_t part)
{
    (void)context;
    (void)worker;
    (void)part;
    return true;
}

static void run_meeting(struct quant_pool *pool, struct meeting *meeting, unsigned places)
{
    const struct quant_pass pass = {
        .n = MOST_THREADS,
        .threads = MOST_THREADS,
        .places = places,
        .context = meeting,
        .work = meet,
        .deliver = deliver_nothing,
    };
    *meeting = (struct meeting){.expected = MOST_THREADS};
    assert_true(quant_pool_run(pool, &pass));
}

/* All threads work at the same time, and they are the same ones in each pass. */
static void test_threads_are_kept(void **state)
{
    (void)state;
    struct quant_pool *pool = quant_pool_new(MOST_THREADS);
    struct meeting first;
    struct meeting second;
    for (int i = 0; i < 50; i++) {
        run_meeting(pool, i ? &second : &first, modes[i % 2]);
        check_threads(MOST_THREADS - 1);
        for (size_t k = 0; i && k < MOST_THREADS; k++) {
            size_t same = 0;
            for (size_t j = 0; j < MOST_THREADS; j++)
                same += pthread_equal(first.threads[k], second.threads[j]) != 0;
            assert_int_equal(same, 1);
        }
    }
    quant_pool_free(pool);
}

/* SIGINT goes to the caller's threads; SIGSEGV to the thread that caused it. The calling thread's
 * own mask is as before. */
static void test_signals(void **state)
{
    (void)state;
    struct quant_pool *pool = quant_pool_new(MOST_THREADS);
    struct meeting meeting;
    sigset_t mask;
    run_meeting(pool, &meeting, 0);
    for (size_t i = 0; i < MOST_THREADS; i++) {
        const bool is_own = pthread_equal(meeting.threads[i], pthread_self());
        assert_int_equal(sigismember(&meeting.blocked[i], SIGINT), !is_own);
        assert_int_equal(sigismember(&meeting.blocked[i], SIGTERM), !is_own);
        assert_int_equal(sigismember(&meeting.blocked[i], SIGSEGV), 0);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGINT), 0);
    quant_pool_free(pool);
}

/* ---- Buffers ---- */

static bool fill_buffers(void *context, unsigned worker, uint64_t part)
{
    struct quant_buffers *buffers = quant_pool_buffers(context, worker);
    const struct quant_buffers_needs needs = {.x = true, .part = true};
    struct quant_error error;
    if (quant_buffers_reserve(buffers, 1, (size_t)part + 1, &needs, &error) != QUANT_OK)
        return false;
    for (size_t i = 0; i <= part; i++) {
        buffers->x[i] = (float)part;
        buffers->q[i] = (uint16_t)part;
    }
    return true;
}

static bool check_buffers(void *context, unsigned worker, uint64_t part)
{
    const struct quant_buffers *buffers = quant_pool_buffers(context, worker);
    bool ok = true;
    for (size_t i = 0; i <= part; i++)
        ok = ok && buffers->x[i] == (float)part && buffers->q[i] == (int32_t)part;
    return ok;
}

/* Each worker has its own, and they stay from one pass to the next. */
static void test_buffers(void **state)
{
    (void)state;
    struct quant_pool *pool = quant_pool_new(MOST_THREADS);
    for (unsigned i = 0; i < MOST_THREADS; i++)
        assert_ptr_equal(quant_pool_buffers(pool, i), quant_pool_buffers(pool, 0) + i);
    const struct quant_pass pass = {
        .n = MOST_PARTS,
        .threads = MOST_THREADS,
        .context = pool,
        .work = fill_buffers,
        .deliver = check_buffers,
    };
    const float *x = NULL;
    for (int i = 0; i < 10; i++) {
        assert_true(quant_pool_run(pool, &pass));
        const struct quant_buffers_needs needs = {.x = true};
        struct quant_error error;
        assert_int_equal(quant_buffers_reserve(quant_pool_buffers(pool, 0), MOST_THREADS,
                                               MOST_PARTS, &needs, &error),
                         QUANT_OK);
        if (i > 0)
            assert_ptr_equal(quant_pool_buffers(pool, 0)->x, x);
        x = quant_pool_buffers(pool, 0)->x;
    }
    quant_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_passes), cmocka_unit_test(test_other_numbers_of_threads),
        cmocka_unit_test(test_no_pool),     cmocka_unit_test(test_failures),
        cmocka_unit_test(test_lazy),        cmocka_unit_test(test_threads_are_kept),
        cmocka_unit_test(test_signals),     cmocka_unit_test(test_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
