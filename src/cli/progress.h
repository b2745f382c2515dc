/* SPDX-License-Identifier: MIT */
/* One line on standard error that is rewritten while a file is worked on, and gone at the end. */
#ifndef QUANT_CLI_PROGRESS_H
#define QUANT_CLI_PROGRESS_H

#include <quant/file.h>
#include <stdbool.h>

enum progress_mode {
    PROGRESS_AUTO = 0, /* on a terminal, for work that takes more than a second */
    PROGRESS_ALWAYS,
    PROGRESS_NEVER
};

struct progress {
    bool is_wanted;
    double delay;     /* seconds before the line first appears */
    double began;     /* seconds of the monotonic clock */
    double last_told; /* 0: not yet */
    int width;        /* bytes of the line that stands there */
    char name[48];    /* of the file, masked and cut */
};

void progress_begin(struct progress *progress, enum progress_mode mode, const char *path);

/* A quant_progress_fn whose context is the struct progress. */
void progress_update(void *context, uint64_t done, uint64_t total);

/* Wipes the line: to be called before anything else is written. */
void progress_end(struct progress *progress);

#endif
