/* SPDX-License-Identifier: MIT */
/* Pipes as sources: bytes that were read can be read again, from memory and from the spool file,
 * and no file of them stays afterwards. */
#include "../support/files.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "../support/random.h"
#include "io/cancel.h"
#include "io/io.h"

enum { MEMORY = QUANT_SPOOL_MEMORY };

static unsigned char byte_at(uint64_t offset)
{
    return (unsigned char)((offset * 2654435761U) >> 13);
}

static void check_bytes(const unsigned char *bytes, size_t nbytes, uint64_t offset)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != byte_at(offset + i))
            fail_msg("wrong byte at %llu", (unsigned long long)(offset + i));
}

/* ---- The other end ---- */

struct feeder {
    pthread_t thread;
    int fds[2];
    size_t nbytes;
    size_t piece;
};

static void *feed(void *argument)
{
    struct feeder *feeder = argument;
    unsigned char bytes[4096];
    for (size_t done = 0; done < feeder->nbytes;) {
        size_t n = feeder->nbytes - done < feeder->piece ? feeder->nbytes - done : feeder->piece;
        for (size_t i = 0; i < n; i++)
            bytes[i] = byte_at(done + i);
        if (write(feeder->fds[1], bytes, n) != (ssize_t)n)
            break; /* nobody reads any more */
        done += n;
    }
    close(feeder->fds[1]);
    return NULL;
}

static struct quant_source *feeder_start(struct feeder *feeder, size_t nbytes, size_t piece)
{
    struct quant_source *source = NULL;
    struct quant_error error;
    *feeder = (struct feeder){.nbytes = nbytes, .piece = piece};
    assert_int_equal(pipe2(feeder->fds, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&feeder->thread, NULL, feed, feeder), 0);
    check_ok(quant_stream_open(feeder->fds[0], true, "pipe", &never, &source, &error), &error);
    assert_true(source->size == QUANT_SIZE_UNKNOWN);
    return source;
}

/* Closes the reading end too, which ends a feeder that still writes. */
static void feeder_stop(struct feeder *feeder, struct quant_source *source)
{
    quant_source_close(source);
    assert_int_equal(pthread_join(feeder->thread, NULL), 0);
}

static size_t read_some(struct quant_source *source, uint64_t offset, size_t nbytes)
{
    struct quant_error error;
    size_t got = 0;
    unsigned char *bytes = malloc(nbytes + 1);
    assert_non_null(bytes);
    check_ok(source->ops->read_at(source, offset, bytes, nbytes, &got, &error), &error);
    check_bytes(bytes, got, offset);
    free(bytes);
    return got;
}

static int enter_with_spool(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    alarm(120);
    return folder_enter(state) || mkdir("spool", 0700) || setenv("TMPDIR", "spool", 1);
}

static int leave_with_spool(void **state)
{
    alarm(0);
    return unsetenv("TMPDIR") || folder_leave(state);
}

/* ---- Kept ---- */

static void check_kept(size_t nbytes, size_t piece, struct random *random)
{
    struct feeder feeder;
    struct quant_source *source = feeder_start(&feeder, nbytes, piece);
    for (int pass = 0; pass < 2; pass++) {
        const size_t step = pass == 0 ? 100000 : 77777;
        size_t done = 0;
        for (size_t got = 1; got > 0; done += got)
            got = read_some(source, done, step);
        assert_int_equal(done, nbytes);
        assert_int_equal(source->size, nbytes);
    }
    for (int i = 0; i < 100; i++) {
        const size_t offset = random_below(random, (uint32_t)nbytes + 10);
        const size_t ahead = offset < nbytes ? nbytes - offset : 0;
        const size_t wanted = random_below(random, 100000);
        assert_int_equal(read_some(source, offset, wanted), wanted < ahead ? wanted : ahead);
    }
    if (nbytes > MEMORY) /* one read over the boundary */
        assert_int_equal(read_some(source, MEMORY - 5, 10), nbytes - MEMORY < 5 ? 6 : 10);
    assert_int_equal(folder_count("spool"), 0);
    feeder_stop(&feeder, source);
    assert_int_equal(folder_count("spool"), 0);
}

static void test_kept(void **state)
{
    (void)state;
    struct random random = random_begin();
    static const size_t sizes[] = {0,       1,          4096,   65535,      65536,
                                   65537,   MEMORY - 1, MEMORY, MEMORY + 1, MEMORY + 65536 + 3,
                                   11000000};
    for (size_t i = 0; i < LENGTH(sizes); i++)
        check_kept(sizes[i], i % 2 ? 4096 : 1000, &random);
}

/* Reading begins in the middle: earlier bytes are kept too. */
static void test_ahead(void **state)
{
    (void)state;
    struct feeder feeder;
    struct quant_source *source = feeder_start(&feeder, MEMORY + 300000, 4096);
    assert_int_equal(read_some(source, 10, 1), 1);
    assert_int_equal(read_some(source, 0, 20), 20);
    feeder_stop(&feeder, source);
}

/* ---- Forward only ---- */

static void test_forward_only(void **state)
{
    (void)state;
    enum { HEAD = 100, ALL = 3 * MEMORY };
    struct feeder feeder;
    struct quant_source *source = feeder_start(&feeder, ALL, 4096);
    assert_int_equal(read_some(source, 0, HEAD), HEAD);
    assert_int_equal(setenv("TMPDIR", "missing", 1), 0); /* a spool file would fail */
    source->ops->forward_only(source);
    assert_int_equal(read_some(source, HEAD / 2, HEAD), HEAD); /* partly kept bytes */
    size_t done = HEAD / 2 + HEAD;
    for (size_t got = 1; got > 0; done += got)
        got = read_some(source, done, 65536);
    assert_int_equal(done, ALL);
    assert_int_equal(source->size, ALL);
    assert_int_equal(read_some(source, ALL + 5, 1), 0);
    feeder_stop(&feeder, source);
}

static size_t allocated(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void test_forward_only_memory(void **state)
{
    (void)state;
    const size_t none = allocated();
    char *volatile probe = malloc(1 << 20);
    const bool counts = allocated() >= none + (1 << 20);
    free(probe);
    if (!counts) {
        print_message("skipped: this allocator does not count (a sanitizer, valgrind)\n");
        skip();
    }
    struct feeder feeder;
    struct quant_source *source = feeder_start(&feeder, 4 << 20, 4096);
    assert_int_equal(read_some(source, 0, 10), 10);
    source->ops->forward_only(source);
    const size_t before = allocated();
    size_t done = 10;
    for (size_t got = 1; got > 0; done += got) {
        got = read_some(source, done, 65536);
        assert_true(allocated() <= before + 65536);
    }
    assert_int_equal(done, 4 << 20);
    feeder_stop(&feeder, source);
}

/* ---- Errors ---- */

static void test_unwritable(void **state)
{
    (void)state;
    static const struct {
        const char *directory;
        const char *message;
    } rows[] = {
        {"missing", "cannot spool 'pipe' in 'missing': No such file or directory"},
        {"file", "cannot spool 'pipe' in 'file': Not a directory"},
        {"/proc", "cannot spool 'pipe' in '/proc': "},
    };
    file_write_text("file", "");
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct feeder feeder;
        struct quant_error error;
        size_t got;
        assert_int_equal(setenv("TMPDIR", rows[i].directory, 1), 0);
        struct quant_source *source = feeder_start(&feeder, (size_t)2 * MEMORY, 4096);
        unsigned char *bytes = malloc(MEMORY + 1);
        assert_non_null(bytes);
        check_ok(source->ops->read_at(source, 0, bytes, MEMORY, &got, &error), &error);
        check_error(rows[i].directory,
                    source->ops->read_at(source, 0, bytes, MEMORY + 1, &got, &error), &error,
                    QUANT_IO, rows[i].message);
        free(bytes);
        feeder_stop(&feeder, source);
    }
}

struct waker {
    volatile sig_atomic_t flag;
    int fds[2];
};

static void *wake(void *argument)
{
    struct waker *waker = argument;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    waker->flag = 1;
    assert_int_equal(write(waker->fds[1], "", 1), 1);
    return NULL;
}

/* No data arrives, and the pipe stays open: only the flag and wake_fd end the wait. */
static void test_cancel_while_waiting(void **state)
{
    (void)state;
    static struct waker waker;
    int silent[2];
    pthread_t thread;
    struct quant_source *source = NULL;
    struct quant_error error;
    char byte;
    size_t got;
    assert_int_equal(pipe2(waker.fds, O_CLOEXEC), 0);
    assert_int_equal(pipe2(silent, O_CLOEXEC), 0);
    const struct quant_cancel cancel = {&waker.flag, waker.fds[0]};
    check_ok(quant_stream_open(silent[0], true, "pipe", &cancel, &source, &error), &error);
    assert_int_equal(pthread_create(&thread, NULL, wake, &waker), 0);
    alarm(10);
    check_error("wait", source->ops->read_at(source, 0, &byte, 1, &got, &error), &error,
                QUANT_CANCELLED, "cancelled");
    check_error("again", source->ops->read_at(source, 0, &byte, 1, &got, &error), &error,
                QUANT_CANCELLED, "cancelled");
    assert_int_equal(pthread_join(thread, NULL), 0);
    quant_source_close(source);
    close(silent[1]);
    close(waker.fds[0]);
    close(waker.fds[1]);
}

static void *wait_for_byte(void *argument)
{
    const struct quant_cancel zeros = {0};
    assert_int_equal(quant_wait_readable(*(const int *)argument, &zeros), QUANT_OK);
    return NULL;
}

/* A struct of all zeros has no flag, so descriptor 0 is not waited on: if it were, a readable one
 * would keep the thread busy instead of asleep. */
static void test_cancel_of_zeros(void **state)
{
    (void)state;
    const struct quant_cancel zeros = {0};
    assert_int_equal(quant_cancel_fd(&zeros), -1);

    const int kept = dup(STDIN_FILENO);
    const int readable = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    int silent[2];
    pthread_t thread;
    clockid_t clock;
    struct timespec used;
    assert_int_equal(dup2(readable, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(pipe2(silent, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, &silent[0]), 0);
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_int_equal(clock_gettime(clock, &used), 0);
    assert_true(used.tv_sec == 0 && used.tv_nsec < 20000000);
    assert_int_equal(write(silent[1], "", 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (kept >= 0)
        dup2(kept, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    close(kept);
    close(readable);
    close(silent[0]);
    close(silent[1]);
}

static void test_read_error(void **state)
{
    (void)state;
    struct quant_source *source = NULL;
    struct quant_error error;
    char byte;
    size_t got;
    const int fd = open(".", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    check_ok(quant_stream_open(fd, true, "pipe", &never, &source, &error), &error);
    check_error("directory", source->ops->read_at(source, 0, &byte, 1, &got, &error), &error,
                QUANT_IO, "cannot read 'pipe': Is a directory");
    quant_source_close(source);
}

static void test_owned(void **state)
{
    (void)state;
    struct quant_error error;
    for (int owned = 0; owned < 2; owned++) {
        int fds[2];
        struct quant_source *source = NULL;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        check_ok(quant_stream_open(fds[0], owned, "pipe", &never, &source, &error), &error);
        quant_source_close(source);
        assert_int_equal(fcntl(fds[0], F_GETFD), owned ? -1 : FD_CLOEXEC);
        if (!owned)
            close(fds[0]);
        close(fds[1]);
    }
}

#define WITH_SPOOL(test) cmocka_unit_test_setup_teardown(test, enter_with_spool, leave_with_spool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SPOOL(test_kept),
        WITH_SPOOL(test_ahead),
        WITH_SPOOL(test_forward_only),
        WITH_SPOOL(test_forward_only_memory),
        WITH_SPOOL(test_unwritable),
        WITH_SPOOL(test_cancel_while_waiting),
        WITH_SPOOL(test_cancel_of_zeros),
        WITH_SPOOL(test_read_error),
        WITH_SPOOL(test_owned),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
