/* SPDX-License-Identifier: MIT */
/* The largest file goes first, each to the process that has the fewest bytes so far. */
#include "cli/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/numbers.h"

/* ---- Which process this is ---- */

/* The most processes; a file is dealt in a time that grows with their logarithm. */
static const uint64_t MOST = 1 << 20;

/* Rank and number of processes, by the documented names: Open MPI's mpirun; MPICH's and others'
 * process manager, Hydra; PMIx, whose number of processes has no common name; Slurm's srun. Slurm
 * is last: an mpirun within one of its jobs inherits its variables, which are then the same in all
 * processes. */
static const char *const names[][2] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", "PMI_SIZE"},
    {"PMIX_RANK", "PMIX_SIZE"},
    {"SLURM_PROCID", "SLURM_NTASKS"},
};

static bool is_valid(const struct given_shard *shard)
{
    return shard->n >= 1 && shard->n <= MOST && shard->i < shard->n;
}

static bool read_environment(struct given_shard *shard, struct option_reason *reason)
{
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const char *i = getenv(names[k][0]);
        const char *n = getenv(names[k][1]);
        if (!i || !n)
            continue;
        shard->given = number_count(i, &shard->i) && number_count(n, &shard->n) && is_valid(shard);
        if (!shard->given)
            snprintf(reason->text, sizeof reason->text, "%s is '%.100s' and %s is '%.100s'",
                     names[k][0], i, names[k][1], n);
        return shard->given;
    }
    snprintf(reason->text, sizeof reason->text,
             "neither Slurm, Open MPI, MPICH nor PMIx has started this process: there is no "
             "SLURM_PROCID, OMPI_COMM_WORLD_RANK, PMI_RANK or PMIX_RANK with its number of "
             "processes");
    return false;
}

bool value_shard(const struct option_row *row, const char *text, void *field,
                 struct option_reason *reason)
{
    struct given_shard *shard = field;
    const char *slash = strchr(text, '/');
    char i[32];
    (void)row;
    *shard = (struct given_shard){.given = false};
    if (strcmp(text, "auto") == 0)
        return read_environment(shard, reason);
    if (!slash || (size_t)(slash - text) >= sizeof i)
        return false;
    snprintf(i, sizeof i, "%.*s", (int)(slash - text), text);
    shard->given =
        number_count(i, &shard->i) && number_count(slash + 1, &shard->n) && is_valid(shard);
    return shard->given;
}

/* ---- Which files are its own ---- */

struct dealt {
    uint64_t nbytes;
    size_t file;    /* index among the targets */
    uint64_t owner; /* the process */
};

/* A process that waits for its next file: a heap, the one with the fewest bytes on top, of equals
 * the one with the lowest number. */
struct waiting {
    uint64_t nbytes;
    uint64_t process;
};

static int by_size(const void *a, const void *b)
{
    const struct dealt *first = a;
    const struct dealt *second = b;
    if (first->nbytes != second->nbytes)
        return first->nbytes > second->nbytes ? -1 : 1;
    return first->file < second->file ? -1 : first->file > second->file;
}

static bool is_before(const struct waiting *a, const struct waiting *b)
{
    return a->nbytes != b->nbytes ? a->nbytes < b->nbytes : a->process < b->process;
}

static void sink_top(struct waiting *heap, uint64_t n)
{
    for (uint64_t at = 0;;) {
        uint64_t next = at;
        for (uint64_t child = 2 * at + 1; child < n && child <= 2 * at + 2; child++)
            if (is_before(&heap[child], &heap[next]))
                next = child;
        if (next == at)
            return;
        const struct waiting moved = heap[at];
        heap[at] = heap[next];
        heap[next] = moved;
        at = next;
    }
}

/* An empty file counts as one byte, so that many of them are spread. */
static uint64_t size_of(const char *path)
{
    struct stat found;
    if (strcmp(path, "-") == 0 || stat(path, &found) != 0 || found.st_size <= 0)
        return 1;
    return (uint64_t)found.st_size;
}

static void deal(struct dealt *files, size_t n, struct waiting *heap, uint64_t nprocesses)
{
    qsort(files, n, sizeof *files, by_size);
    for (uint64_t i = 0; i < nprocesses; i++)
        heap[i] = (struct waiting){0, i};
    for (size_t k = 0; k < n; k++) {
        files[k].owner = heap[0].process;
        heap[0].nbytes += files[k].nbytes;
        sink_top(heap, nprocesses);
    }
}

static bool is_dropped(const void *context, size_t i)
{
    const bool *own = context;
    return !own[i];
}

int shard_keep(const struct given_shard *shard, struct targets *targets)
{
    const size_t n = targets->n;
    if (!shard->given || n == 0)
        return EXIT_DONE;
    struct dealt *files = calloc(n, sizeof *files);
    struct waiting *heap = shard->n <= SIZE_MAX ? calloc((size_t)shard->n, sizeof *heap) : NULL;
    bool *own = calloc(n, sizeof *own);
    const bool ok = files && heap && own;
    for (size_t i = 0; ok && i < n; i++)
        files[i] = (struct dealt){.nbytes = size_of(targets->inputs[i]), .file = i};
    if (ok)
        deal(files, n, heap, shard->n);
    for (size_t k = 0; ok && k < n; k++)
        own[files[k].file] = files[k].owner == shard->i;
    if (ok)
        targets_drop(targets, is_dropped, own);
    else
        message_error("no memory to deal out %zu files", n);
    free(own);
    free(heap);
    free(files);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
