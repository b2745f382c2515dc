/* SPDX-License-Identifier: MIT */
/* Reserves, buffers and flushes the standard streams, and waits for room in them. */
#include "cli/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/masked_text.h"
#include "cli/message.h"

void streams_reserve(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            /* In the wrong direction: reading or writing it gives EBADF, as before. */
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Opening another device may act on it, and opening the master of a terminal makes a new one. */
static bool can_open_again(int fd, mode_t mode)
{
    char name[64];
    return S_ISFIFO(mode) || (isatty(fd) == 1 && ptsname_r(fd, name, sizeof name) != 0);
}

/* The flag belongs to all who have got the descriptor, so another one is opened, which has flags of
 * its own. O_NONBLOCK: a FIFO without a reader is not waited for. */
static bool open_again(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (again < 0)
        return false;
    const int flags = fcntl(again, F_GETFL);
    const bool waits =
        flags != -1 && fcntl(again, F_SETFL, flags & ~O_NONBLOCK) == 0 && dup2(again, fd) == fd;
    close(again);
    return waits;
}

static bool is_changed[STDERR_FILENO + 1];

void streams_wait(void)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat status;
        const int flags = fcntl(fd, F_GETFL);
        if (flags == -1 || !(flags & O_NONBLOCK) || fstat(fd, &status) != 0 ||
            S_ISREG(status.st_mode) || (can_open_again(fd, status.st_mode) && open_again(fd)))
            continue;
        is_changed[fd] = fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
    }
}

void streams_release(void)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (is_changed[fd])
            (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void streams_buffer(void)
{
    enum { ROOM = 16384 }; /* the longest help takes 4290 bytes */
    static char room[ROOM];
    (void)setvbuf(stdout, room, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, sizeof room);
}

void streams_announce(const char *const *paths, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (paths[i] && strcmp(paths[i], "-") == 0 && isatty(STDIN_FILENO)) {
            message_error("reading standard input, which is a terminal; Ctrl-D ends it");
            return;
        }
}

/* A write to a full buffer, which no flush has seen, leaves no errno. */
static bool reader_is_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

static bool flush(void)
{
    static bool
        is_reported; /* there is one stream for the whole program: its failure is reported once */
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return true;
    const int cause = errno;
    if (!is_reported && cause != EPIPE && !reader_is_gone())
        message_error("cannot write to standard output: %s",
                      cause != 0 ? strerror(cause) : "an earlier write failed");
    is_reported = true;
    return false;
}

bool streams_flush(void)
{
    const bool is_flushed = flush();
    return !masked_is_missing() && is_flushed;
}
