/* SPDX-License-Identifier: MIT */
/* What opening an output would refuse, found without creating anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/temporary.h"

/* Files are created in the directory, also to replace one. A missing one is somebody else's matter.
 */
static enum quant_status check_directory(const char *path, struct quant_error *error)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!directory)
        return quant_error_no_memory(error, strlen(path), "path");
    const int number = access(directory, W_OK | X_OK) == 0 ? 0 : errno;
    free(directory);
    return number == 0 || number == ENOENT
               ? QUANT_OK
               : quant_error_system(error, number, "cannot write '%s'", path);
}

enum quant_status quant_output_check(const char *path, bool force, struct quant_error *error)
{
    struct stat status;
    if (path[0] == '\0')
        return quant_error_set(error, QUANT_IO, "no output path is given");
    if (strcmp(path, "-") == 0)
        return QUANT_OK;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? check_directory(path, error)
                               : quant_error_system(error, errno, "cannot write '%s'", path);
    if (stat(path, &status) != 0)
        return quant_error_system(error, errno, "cannot write through the link '%s'", path);
    if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))
        return QUANT_OK;
    const enum quant_status found = quant_output_check_old(path, &status, force, error);
    return found == QUANT_OK ? check_directory(path, error) : found;
}
