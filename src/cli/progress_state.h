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

#endif
