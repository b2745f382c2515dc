/* SPDX-License-Identifier: MIT */
/*
 * Several files become visible as one. The last to get its name is the record, such as a sidecar,
 * which says that the others are complete. In the order of the steps:
 *
 *     1  the old record is renamed aside       from here on the old outputs count as unfinished
 *     2  each old output gets a second name    (a hard link; moved if the system has no links)
 *     3  each new output is renamed into place replacing the old one in one step
 *     4  the new record is renamed into place: the commit
 *     5  the names of 1 and 2 are removed
 *
 * If nothing is replaced, 3 and 4 give a name to a file that had none, if the system can do that.
 * A crash between 1 and 4 leaves outputs without a record. If a step fails, the steps before it are
 * undone. Nothing is synced to the disk, as with cp; after a power cut, the checksums in the record
 * show whether the outputs are whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "io/temporary.h"

static bool is_file(const struct quant_file_output *output)
{
    return output && (output->temporary || output->unnamed);
}

/* Writes what is held and closes the file, to know all write errors before anything changes. A file
 * without a name must stay open to get one, so a second descriptor of it is closed, which reports
 * the same errors. That one was made when the output was opened: running out of descriptors is an
 * error then, not now. */
static enum quant_status settle(struct quant_file_output *output, struct quant_error *error)
{
    const enum quant_status status = output ? quant_output_flush(output, error) : QUANT_OK;
    if (!output || status != QUANT_OK)
        return status;
    if (!output->unnamed)
        return quant_output_finish(output, error);
    const int second = output->second;
    output->second = -1;
    if (close(second) != 0 && errno != EINTR)
        return quant_error_system(error, errno, "cannot write '%s'", output->sink.name);
    return QUANT_OK;
}

static enum quant_status commit_failed(const struct quant_file_output *output,
                                       struct quant_error *error)
{
    if (errno == EEXIST)
        return quant_error_set(error, QUANT_EXISTS,
                               "'%s' was created by another process meanwhile, and is kept",
                               output->sink.name);
    return quant_error_system(error, errno, "cannot rename the finished '%s' into place",
                              output->sink.name);
}

static enum quant_status name_aside(struct quant_file_output *output, struct quant_error *error)
{
    output->aside = quant_temporary_name(output->path);
    return output->aside ? QUANT_OK : quant_error_no_memory(error, strlen(output->path), "path");
}

static void forget_aside(struct quant_file_output *output)
{
    free(output->aside);
    output->aside = NULL;
}

static enum quant_status move_aside(struct quant_file_output *output, struct quant_error *error)
{
    if (!is_file(output) || !output->force)
        return QUANT_OK;
    const enum quant_status status = name_aside(output, error);
    if (status != QUANT_OK)
        return status;
    if (rename(output->path, output->aside) == 0)
        return QUANT_OK;
    const int number = errno;
    forget_aside(output);
    errno = number;
    return number == ENOENT ? QUANT_OK : commit_failed(output, error);
}

/* Without hard links the old file is moved, and for a moment its name is gone. */
static enum quant_status link_aside(struct quant_file_output *output, struct quant_error *error)
{
    struct stat old;
    if (!is_file(output) || !output->force || lstat(output->path, &old) != 0 ||
        !S_ISREG(old.st_mode)) /* nothing to keep, or something that cannot be replaced */
        return QUANT_OK;
    const enum quant_status status = name_aside(output, error);
    if (status != QUANT_OK)
        return status;
    output->aside_is_link = link(output->path, output->aside) == 0;
    if (!output->aside_is_link && rename(output->path, output->aside) != 0)
        forget_aside(output);
    return QUANT_OK;
}

/* *done false: the system could not do it, and the file has a temporary name instead. */
static enum quant_status place_unnamed(struct quant_file_output *output, bool *done,
                                       struct quant_error *error)
{
    *done = quant_unnamed_link(output->fd, output->path) == 0;
    if (!*done)
        return errno == EEXIST ? commit_failed(output, error) : quant_output_name(output, error);
    output->unnamed = false;
    output->placed = true;
    quant_output_finish(output, NULL); /* settle has checked it */
    return QUANT_OK;
}

/* Renames, or fails with EEXIST if `to` exists. EINVAL or ENOSYS: the file system or the kernel
 * cannot do this. musl before 1.2.6 has no function for the system call. */
static int rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
    enum { NOREPLACE = 1 };
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE);
#endif
}

static enum quant_status place(struct quant_file_output *output, struct quant_error *error)
{
    if (!is_file(output))
        return QUANT_OK;
    bool done = false;
    const enum quant_status status =
        output->unnamed ? place_unnamed(output, &done, error) : QUANT_OK;
    if (status != QUANT_OK || done)
        return status;
    int result = -1;
    if (!output->force) {
        result = rename_new(output->temporary, output->path);
        if (result != 0 && errno != EINVAL && errno != ENOSYS)
            return commit_failed(output, error);
    }
    if (result != 0)
        result = rename(output->temporary, output->path);
    if (result != 0)
        return commit_failed(output, error);
    output->placed = true;
    free(output->temporary);
    output->temporary = NULL;
    return QUANT_OK;
}

/* If even that fails, the old file keeps the name that it was moved to. */
static void undo(struct quant_file_output *output)
{
    if (output && output->aside && output->aside_is_link && !output->placed) {
        unlink(output->aside); /* the old file still has its name */
    } else if (output && output->aside) {
        rename(output->aside, output->path);
    } else if (output && output->placed) {
        unlink(output->path);
    }
    if (output)
        forget_aside(output);
}

static void drop_aside(struct quant_file_output *output)
{
    if (output && output->aside)
        unlink(output->aside);
    if (output)
        forget_aside(output);
}

enum quant_status quant_output_commit_n(struct quant_file_output *const outputs[], size_t n,
                                        struct quant_file_output *record, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = settle(outputs[i], error);
    if (status == QUANT_OK)
        status = settle(record, error);
    if (status == QUANT_OK)
        status = move_aside(record, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = link_aside(outputs[i], error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = place(outputs[i], error);
    if (status == QUANT_OK)
        status = place(record, error);
    void (*const end)(struct quant_file_output *) = status == QUANT_OK ? drop_aside : undo;
    for (size_t i = 0; i < n; i++)
        end(outputs[i]);
    end(record);
    return status;
}
