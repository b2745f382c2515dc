/* SPDX-License-Identifier: MIT */
/* Making a folder that others may be removing, and removing one that others may be using. */
#include "cli/output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is there already is as good as one that is made. */
static bool make(struct folder *folder)
{
    if (mkdir(folder->path, 0777) == 0) {
        folder->made = true;
        return true;
    }
    if (errno != EEXIST)
        return false;
    struct stat found;
    const bool is_other = stat(folder->path, &found) == 0 && !S_ISDIR(found.st_mode);
    errno = ENOTDIR;
    return !is_other;
}

/* Where no lock can be had, by permission, file system, or because somebody holds it alone, the
 * work goes on without; then the folder stays. */
static void lock(struct folder *folder)
{
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd >= 0 && flock(folder->fd, LOCK_SH | LOCK_NB) == 0)
        return;
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
    folder->made = false;
}

/* Who removes it holds the lock alone, but may have done so before it was asked for here. */
static bool is_there(const struct folder *folder)
{
    struct stat named;
    struct stat locked;
    if (stat(folder->path, &named) != 0)
        return false;
    return folder->fd < 0 || (fstat(folder->fd, &locked) == 0 && named.st_dev == locked.st_dev &&
                              named.st_ino == locked.st_ino);
}

bool folder_open(struct folder *folder, const char *path)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        *folder = (struct folder){.path = path, .fd = -1};
        if (!make(folder))
            return false;
        lock(folder);
        if (is_there(folder))
            return true;
        folder_close(folder);
    }
    errno = ENOENT;
    return false;
}

void folder_close(struct folder *folder)
{
    if (folder->fd < 0)
        return;
    if (folder->made && flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
        rmdir(folder->path); /* which a folder with anything in it refuses */
    close(folder->fd);
    folder->fd = -1;
}
