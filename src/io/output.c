/* SPDX-License-Identifier: MIT */
/* Outputs while they are written: a file without a name, a temporary file in the directory of the
 * output, or a stream. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "io/cancel.h"
#include "io/io.h"
#include "io/sync.h"
#include "io/temporary.h"

/* Holds a lock on the file until the output is discarded, also under its final name: a run that
 * looks for what killed runs have left keeps off (leftovers.h). false: such a run was quicker, and
 * has removed the file or is about to. Without locks the work goes on, since nothing else needs
 * them. */
static bool lock_temporary(struct quant_file_output *output)
{
    struct stat status;
    if (flock(output->fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    return fstat(output->fd, &status) != 0 || status.st_nlink > 0;
}

static enum quant_status open_temporary(struct quant_file_output *output, struct quant_error *error)
{
    for (int tries = 0; tries < 100; tries++) {
        output->temporary = quant_temporary_name(output->path);
        if (!output->temporary)
            return quant_error_no_memory(error, strlen(output->path), "path");
        output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->fd >= 0 && lock_temporary(output)) {
            output->sink.ops = &quant_output_file_ops;
            output->second = fcntl(output->fd, F_DUPFD_CLOEXEC, 0);
            return output->second >= 0
                       ? QUANT_OK
                       : quant_error_system(error, errno, "cannot write '%s'", output->path);
        }
        const int number = output->fd >= 0 ? EEXIST : errno;
        if (output->fd >= 0)
            close(output->fd);
        output->fd = -1;
        free(output->temporary);
        output->temporary = NULL;
        if (number != EEXIST && number != EINTR)
            return quant_error_system(error, number, "cannot write '%s'", output->path);
    }
    return quant_error_system(error, EEXIST, "cannot write '%s'", output->path);
}

enum quant_status quant_output_name(struct quant_file_output *output, struct quant_error *error)
{
    const int unnamed = output->fd;
    struct stat found;
    enum quant_status status = open_temporary(output, error);
    if (status == QUANT_OK && fstat(unnamed, &found) == 0)
        fchmod(output->fd, found.st_mode & 0777);
    if (status == QUANT_OK) {
        const size_t step = 4 << 20; /* between steps it looks whether to cancel */
        off_t done = 0;
        ssize_t count = 1;
        while ((count > 0 || (count < 0 && errno == EINTR)) && !quant_cancelled(&output->cancel))
            count = sendfile(output->fd, unnamed, &done, step);
        if (count != 0)
            status = quant_output_failed(output, error);
    }
    if (status == QUANT_OK && output->syncs)
        status = quant_sync_file(output->fd, output->sink.name, error);
    output->unnamed = false;
    close(unnamed);
    return status == QUANT_OK ? quant_output_finish(output, error) : status;
}

/* musl before 1.2.6 has no function for the system call. */
int quant_rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
    enum { NOREPLACE = 1 };
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE);
#endif
}

/* Where the system cannot rename so, a link and the removal of the old name are the same. */
static int rename_or_link(const char *from, const char *to)
{
    const int result = quant_rename_new(from, to);
    if (result == 0 || (errno != EINVAL && errno != ENOSYS))
        return result;
    return link(from, to) == 0 ? unlink(from) : -1;
}

enum quant_status quant_output_give_name(struct quant_file_output *output, const char *name,
                                         struct quant_error *error)
{
    char *own = strdup(name);
    enum quant_status status =
        own ? QUANT_OK : quant_error_no_memory(error, strlen(name) + 1, "path");
    int result = -1;
    if (status == QUANT_OK && output->unnamed) {
        result = quant_unnamed_link(output->fd, name);
        output->unnamed = result != 0;
        if (result != 0 && errno != EEXIST)
            status = quant_output_name(output, error);
    }
    if (status == QUANT_OK && result != 0 && output->temporary)
        result = rename_or_link(output->temporary, name);
    if (status == QUANT_OK && result != 0)
        status = errno == EEXIST
                     ? quant_error_set(error, QUANT_EXISTS, "'%s' exists already", name)
                     : quant_error_system(error, errno, "cannot write '%s'", output->path);
    if (status != QUANT_OK) {
        free(own);
        return status;
    }
    free(output->temporary);
    output->temporary = own;
    return QUANT_OK;
}

static bool mode_is_stream(mode_t mode)
{
    return S_ISCHR(mode) || S_ISFIFO(mode);
}

bool quant_path_is_stream(const char *path)
{
    struct stat status;
    return strcmp(path, "-") == 0 || (stat(path, &status) == 0 && mode_is_stream(status.st_mode));
}

bool quant_path_is_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool quant_path_is_free(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && path[0] && lstat(path, &status) != 0 && errno == ENOENT;
}

/* A write that blocks in a full pipe cannot see a cancel flag that was set just before it. If the
 * pipe is opened again, it can be made not to block, and the settings of standard output, which are
 * shared with other processes, do not change. If that fails, writes block. */
static int open_stdout(void)
{
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode)) {
        const int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return STDOUT_FILENO;
}

static enum quant_status open_stream(struct quant_file_output *output, const char *path,
                                     struct quant_error *error)
{
    if (strcmp(path, "-") == 0) {
        output->sink.name = "standard output";
        output->fd = open_stdout();
        return QUANT_OK;
    }
    do { /* a FIFO waits for its reader */
        if (quant_cancelled(&output->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    } while (output->fd < 0 && errno == EINTR);
    if (output->fd < 0)
        return quant_error_system(error, errno, "cannot write '%s'", path);
    fcntl(output->fd, F_SETFL, O_NONBLOCK); /* as for standard output */
    return QUANT_OK;
}

enum quant_status quant_output_check_old(const char *path, const struct stat *old, bool force,
                                         struct quant_error *error)
{
    if (S_ISDIR(old->st_mode))
        return quant_error_set(error, QUANT_IO, "cannot write '%s': it is a directory", path);
    if (!S_ISREG(old->st_mode))
        return quant_error_set(error, QUANT_IO, "cannot write '%s': it is not a regular file",
                               path);
    if (!force)
        return quant_error_set(error, QUANT_EXISTS, "'%s' exists already; --force replaces it",
                               path);
    return QUANT_OK;
}

static enum quant_status open_file(struct quant_file_output *output,
                                   struct quant_shared_directory *directory,
                                   struct quant_error *error)
{
    output->fd = quant_unnamed_open(output->path, directory);
    output->unnamed = output->fd >= 0;
    if (!output->unnamed)
        return open_temporary(output, error);
    output->second = fcntl(output->fd, F_DUPFD_CLOEXEC, 0);
    if (output->second < 0)
        return quant_error_system(error, errno, "cannot write '%s'", output->path);
    output->sink.ops = &quant_output_file_ops;
    return QUANT_OK;
}

/* There is no file of this name yet. */
static enum quant_status open_new(struct quant_file_output *output, const char *path,
                                  struct quant_shared_directory *directory,
                                  struct quant_error *error)
{
    output->path = strdup(path);
    if (!output->path)
        return quant_error_no_memory(error, strlen(path) + 1, "path");
    return open_file(output, directory, error);
}

/* Follows a symbolic link, as cp does. The new file has the permissions of the old one. */
static enum quant_status open_replacement(struct quant_file_output *output, const char *path,
                                          bool is_link, struct quant_error *error)
{
    struct stat old;
    const bool is_there = stat(path, &old) == 0;
    if (!is_there && !is_link && errno == ENOENT) /* another process has removed it meanwhile */
        return open_new(output, path, NULL, error);
    if (!is_there)
        return quant_error_system(error, errno, "cannot write through the link '%s'", path);
    if (mode_is_stream(old.st_mode))
        return open_stream(output, path, error);
    enum quant_status status = quant_output_check_old(path, &old, output->force, error);
    if (status != QUANT_OK)
        return status;
    /* Only a link has to be resolved, which fails for very long paths. */
    output->path = is_link ? realpath(path, NULL) : strdup(path);
    if (!output->path)
        return quant_error_system(error, errno, "cannot write '%s'", path);
    status = open_file(output, NULL, error);
    if (status == QUANT_OK)
        fchmod(output->fd, old.st_mode & 0777);
    return status;
}

static void output_init(struct quant_file_output *output, const char *path, bool force,
                        const struct quant_cancel *cancel)
{
    *output = (struct quant_file_output){
        .sink = {.ops = &quant_output_stream_ops, .name = path},
        .fd = -1,
        .second = -1,
        .force = force,
        .cancel = *cancel,
    };
}

enum quant_status quant_output_open_free(struct quant_file_output *output, const char *path,
                                         struct quant_shared_directory *directory,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    output_init(output, path, false, cancel);
    return open_new(output, path, directory, error);
}

enum quant_status quant_output_open(struct quant_file_output *output, const char *path, bool force,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    output_init(output, path, force, cancel);
    struct stat status;
    if (path[0] == '\0')
        return quant_error_set(error, QUANT_IO, "no output path is given");
    if (strcmp(path, "-") == 0)
        return open_stream(output, path, error);
    if (lstat(path, &status) == 0)
        return open_replacement(output, path, S_ISLNK(status.st_mode), error);
    return errno == ENOENT ? open_new(output, path, NULL, error)
                           : quant_error_system(error, errno, "cannot write '%s'", path);
}

void quant_output_init_spool(struct quant_file_output *output, int fd, const char *name,
                             const struct quant_cancel *cancel)
{
    output_init(output, name, false, cancel);
    output->sink.ops = &quant_output_file_ops;
    output->fd = fd;
    output->is_spool = true;
}

bool quant_output_is_stream(const struct quant_file_output *output)
{
    return output->fd >= 0 && !output->temporary && !output->unnamed;
}

enum quant_status quant_output_finish(struct quant_file_output *output, struct quant_error *error)
{
    const int fd = output->fd;
    output->fd = -1;
    if (fd < 0 || fd == STDOUT_FILENO)
        return QUANT_OK;
    if (close(fd) != 0 && errno != EINTR)
        return quant_error_system(error, errno, "cannot write '%s'", output->sink.name);
    return QUANT_OK;
}

void quant_output_discard(struct quant_file_output *output)
{
    if (!output->sink.ops)
        return; /* never opened: its fd is 0, which is not ours */
    /* Under its lock: after that the name may be another process's. */
    if (output->temporary)
        unlink(output->temporary);
    quant_output_finish(output, NULL);
    if (output->second >= 0)
        close(output->second);
    free(output->temporary);
    free(output->aside);
    free(output->path);
    *output = (struct quant_file_output){.fd = -1, .second = -1};
}
