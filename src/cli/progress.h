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

#include <quant/file.h>

#include "cli/progress_state.h"

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
