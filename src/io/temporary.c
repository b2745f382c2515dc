/* SPDX-License-Identifier: MIT */
/* Names for temporary files next to an output, and temporary files without a name. */
#include "io/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

/* The length of the directory of path, with its slash; 0 if there is not one. */
static int directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

/* Names need not be secret, only different: O_EXCL finds those that are taken. */
static unsigned next_number(void)
{
    static atomic_uint counter;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const unsigned seed =
        (unsigned)now.tv_nsec ^ (unsigned)now.tv_sec << 20 ^ (unsigned)getpid() << 8;
    return (seed + atomic_fetch_add(&counter, 1)) * 2654435761U;
}

char *quant_temporary_name(const char *path)
{
    char *name = NULL;
    if (asprintf(&name, "%.*s.quant-%08x.tmp", directory_length(path), path, next_number()) < 0)
        return NULL;
    return name;
}

enum quant_status quant_temporary_open(const char *name, int *fd, struct quant_error *error)
{
    const char *directory = getenv("TMPDIR");
    if (!directory || !*directory)
        directory = "/tmp";
    *fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return QUANT_OK;
    char *path = NULL; /* for file systems without O_TMPFILE */
    if (asprintf(&path, "%s/quant-XXXXXX", directory) < 0)
        return quant_error_no_memory(error, strlen(directory), "path");
    *fd = mkostemp(path, O_CLOEXEC);
    const int number = errno;
    if (*fd >= 0)
        unlink(path);
    free(path);
    if (*fd < 0)
        return quant_error_system(error, number, "cannot spool '%s' in '%s'", name, directory);
    return QUANT_OK;
}
