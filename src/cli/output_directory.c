/* SPDX-License-Identifier: MIT */
/* Creates a directory that other runs may be removing, and removes one that they may be using. */
#include "cli/output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
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
        output_directory_close(directory);
    }
    errno = ENOENT;
    return false;
}

void output_directory_close(struct output_directory *directory)
{
    if (directory->fd < 0)
        return;
    if (directory->made && flock(directory->fd, LOCK_EX | LOCK_NB) == 0)
        rmdir(directory->path); /* fails if it is not empty */
    close(directory->fd);
    directory->fd = -1;
}
