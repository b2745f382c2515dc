/* SPDX-License-Identifier: MIT */
#include "io/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A signal may interrupt it, which leaves nothing half done. */
static int sync_fd(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result;
}

enum quant_status quant_sync_file(int fd, const char *path, struct quant_error *error)
{
    return sync_fd(fd) == 0 ? QUANT_OK : quant_error_system(error, errno, "cannot sync '%s'", path);
}

static int sync_directory(const char *directory)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const int number = sync_fd(fd) == 0 || errno == EINVAL ? 0 : errno;
    close(fd);
    return number;
}

enum quant_status quant_sync_directory_of(const char *path, struct quant_error *error)
{
    const char *slash = strrchr(path, '/');
    char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!name)
        return quant_error_no_memory(error, strlen(path), "path");
    const int number = sync_directory(name);
    free(name);
    return number == 0
               ? QUANT_OK
               : quant_error_system(error, number, "cannot sync the directory of '%s'", path);
}
