/* SPDX-License-Identifier: MIT */
/* Removes the line with spaces, not with an escape sequence: with --progress=always it may go to a
 * file. */
#include "cli/status_line.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* The line is at most this wide. */
enum { MAX_COLUMNS = 500, NO_TERMINAL = 80 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int shown; /* columns of the line */

/* What cannot be written cannot be reported either. */
static void write_pieces(const struct iovec *pieces, int n)
{
    const ssize_t written = writev(STDERR_FILENO, pieces, n);
    (void)written;
}

static struct iovec piece(const char *text, size_t nbytes)
{
    return (struct iovec){.iov_base = (void *)(size_t)text, .iov_len = nbytes};
}

/* Removes the line, then writes text. */
static void replace(const char *text, size_t nbytes)
{
    char blank[MAX_COLUMNS + 3];
    const int length = shown > 0 ? snprintf(blank, sizeof blank, "\r%*s\r", shown, "") : 0;
    const struct iovec pieces[] = {piece(blank, (size_t)length), piece(text, nbytes)};
    if (length > 0 || nbytes > 0)
        write_pieces(pieces, 2);
    shown = 0;
}

/* The new line first, then spaces over the rest of the old one: it does not flicker. */
void status_line_draw(const char *text, int columns)
{
    char blank[MAX_COLUMNS + 1];
    pthread_mutex_lock(&mutex);
    const int rest = shown > columns ? shown - columns : 0;
    snprintf(blank, sizeof blank, "%*s", rest, "");
    const struct iovec pieces[] = {piece("\r", 1), piece(text, strlen(text)),
                                   piece(blank, (size_t)rest)};
    write_pieces(pieces, 3);
    shown = columns;
    pthread_mutex_unlock(&mutex);
}

void status_line_clear(void)
{
    pthread_mutex_lock(&mutex);
    replace("", 0);
    pthread_mutex_unlock(&mutex);
}

void status_line_write(const char *text, size_t nbytes)
{
    pthread_mutex_lock(&mutex);
    replace(text, nbytes);
    pthread_mutex_unlock(&mutex);
}

int status_line_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return NO_TERMINAL;
    return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
}
