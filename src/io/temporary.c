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
#include <xxhash.h>

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
    if (asprintf(&name, "%.*s.quant-%016llx-%08x.tmp", directory_length(path), path,
                 (unsigned long long)quant_temporary_hash(path), next_number()) < 0)
        return NULL;
    return name;
}

uint64_t quant_temporary_hash(const char *path)
{
    const char *name = path + directory_length(path);
    return XXH3_64bits(name, strlen(name));
}

bool quant_temporary_parse(const char *name, uint64_t *hash)
{
    static const char form[] = ".quant-hhhhhhhhhhhhhhhh-hhhhhhhh.tmp";
    *hash = 0;
    if (strlen(name) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, name[i]);
        const bool is_digit = form[i] == 'h';
        if (is_digit ? !digit : name[i] != form[i])
            return false;
        if (is_digit && i < 24)
            *hash = *hash << 4 | (uint64_t)(digit - digits);
    }
    return true;
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
