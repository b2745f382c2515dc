/* SPDX-License-Identifier: MIT */
/* Adds up the shares of the files and draws the line at most ten times a second. */
#include "cli/progress.h"

#include <stdlib.h>
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
    progress->sizes = calloc(n, sizeof *progress->sizes);
    progress->is_wanted = progress->sizes != NULL;
    progress->delay = mode == PROGRESS_AUTO ? AUTO_DELAY : 0;
    progress->began = seconds_now();
    for (size_t i = 0; progress->is_wanted && i < n; i++) {
        progress->sizes[i] = size_of(names[i]);
        progress->all += (double)progress->sizes[i];
    }
}

void progress_end(struct progress *progress)
{
    if (!progress->is_wanted)
        return;
    status_line_clear();
    free(progress->sizes);
    progress->is_wanted = false;
}

/* The share of all bytes; of the files, if no size is known (pipes and empty files). */
static double share_now(const struct progress *progress)
{
    const double share = progress->all > 0      ? progress->done / progress->all
                         : progress->nfiles > 1 ? (double)progress->ndone / (double)progress->nfiles
                                                : progress->done;
    return share < 1 ? share : 1;
}

/* With the mutex held. */
static void draw(struct progress *progress)
{
    char text[PROGRESS_LINE];
    const double now = seconds_now();
    const double share = share_now(progress);
    if (share > progress->share)
        progress->share = share;
    if (now - progress->began < progress->delay ||
        (progress->drawn > 0 && now - progress->drawn < INTERVAL))
        return;
    progress->drawn = now;
    const int columns = progress_line(text, progress, now - progress->began, status_line_columns());
    status_line_draw(text, columns);
}

/* With the mutex held. A single file of unknown size counts as one byte. */
static void set_share(struct progress_file *file, double share)
{
    struct progress *progress = file->progress;
    const double size = progress->all > 0 ? file->size : 1;
    if (share <= file->share)
        return;
    progress->done += size * (share - file->share);
    file->share = share;
}

void progress_begin_file(struct progress *progress, struct progress_file *file, size_t i)
{
    *file = (struct progress_file){.progress = progress};
    if (!progress->is_wanted)
        return;
    file->size = (double)progress->sizes[i];
    pthread_mutex_lock(&progress->mutex);
    progress->current = i;
    pthread_mutex_unlock(&progress->mutex);
}

void progress_end_file(struct progress_file *file)
{
    struct progress *progress = file->progress;
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    set_share(file, 1);
    progress->ndone++;
    progress->nelems = 0;
    draw(progress);
    pthread_mutex_unlock(&progress->mutex);
}

void progress_update(void *context, uint64_t done, uint64_t total)
{
    struct progress_file *file = context;
    struct progress *progress = file->progress;
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    if (total > 0)
        set_share(file, (double)done / (double)total);
    progress->nelems = total == 0 && progress->nfiles == 1 ? done : 0;
    draw(progress);
    pthread_mutex_unlock(&progress->mutex);
}

void progress_count_failure(struct progress *progress)
{
    pthread_mutex_lock(&progress->mutex);
    progress->nfailed++;
    pthread_mutex_unlock(&progress->mutex);
}

void progress_begin_all(struct progress *progress, struct progress_file *file)
{
    *file = (struct progress_file){.progress = progress, .size = progress->all};
}

/* A calibration starts its files in order, either pass by pass or with all passes of a file in a
 * row. */
void progress_begin_input(void *context, size_t i)
{
    const struct progress_file *file = context;
    struct progress *progress = file->progress;
    if (!progress->is_wanted)
        return;
    pthread_mutex_lock(&progress->mutex);
    if (progress->pass == 0 || i < progress->current)
        progress->pass++;
    progress->current = progress->ndone = i;
    pthread_mutex_unlock(&progress->mutex);
}
