/* SPDX-License-Identifier: MIT */
/* What the progress line is made from. Only progress.h changes it. */
#ifndef QUANT_CLI_PROGRESS_STATE_H
#define QUANT_CLI_PROGRESS_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_mode {
    PROGRESS_AUTO = 0, /* on a terminal, for work that takes more than a second */
    PROGRESS_ALWAYS,
    PROGRESS_NEVER
};

struct progress {
    bool is_wanted; /* if false, nothing below is used, and every call does nothing */
    double delay;   /* seconds before the line first appears */
    double all;     /* bytes of all files, as far as known */
    double began;   /* seconds of the monotonic clock */
    double drawn;   /* the same; 0: not yet */
    const char *const *names;
    size_t nfiles;

    pthread_mutex_t mutex; /* for the rest */
    double skipped;        /* bytes of files that were complete, which cost no time to speak of */
    double share;          /* of the work that is done; it never falls */
    uint64_t nelems;       /* done, as long as the share of a single file is not known */
    size_t ndone;
    size_t nfailed;
    unsigned pass;  /* of a calibration, from 1; 0: not counted */
    size_t current; /* the file that was started last */
};

#endif
