/* SPDX-License-Identifier: MIT */
#include "io/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "io/cancel.h"
#include "io/temporary.h"

char *quant_pending_name(const char *path)
{
    struct stat found;
    const bool is_link = lstat(path, &found) == 0 && S_ISLNK(found.st_mode);
    char *target = is_link ? realpath(path, NULL) : NULL;
    char *name = NULL;
    if (asprintf(&name, "%s.pending", target ? target : path) < 0)
        name = NULL;
    free(target);
    return name;
}

bool quant_pending_is_claimed(const char *path)
{
    char *name = quant_pending_name(path);
    const int fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    const bool is_gone = fd < 0 && name && errno == ENOENT;
    const bool is_free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    free(name);
    return !is_gone && !is_free;
}

/* ---- What a killed process has left ---- */

/* Removes the pending file, or puts it in its place. */
static enum quant_status end_one(const char *path, bool removes, struct quant_error *error)
{
    char *name = quant_pending_name(path);
    if (!name)
        return quant_error_no_memory(error, strlen(path), "path");
    const int result = removes ? unlink(name) : rename(name, path);
    const int number = errno;
    free(name);
    return result == 0 || number == ENOENT
               ? QUANT_OK
               : quant_error_system(error, number, "cannot end an earlier change of '%s'", path);
}

/* Its record comes last, so that this can be repeated if it is cut short. Called with the lock. */
static enum quant_status end_earlier(const struct quant_file_output *record,
                                     struct quant_file_output *const outputs[], size_t n,
                                     const struct quant_replacement *replacement,
                                     struct quant_error *error)
{
    bool stands = true;
    enum quant_status status = QUANT_OK;
    if (replacement && replacement->stands)
        status = replacement->stands(replacement->context, &stands, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        if (outputs[i] && outputs[i]->path)
            status = end_one(outputs[i]->path, stands, error);
    if (status == QUANT_OK && replacement && replacement->companion)
        status = end_one(replacement->companion, stands, error);
    return status == QUANT_OK ? end_one(record->path, stands, error) : status;
}

/* ---- The lock ---- */

enum { WAIT_MS = 10, WAITS_MOST = 3000 };

static enum quant_status wait_for_lock(int fd, const struct quant_file_output *record,
                                       const char *name, struct quant_error *error)
{
    const struct timespec wait = {.tv_nsec = WAIT_MS * 1000000L};
    for (int waits = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waits++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return quant_error_system(
                error, errno,
                "cannot replace '%s': another process may be at it, and hold '%s'; if not, remove "
                "that file, which cannot be locked",
                record->path, name);
        if (quant_cancelled(&record->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        if (waits == WAITS_MOST)
            return quant_error_set(error, QUANT_IO,
                                   "cannot replace '%s': another process replaces it, and holds "
                                   "'%s'",
                                   record->path, name);
        nanosleep(&wait, NULL);
    }
    return QUANT_OK;
}

static bool is_still_named(int fd, const char *name)
{
    struct stat locked;
    struct stat named;
    return fstat(fd, &locked) == 0 && lstat(name, &named) == 0 && locked.st_ino == named.st_ino &&
           locked.st_dev == named.st_dev;
}

/* Waits until nobody has the pending record. */
static enum quant_status wait_for_others(const struct quant_file_output *record, const char *name,
                                         struct quant_file_output *const outputs[], size_t n,
                                         const struct quant_replacement *replacement,
                                         struct quant_error *error)
{
    int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* NFS locks no others */
    if (fd < 0 && errno != ENOENT)
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? QUANT_OK
                               : quant_error_system(error, errno, "cannot read '%s'", name);
    enum quant_status status = wait_for_lock(fd, record, name, error);
    if (status == QUANT_OK && is_still_named(fd, name))
        status = end_earlier(record, outputs, n, replacement, error);
    close(fd);
    return status;
}

enum quant_status quant_pending_claim(struct quant_file_output *record,
                                      struct quant_file_output *const outputs[], size_t n,
                                      const struct quant_replacement *replacement,
                                      struct quant_error *error)
{
    enum { TRIES_MOST = 1000 };
    char *name = quant_pending_name(record->path);
    if (!name)
        return quant_error_no_memory(error, strlen(record->path), "path");
    if (record->fd >= 0) /* one with a temporary name is locked already */
        (void)flock(record->fd, LOCK_EX | LOCK_NB);
    enum quant_status status = quant_output_give_name(record, name, error);
    for (int tries = 0; status == QUANT_EXISTS && tries < TRIES_MOST; tries++) {
        status = wait_for_others(record, name, outputs, n, replacement, error);
        if (status == QUANT_OK)
            status = quant_output_give_name(record, name, error);
    }
    free(name);
    return status;
}
