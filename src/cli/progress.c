/* SPDX-License-Identifier: MIT */
/* Drawing the progress line, at most ten times a second. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"

static const double AUTO_DELAY = 1.0;
static const double INTERVAL = 0.1;

static double seconds_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void progress_begin(struct progress *progress, enum progress_mode mode, const char *path)
{
    *progress = (struct progress){.began = seconds_now()};
    progress->is_wanted =
        mode == PROGRESS_ALWAYS || (mode == PROGRESS_AUTO && isatty(STDERR_FILENO) == 1);
    progress->delay = mode == PROGRESS_AUTO ? AUTO_DELAY : 0;
    const char *slash = strrchr(path, '/');
    const char *last = slash && slash[1] != '\0' ? slash + 1 : path;
    snprintf(progress->name, sizeof progress->name, "%.40s", last);
    message_mask(progress->name); /* half a character at the cut becomes '?' too */
}

static void write_line(const char *text, int nbytes)
{
    const ssize_t written = write(STDERR_FILENO, text, (size_t)nbytes);
    (void)written;
}

static int format_line(const struct progress *progress, char *line, size_t room, double elapsed,
                       uint64_t done, uint64_t total)
{
    if (total == 0 || done > total)
        return snprintf(line, room, "\r%12llu elements  %s", (unsigned long long)done,
                        progress->name);
    const double share = (double)done / (double)total;
    if (share < 0.01)
        return snprintf(line, room, "\r%3.0f %%              %s", share * 100, progress->name);
    const unsigned left = (unsigned)(elapsed / share - elapsed + 0.5);
    return snprintf(line, room, "\r%3.0f %%  %3u:%02u left  %s", share * 100, left / 60, left % 60,
                    progress->name);
}

void progress_update(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    if (!progress->is_wanted)
        return;
    const double now = seconds_now();
    if (now - progress->began < progress->delay ||
        (progress->last_told > 0 && now - progress->last_told < INTERVAL))
        return;
    progress->last_told = now;
    char line[128];
    int nbytes = format_line(progress, line, 100, now - progress->began, done, total);
    const int width = nbytes - 1;
    while (nbytes - 1 < progress->width) /* over what a longer line left there */
        line[nbytes++] = ' ';
    progress->width = width;
    write_line(line, nbytes);
}

void progress_end(struct progress *progress)
{
    if (progress->width == 0)
        return;
    char line[128];
    const int nbytes = snprintf(line, sizeof line, "\r%*s\r", progress->width, "");
    write_line(line, nbytes);
    progress->width = 0;
}
