/* SPDX-License-Identifier: MIT */
/*
 * The progress of a whole command line, over all files and all passes, in one line on standard
 * error that stays until the end:
 *
 *      47 %  2350 of 5000 files  312 MB/s  0:12 left  2 failed  w.npy
 *
 * The share is that of the bytes of the inputs. It never falls. Fields that do not fit into the
 * width of the terminal are left out.
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
    bool is_wanted; /* if false, nothing below is used, and every call does nothing */
    double delay;   /* seconds before the line first appears */
    double began;   /* seconds of the monotonic clock */
    double drawn;   /* the same; 0: not yet */
    const char *const *names;
    uint64_t *sizes; /* owned: bytes of each file, 0 where not known */
    size_t nfiles;

    pthread_mutex_t mutex; /* for the rest */
    double all;            /* bytes of all files */
    double done;           /* bytes of finished files, and the shares of the files at work */
    double share;          /* the largest that was shown */
    uint64_t nelems;       /* done of a single file whose size is unknown */
    size_t ndone;
    size_t nfailed;
    unsigned pass;  /* of a calibration, from 1; 0: not counted */
    size_t current; /* the file that was started last */
};

/* A file at work; in a calibration, all files. */
struct progress_file {
    struct progress *progress;
    double size;
    double share;
};

/* Starts the progress of n files; names must outlive it. Must be ended. */
void progress_begin(struct progress *progress, enum progress_mode mode, const char *const *names,
                    size_t n);
void progress_end(struct progress *progress);

/* Any thread may call these, each for its own file. */
void progress_begin_file(struct progress *progress, struct progress_file *file, size_t i);
void progress_end_file(struct progress_file *file);

/* A quant_progress_fn whose context is a struct progress_file. */
void progress_update(void *context, uint64_t done, uint64_t total);

void progress_count_failure(struct progress *progress);

/* For work on all files together, perhaps in several passes: file stands for all of them, and
 * progress_begin_input is called before each. */
void progress_begin_all(struct progress *progress, struct progress_file *file);
void progress_begin_input(void *context, size_t i);

#endif
