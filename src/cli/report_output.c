/* SPDX-License-Identifier: MIT */
/* Writes to a file without a name in the directory of the report, which gets it at the end; where
 * there are no such files, to a temporary one, which is renamed. */
#include "cli/report_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/masked_text.h"
#include "cli/message.h"
#include "cli/standard_streams.h"

static bool fail(const struct report_output *output, const char *why)
{
    message_error("cannot write the report '%s': %s", output->path, why);
    return false;
}

static bool is_same(const char *path, const char *other)
{
    struct stat a;
    struct stat b;
    return stat(path, &a) == 0 && S_ISREG(a.st_mode) && stat(other, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A new file gets the permissions that the umask allows. */
static void set_mode(int fd)
{
    const mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

static int link_unnamed(int fd, const char *path)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* Gives the file a name in the directory of the report between two calls, to replace an old report
 * in one step. It is random: another run may be replacing the same report. */
static bool link_temporary(struct report_output *output, int fd)
{
    enum { TRIES = 100 };
    const char *slash = strrchr(output->path, '/');
    const int directory = slash ? (int)(slash - output->path) + 1 : 0;
    errno = EEXIST;
    for (int i = 0; errno == EEXIST && i < TRIES; i++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random ||
            asprintf(&output->temporary, "%.*s.quant-report-%016" PRIx64, directory, output->path,
                     random) < 0) {
            output->temporary = NULL;
            return false;
        }
        if (link_unnamed(fd, output->temporary) == 0)
            return true;
        const int cause = errno;
        free(output->temporary);
        output->temporary = NULL;
        errno = cause;
    }
    return false;
}

/* "/" is always there: that it exists is then all that is wrong. */
static bool can_link(int fd)
{
    return link_unnamed(fd, "/") != 0 && errno == EEXIST;
}

static bool open_unnamed(struct report_output *output)
{
    const char *slash = strrchr(output->path, '/');
    char *directory =
        slash ? strndup(output->path, (size_t)(slash - output->path) + 1) : strdup(".");
    const int fd = directory ? open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    free(directory);
    if (fd < 0)
        return false;
    output->stream = can_link(fd) ? fdopen(fd, "w") : NULL;
    output->is_unnamed = output->stream;
    if (output->is_unnamed)
        set_mode(fd);
    else
        close(fd);
    return output->is_unnamed;
}

static bool open_temporary(struct report_output *output)
{
    static const char pattern[] = ".quant-report-XXXXXX";
    const char *slash = strrchr(output->path, '/');
    const size_t directory = slash ? (size_t)(slash - output->path) + 1 : 0;
    output->temporary = malloc(directory + sizeof pattern);
    if (!output->temporary)
        return fail(output, "no memory for its name");
    memcpy(output->temporary, output->path, directory);
    memcpy(output->temporary + directory, pattern, sizeof pattern);
    const int fd = mkostemp(output->temporary, O_CLOEXEC);
    output->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output->stream) {
        set_mode(fd);
        return true;
    }
    fail(output, strerror(errno));
    if (fd >= 0) {
        close(fd);
        unlink(output->temporary);
    }
    free(output->temporary);
    output->temporary = NULL;
    return false;
}

bool report_output_is_stdout(const char *path)
{
    struct stat named;
    struct stat standard;
    return !path || strcmp(path, "-") == 0 ||
           (stat(path, &named) == 0 && fstat(STDOUT_FILENO, &standard) == 0 &&
            named.st_dev == standard.st_dev && named.st_ino == standard.st_ino);
}

bool report_output_open(struct report_output *output, const char *path,
                        const struct targets *targets)
{
    *output = (struct report_output){.stream = stdout, .force = targets->options->force};
    if (report_output_is_stdout(path))
        return true;
    output->path = path;
    output->stream = NULL;
    if (targets->report_is_taken)
        return fail(output, "it is one of the files that are read or written");
    struct stat found;
    const bool is_there = stat(path, &found) == 0;
    if (is_there && S_ISREG(found.st_mode) && !output->force)
        return fail(output, "it exists; --force replaces it");
    if (!is_there || S_ISREG(found.st_mode))
        return open_unnamed(output) || open_temporary(output);
    output->stream = fopen(path, "we");
    return output->stream ? true : fail(output, strerror(errno));
}

bool report_output_spare(struct report_output *output, const char *path)
{
    if ((!output->temporary && !output->is_unnamed) || output->has_failed || !path ||
        !is_same(output->path, path))
        return true;
    output->has_failed = true;
    return fail(output, "it is one of the files that are read or written");
}

bool report_output_flush(struct report_output *output)
{
    if (output->stream == stdout)
        return streams_flush();
    if (masked_is_missing())
        output->has_failed = true;
    errno = 0;
    if (fflush(output->stream) == 0 && !ferror(output->stream))
        return !masked_is_missing();
    if (output->has_failed)
        return false;
    output->has_failed = true;
    return fail(output, errno != 0 ? strerror(errno) : "an earlier write failed");
}

/* Closing a second descriptor reports what closing the file would, while it can still be dropped.
 */
static bool settle_unnamed(struct report_output *output)
{
    if (!report_output_flush(output))
        return false;
    const int second = dup(fileno(output->stream));
    if (second >= 0 && (close(second) == 0 || errno == EINTR))
        return true;
    return fail(output, strerror(errno));
}

static bool name_unnamed(struct report_output *output)
{
    const int fd = fileno(output->stream);
    output->is_unnamed = false;
    if (link_unnamed(fd, output->path) == 0)
        return true;
    if (errno != EEXIST)
        return fail(output, strerror(errno));
    if (!output->force)
        return fail(output, "it was created by another process");
    if (link_temporary(output, fd) && rename(output->temporary, output->path) == 0) {
        free(output->temporary);
        output->temporary = NULL;
        return true;
    }
    return fail(output, strerror(errno));
}

/* link does not replace a file that was created in the meantime; not every file system has it. */
static bool give_name(const struct report_output *output)
{
    if (!output->force && link(output->temporary, output->path) == 0) {
        unlink(output->temporary);
        return true;
    }
    if (!output->force && errno == EEXIST)
        return fail(output, "it was created by another process");
    return rename(output->temporary, output->path) == 0 ? true : fail(output, strerror(errno));
}

bool report_output_commit(struct report_output *output)
{
    if (output->stream == stdout)
        return true;
    if (output->is_unnamed)
        return !output->has_failed && settle_unnamed(output) && name_unnamed(output);
    const bool is_closed = fclose(output->stream) == 0;
    output->stream = NULL;
    if (!is_closed && !output->has_failed)
        fail(output, strerror(errno));
    if (!is_closed || output->has_failed)
        return false;
    if (!output->temporary)
        return true;
    if (!give_name(output))
        return false;
    free(output->temporary);
    output->temporary = NULL;
    return true;
}

void report_output_discard(struct report_output *output)
{
    if (output->stream && output->stream != stdout)
        fclose(output->stream);
    output->stream = NULL;
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    output->temporary = NULL;
}
