/* SPDX-License-Identifier: MIT */
/*
 * Many files, several at a time. The work on files is spread over threads; what is told of them
 * comes one after the other, in the order of the command line. A single file, and the last of many,
 * get the threads that have nothing else to do.
 */
#ifndef QUANT_CLI_BATCH_H
#define QUANT_CLI_BATCH_H

#include <quant/file.h>

#include "cli/progress.h"

struct batch_options {
    unsigned threads; /* 0: one a processor */
    enum progress_mode progress;
};

/* The i-th file, what is kept of it at place number `place`, from work to deliver. */
struct batch_item {
    size_t i;
    unsigned place;
    unsigned threads;          /* for the library's share of the work */
    struct progress *progress; /* for the library to update; NULL: files are counted instead */
};

struct batch {
    size_t n;
    const char *const *names; /* of the files, for the progress line */
    void *context;
    void (*work)(void *context, const struct batch_item *item);
    int (*deliver)(void *context, const struct batch_item *item); /* tells; an exit status */
};

/* How many places there will be: what the context needs room for. */
unsigned batch_places(const struct batch_options *options, size_t n);

/* The worst of the exit statuses: a failure counts more than a threshold. A signal ends it early.
 */
int batch_run(const struct batch *batch, const struct batch_options *options);

#endif
