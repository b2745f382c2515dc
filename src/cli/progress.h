/* SPDX-License-Identifier: MIT */
/*
 * The progress of a whole command line, over all files and all passes, in one line on standard
 * error that stays until the end:
 *
 *      47 %  2350 of 5000 files  312 MB/s  0:12 left  2 failed  w.npy
 *
 * The share is that of the inputs' bytes. It never falls. What does not fit into the terminal's
 * width is left out, from the right.
 */
#ifndef QUANT_CLI_PROGRESS_H
#define QUANT_CLI_PROGRESS_H

#include <pthread.h>
#include <quant/file.h>
#include <stdbool.h>

enum progress_mode {
    PROGRESS_AUTO = 0, /* on a terminal, for work that takes more than a second */
    PROGRESS_ALWAYS,
    PROGRESS_NEVER
};

struct progress {
    bool is_wanted; /* else nothing below is used, and every call does nothing */
    double delay;   /* seconds before the line first appears */
    double began;   /* seconds of the monotonic clock */
    double drawn;   /* the same; 0: not yet */
    const char *const *names;
    uint64_t *sizes; /* owned: bytes of each file, 0 where not known */
    size_t nfiles;

    pthread_mutex_t mutex; /* for the rest */
    double all;            /* bytes of all files */
    double done;           /* bytes of the files that are done, and the shares of those at work */
    double share;          /* the greatest that was shown */
    uint64_t nelems;       /* done of a single file, as long as there is no share of it */
    size_t ndone;
    size_t nfailed;
    unsigned pass;  /* of a calibration, from 1; 0: not counted */
    size_t current; /* the file that was begun last */
};

/* A file at work; or, of a calibration, all of them. */
struct progress_file {
    struct progress *progress;
    double size;
    double share;
};

/* Of n files; names are kept. To be ended. */
void progress_begin(struct progress *progress, enum progress_mode mode, const char *const *names,
                    size_t n);
void progress_end(struct progress *progress);

/* Any thread may call these, for a file of its own. */
void progress_begin_file(struct progress *progress, struct progress_file *file, size_t i);
void progress_end_file(struct progress_file *file);

/* A quant_progress_fn whose context is a struct progress_file. */
void progress_update(void *context, uint64_t done, uint64_t total);

void progress_count_failure(struct progress *progress);

/* For work that goes over all files together, perhaps several times: file stands for all of them,
 * progress_begin_input is called before each. */
void progress_begin_all(struct progress *progress, struct progress_file *file);
void progress_begin_input(void *context, size_t i);

#endif
