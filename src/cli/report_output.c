/* SPDX-License-Identifier: MIT */
/* Writes to a temporary file next to the report, which is renamed at the end. */
#include "cli/report_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        return open_temporary(output);
    output->stream = fopen(path, "we");
    return output->stream ? true : fail(output, strerror(errno));
}

bool report_output_spare(struct report_output *output, const char *path)
{
    if (!output->temporary || output->has_failed || !path || !is_same(output->path, path))
        return true;
    output->has_failed = true;
    return fail(output, "it is one of the files that are read or written");
}

bool report_output_flush(struct report_output *output)
{
    if (output->stream == stdout)
        return streams_flush();
    errno = 0;
    if (fflush(output->stream) == 0 && !ferror(output->stream))
        return true;
    if (output->has_failed)
        return false;
    output->has_failed = true;
    return fail(output, errno != 0 ? strerror(errno) : "an earlier write failed");
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
