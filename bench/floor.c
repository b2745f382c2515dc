/* SPDX-License-Identifier: MIT */
/*
 * The time of the reads and writes of a command without any work between them: what the operating
 * system needs for copying.
 *
 *     bench_floor THREADS SCANS OUTPUT OUTPUT_BYTES [INPUT...]
 *
 * Reads the first input SCANS times. Then reads all inputs in parallel, in pieces that are 256 KiB
 * of the largest input, and writes the same fraction of OUTPUT ("-": none) for each piece.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 256 << 10, MOST_FILES = 4, MOST_THREADS = 64 };

struct file {
    int fd;
    size_t nbytes;
};

static struct {
    struct file inputs[MOST_FILES];
    size_t ninputs; /* 1 while scanning */
    struct file output;
    size_t pieces;
    atomic_size_t next;
} pass;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The part of the file that belongs to a piece. */
static size_t part(const struct file *file, size_t piece, size_t *nbytes)
{
    const size_t each = (file->nbytes + pass.pieces - 1) / pass.pieces;
    const size_t first = piece * each < file->nbytes ? piece * each : file->nbytes;
    *nbytes = file->nbytes - first < each ? file->nbytes - first : each;
    return first;
}

static void *work(void *unused)
{
    (void)unused;
    char *buffer = aligned_alloc(4096, PIECE + 4096);
    if (!buffer)
        fail("bench_floor: memory");
    memset(buffer, 1, PIECE + 4096);
    for (size_t piece; (piece = atomic_fetch_add(&pass.next, 1)) < pass.pieces;) {
        size_t nbytes = 0;
        for (size_t i = 0; i < pass.ninputs; i++) {
            const size_t first = part(&pass.inputs[i], piece, &nbytes);
            if (pread(pass.inputs[i].fd, buffer, nbytes, (off_t)first) != (ssize_t)nbytes)
                fail("bench_floor: pread");
        }
        if (pass.output.fd < 0)
            continue;
        const size_t first = part(&pass.output, piece, &nbytes);
        if (pwrite(pass.output.fd, buffer, nbytes, (off_t)first) != (ssize_t)nbytes)
            fail("bench_floor: pwrite");
    }
    free(buffer);
    return NULL;
}

static void run(unsigned threads)
{
    pthread_t others[MOST_THREADS];
    atomic_store(&pass.next, 0);
    for (unsigned i = 1; i < threads; i++)
        if (pthread_create(&others[i], NULL, work, NULL) != 0)
            fail("bench_floor: thread");
    (void)work(NULL);
    for (unsigned i = 1; i < threads; i++)
        (void)pthread_join(others[i], NULL);
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc - 5 > MOST_FILES)
        return 2;
    const unsigned threads = (unsigned)strtoul(argv[1], NULL, 10);
    const unsigned scans = (unsigned)strtoul(argv[2], NULL, 10);
    if (threads < 1 || threads > MOST_THREADS)
        return 2;
    size_t largest = 0;
    for (int i = 5; i < argc; i++) {
        struct file *input = &pass.inputs[i - 5];
        struct stat status;
        input->fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (input->fd < 0 || fstat(input->fd, &status) != 0)
            fail(argv[i]);
        input->nbytes = (size_t)status.st_size;
        largest = input->nbytes > largest ? input->nbytes : largest;
    }
    const bool writes = strcmp(argv[3], "-") != 0;
    const size_t nwritten = writes ? strtoull(argv[4], NULL, 10) : 0;
    largest = nwritten > largest ? nwritten : largest;
    pass.pieces = (largest + PIECE - 1) / PIECE;

    pass.ninputs = 1;
    pass.output.fd = -1;
    for (unsigned i = 0; i < scans; i++)
        run(threads);
    pass.ninputs = (size_t)(argc - 5);
    if (writes) {
        pass.output.fd = open(argv[3], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        pass.output.nbytes = nwritten;
        if (pass.output.fd < 0)
            fail(argv[3]);
    }
    run(threads);
    return writes && close(pass.output.fd) != 0;
}
