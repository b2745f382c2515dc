/* SPDX-License-Identifier: MIT */
/* Looking at a file before it is opened. */
#include "engine/files/named_original.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum quant_status quant_named_original_check(const char *path, const char *sidecar_path,
                                             struct quant_error *error)
{
    struct stat status;
    enum quant_status found = QUANT_OK;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0)
        found = quant_error_system(error, errno, "cannot read '%s', the original named in '%s'",
                                   path, sidecar_path);
    else if (!S_ISREG(status.st_mode))
        found = quant_error_set(
            error, QUANT_IO, "cannot read '%s', the original named in '%s': it is %s", path,
            sidecar_path, S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
    if (found != QUANT_OK)
        quant_error_append(error, "; give another with '--against FILE'");
    return found;
}
