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

/* Starts the progress of n files; names must outlive it. Must be ended. */
void progress_begin(struct progress *progress, enum progress_mode mode, const char *const *names,
                    size_t n);
void progress_end(struct progress *progress);

/* Any thread may call the rest. */

/* done of total is done: see quant_progress_fn. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total);

/* The work on the i-th file begins. */
void progress_begin_file(struct progress *progress, size_t i);

/* The same for work on all files together, in order, perhaps in several passes. */
void progress_begin_input(struct progress *progress, size_t i);

/* The i-th file was complete already: rate and time left are reckoned without it. */
void progress_skip_file(struct progress *progress, size_t i);

/* A file is done, or has failed. */
void progress_end_file(struct progress *progress, bool failed);

#endif
