/* SPDX-License-Identifier: MIT */
/*
 * Times the library's functions, other libraries and plain loops on the same arrays, by turns. The
 * kernels themselves are timed by check_kernels --bench.
 *
 *     bench_peers [-n ELEMENTS] [-t THREADS] [-r REPETITIONS] [-s SECONDS] [-i ISA] [-f FILE]
 *                 CONTENDER[@ISA]...
 *
 * ELEMENTS is the number of elements for each thread; SECONDS is the minimum time of a repetition.
 * @ISA is the kernel set that the library uses, -i the instruction set that peers are limited to.
 * Prints a line for each contender: its name, a tab, and the seconds that one call took in each
 * repetition, or "missing". Without contenders: prints the kernel sets that run here, best first.
 */
#include <quant/quant.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../tests/support/names.h"
#include "contender.h"

enum { MOST_CONTENDERS = 32, MOST_THREADS = 64, MOST_REPETITIONS = 1000, NORMALS = 1 << 20 };

struct entry {
    const char *argument;
    const struct bench_contender *contender;
    struct bench_task task;
    const char *isa;
    bool missing;
    size_t calls; /* in one repetition */
    double seconds[MOST_REPETITIONS];
};

/* What the threads do next; changed between two barriers only. */
static struct {
    pthread_barrier_t barrier;
    const struct bench_task *task;
    const struct bench_contender *contender; /* NULL: end */
    size_t calls;
} orders;

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work(void *argument)
{
    const unsigned thread = *(const unsigned *)argument;
    for (;;) {
        (void)pthread_barrier_wait(&orders.barrier);
        if (!orders.contender)
            return NULL;
        for (size_t i = 0; i < orders.calls; i++)
            orders.contender->run(orders.task, thread);
        (void)pthread_barrier_wait(&orders.barrier);
    }
}

/* The seconds that `calls` calls take, on every thread at once. */
static double time_calls(const struct entry *entry, size_t calls)
{
    if (entry->isa && quant_isa_select(entry->isa, NULL) != QUANT_OK)
        abort();
    orders.task = &entry->task;
    orders.contender = entry->contender;
    orders.calls = calls;
    (void)pthread_barrier_wait(&orders.barrier);
    const double start = now();
    for (size_t i = 0; i < calls; i++)
        orders.contender->run(orders.task, 0);
    (void)pthread_barrier_wait(&orders.barrier);
    return now() - start;
}

static void *array(size_t nbytes)
{
    void *bytes = mmap(NULL, nbytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) {
        perror("bench_peers: mmap");
        exit(1);
    }
    (void)madvise(bytes, nbytes, MADV_HUGEPAGE);
    return bytes;
}

/* A million normal numbers, repeated: Box-Muller on xorshift64*. */
static void fill(float *x, size_t n)
{
    const double turn = 6.283185307179586;
    uint64_t state = 88172645463325252;
    double uniform[2] = {0, 0};
    for (size_t i = 0; i < n && i < NORMALS; i++) {
        for (int k = 0; k < 2 && i % 2 == 0; k++) {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            uniform[k] = ((double)(state * 2685821657736338717U >> 11) + 1) * 0x1p-53;
        }
        const double angle = turn * uniform[1];
        x[i] = (float)(sqrt(-2 * log(uniform[0])) * (i % 2 == 0 ? cos(angle) : sin(angle)));
    }
    for (size_t i = NORMALS; i < n; i += NORMALS)
        memcpy(x + i, x, sizeof *x * (n - i < NORMALS ? n - i : NORMALS));
}

static void find(struct entry *entry, char *argument, const struct bench_task *task,
                 const char *default_isa)
{
    entry->argument = strdup(argument);
    entry->task = *task;
    char *at = strchr(argument, '@');
    if (at)
        *at = '\0';
    const struct bench_contender *contender = NULL;
    for (size_t i = 0; (contender = bench_contender_at(i)) != NULL; i++)
        if (strcmp(contender->name, argument) == 0)
            break;
    entry->contender = contender;
    entry->isa = at ? at + 1 : contender && contender->is_quant ? default_isa : NULL;
    entry->missing = !contender || (at && !contender->is_quant) ||
                     (entry->isa && quant_isa_select(entry->isa, NULL) != QUANT_OK) ||
                     (contender->prepare && !contender->prepare(&entry->task));
}

static void measure(struct entry *entries, size_t count, size_t repetitions, double min_seconds)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->missing)
            continue;
        (void)time_calls(entry, 1); /* also touches the pages of the results */
        entry->calls = 1;
        for (double took; (took = time_calls(entry, entry->calls)) < min_seconds;) {
            const double wanted =
                1.2 * min_seconds / (took > min_seconds / 100 ? took : min_seconds / 100);
            entry->calls = (size_t)((double)entry->calls * wanted) + 1;
        }
    }
    for (size_t r = 0; r < repetitions; r++)
        for (size_t i = 0; i < count; i++)
            if (!entries[i].missing)
                entries[i].seconds[r] =
                    time_calls(&entries[i], entries[i].calls) / (double)entries[i].calls;
}

static int list_isas(void)
{
    for (size_t i = 0; isa_name(i); i++)
        if (isa_supported(i))
            (void)puts(isa_name(i));
    return 0;
}

struct sampling {
    size_t repetitions;
    double min_seconds; /* of each repetition */
};

/* Returns false for an unknown option. */
static bool parse_options(int argc, char **argv, struct bench_task *task, struct sampling *sampling)
{
    for (int option; (option = getopt(argc, argv, "n:t:r:s:i:f:")) != -1;) {
        switch (option) {
        case 'n':
            task->nelems = strtoull(optarg, NULL, 10);
            break;
        case 't':
            task->threads = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            sampling->repetitions = strtoull(optarg, NULL, 10);
            break;
        case 's':
            sampling->min_seconds = strtod(optarg, NULL);
            break;
        case 'i':
            task->isa = optarg;
            break;
        case 'f':
            task->path = optarg;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct quant_params params = {
        .dtype = QUANT_INT8, .qmin = -128, .qmax = 127, .scale = BENCH_SCALE};
    struct bench_task task = {.nelems = 32 << 10, .threads = 1, .params = &params};
    struct sampling sampling = {.repetitions = 5, .min_seconds = 0.05};
    if (!parse_options(argc, argv, &task, &sampling))
        return 2;
    const size_t count = (size_t)(argc - optind);
    if (count == 0)
        return list_isas();
    /* Parts begin at whole cache lines. */
    task.nelems = (task.nelems + 63) / 64 * 64;
    if (count > MOST_CONTENDERS || task.threads < 1 || task.threads > MOST_THREADS ||
        sampling.repetitions < 1 || sampling.repetitions > MOST_REPETITIONS)
        return 2;

    const size_t all = task.nelems * task.threads;
    task.x = array(all * sizeof *task.x);
    task.q = array(all);
    task.restored = array(all * sizeof *task.restored);
    fill(task.x, all);

    const char *default_isa = quant_isa_current();
    static struct entry entries[MOST_CONTENDERS];
    for (size_t i = 0; i < count; i++)
        find(&entries[i], argv[optind + (int)i], &task, default_isa);

    static unsigned numbers[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    (void)pthread_barrier_init(&orders.barrier, NULL, task.threads);
    for (unsigned i = 1; i < task.threads; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            return 1;
    }
    measure(entries, count, sampling.repetitions, sampling.min_seconds);
    orders.contender = NULL;
    (void)pthread_barrier_wait(&orders.barrier);
    for (unsigned i = 1; i < task.threads; i++)
        (void)pthread_join(threads[i], NULL);

    for (size_t i = 0; i < count; i++) {
        (void)printf("%s\t", entries[i].argument);
        for (size_t r = 0; r < sampling.repetitions && !entries[i].missing; r++)
            (void)printf(" %.9g", entries[i].seconds[r]);
        (void)puts(entries[i].missing ? "missing" : "");
    }
    return 0;
}
