/* SPDX-License-Identifier: MIT */
/* Keeps what the library reports and draws the line at most ten times a second. */
#include "cli/progress.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/progress_line.h"
#include "cli/status_line.h"

static const double AUTO_DELAY = 1.0;
static const double INTERVAL = 0.1;

static double seconds_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t size_of(const char *path)
{
    struct stat status;
    const int found = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &status) : stat(path, &status);
    return found == 0 && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
}

void progress_begin(struct progress *progress, enum progress_mode mode, const char *const *names,
                    size_t n)
{
    *progress = (struct progress){.names = names, .nfiles = n, .mutex = PTHREAD_MUTEX_INITIALIZER};
    if (mode == PROGRESS_NEVER || (mode == PROGRESS_AUTO && isatty(STDERR_FILENO) != 1))
        return;
    progress->is_wanted = true;
    progress->delay = mode == PROGRESS_AUTO ? AUTO_DELAY : 0;
    progress->began = seconds_now();
    for (size_t i = 0; i < n; i++)
        progress->all += (double)size_of(names[i]);
}

void progress_end(struct progress *progress)
{
    if (!progress->is_wanted)
        return;
    status_line_clear();
    progress->is_wanted = false;
}

/* With the mutex held. */
static void draw(struct progress *progress)
{
    char text[PROGRESS_LINE];
    const double now = seconds_now();
    if (now - progress->began < progress->delay ||
        (progress->drawn > 0 && now - progress->drawn < INTERVAL))
        return;
    progress->drawn = now;
    const int columns = progress_line(text, progress, now - progress->began, status_line_columns());
    status_line_draw(text, columns);
}

/* With the mutex held. */
static void raise_share(struct progress *progress, double share)
{
    if (share > progress->share)
        progress->share = share < 1 ? share : 1;
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total)
{
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    if (total > 0)
        raise_share(progress, (double)done / (double)total);
    progress->nelems = total == 0 && progress->nfiles == 1 ? done : 0;
    draw(progress);
    pthread_mutex_unlock(&progress->mutex);
}

void progress_begin_file(struct progress *progress, size_t i)
{
    pthread_mutex_lock(&progress->mutex);
    progress->current = i;
    pthread_mutex_unlock(&progress->mutex);
}

void progress_skip_file(struct progress *progress, size_t i)
{
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->skipped += (double)size_of(progress->names[i]);
    pthread_mutex_unlock(&progress->mutex);
}

/* If no size is known, of pipes and empty files, the files count. */
void progress_end_file(struct progress *progress, bool failed)
{
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->ndone++;
    progress->nfailed += failed;
    progress->nelems = 0;
    if (progress->all == 0 || progress->ndone == progress->nfiles)
        raise_share(progress, (double)progress->ndone / (double)progress->nfiles);
    draw(progress);
    pthread_mutex_unlock(&progress->mutex);
}

/* A calibration starts its files in order, either pass by pass or with all passes of a file in a
 * row. */
void progress_begin_input(struct progress *progress, size_t i)
{
    pthread_mutex_lock(&progress->mutex);
    if (progress->pass == 0 || i < progress->current)
        progress->pass++;
    progress->current = progress->ndone = i;
    pthread_mutex_unlock(&progress->mutex);
}
