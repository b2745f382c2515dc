/* SPDX-License-Identifier: MIT */
/* Creates a directory that other runs may be removing, and removes one that they may be using. */
#include "cli/output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* An existing directory is fine. */
static bool make(struct output_directory *directory)
{
    if (mkdir(directory->path, 0777) == 0) {
        directory->made = true;
        return true;
    }
    if (errno != EEXIST)
        return false;
    struct stat found;
    const bool is_other = stat(directory->path, &found) == 0 && !S_ISDIR(found.st_mode);
    errno = ENOTDIR;
    return !is_other;
}

/* If no lock is possible (permission, file system, or another run holds it exclusively), the work
 * goes on without it, and the directory is not removed. */
static void lock(struct output_directory *directory)
{
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd >= 0 && flock(directory->fd, LOCK_SH | LOCK_NB) == 0)
        return;
    if (directory->fd >= 0)
        close(directory->fd);
    directory->fd = -1;
    directory->made = false;
}

/* A run that removes the directory holds the lock exclusively, but may have removed it before this
 * run asked for the lock. */
static bool is_there(const struct output_directory *directory)
{
    struct stat named;
    struct stat locked;
    if (stat(directory->path, &named) != 0)
        return false;
    return directory->fd < 0 || (fstat(directory->fd, &locked) == 0 &&
                                 named.st_dev == locked.st_dev && named.st_ino == locked.st_ino);
}

/* Directories that are not empty stay. */
static void remove_all(const struct output_directory *directory)
{
    for (size_t i = directory->nbelow; i-- > 0;)
        rmdir(directory->below[i]);
    rmdir(directory->path);
}

static void unlock(struct output_directory *directory)
{
    if (directory->fd < 0)
        return;
    if (directory->made && flock(directory->fd, LOCK_EX | LOCK_NB) == 0)
        remove_all(directory);
    close(directory->fd);
    directory->fd = -1;
}

bool output_directory_open(struct output_directory *directory, const char *path)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        *directory = (struct output_directory){.path = path, .fd = -1};
        if (!make(directory))
            return false;
        lock(directory);
        if (is_there(directory))
            return true;
        unlock(directory);
    }
    errno = ENOENT;
    return false;
}

static bool remember(struct output_directory *directory, const char *path)
{
    char **below = realloc(directory->below, (directory->nbelow + 1) * sizeof *below);
    char *copy = strdup(path);
    if (below)
        directory->below = below;
    if (below && copy) {
        below[directory->nbelow++] = copy;
        return true;
    }
    free(copy);
    return false;
}

static bool add_one(struct output_directory *directory, const char *path)
{
    struct stat found;
    if (mkdir(path, 0777) == 0)
        return remember(directory, path);
    if (errno != EEXIST)
        return false;
    const bool is_there = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    errno = ENOTDIR;
    return is_there;
}

bool output_directory_add(struct output_directory *directory, const char *relative)
{
    bool ok = true;
    for (const char *end = relative; ok && end && *end != '\0';) {
        end = strchr(end + (*end == '/'), '/');
        const int length = end ? (int)(end - relative) : (int)strlen(relative);
        char *path = NULL;
        if (asprintf(&path, "%s/%.*s", directory->path, length, relative) < 0)
            return false;
        ok = length == 0 || relative[length - 1] == '/' || add_one(directory, path);
        const int number = errno;
        free(path);
        errno = number;
    }
    return ok;
}

/* The directory that path is in; slashes at its end do not count. Free it. NULL: no memory. */
static char *parent_of(const char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length > 0 ? strndup(path, length) : strdup(".");
}

static bool sync_parent(const char *path)
{
    char *parent = parent_of(path);
    if (!parent)
        return false;
    const int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok =
        fd >= 0 && (fsync(fd) == 0 || errno == EINVAL); /* EINVAL: nothing to wait for */
    const int number = errno;
    if (fd >= 0)
        close(fd);
    free(parent);
    errno = number;
    return ok;
}

bool output_directory_sync(const struct output_directory *directory)
{
    bool ok = !directory->made || sync_parent(directory->path);
    for (size_t i = 0; ok && i < directory->nbelow; i++)
        ok = sync_parent(directory->below[i]);
    return ok;
}

bool output_directory_check(const char *path)
{
    struct stat found;
    if (stat(path, &found) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(found.st_mode);
    }
    if (errno != ENOENT)
        return false;
    char *parent = parent_of(path);
    if (!parent)
        return false;
    const bool ok = access(parent, W_OK | X_OK) == 0;
    const int number = errno;
    free(parent);
    errno = number;
    return ok;
}

void output_directory_close(struct output_directory *directory)
{
    unlock(directory);
    for (size_t i = 0; i < directory->nbelow; i++)
        free(directory->below[i]);
    free(directory->below);
    directory->below = NULL;
    directory->nbelow = 0;
}
