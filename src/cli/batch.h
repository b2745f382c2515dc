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

struct batch_item {
    size_t i;         /* the i-th file */
    void *context;    /* the batch's */
    void *place;      /* for what is kept of the file from work to deliver */
    unsigned threads; /* for the library's share of the work */
    struct quant_cancel cancel;
    quant_progress_fn *progress; /* NULL: files are counted instead */
    void *progress_context;
};

struct batch {
    size_t n;
    const char *const *names; /* of the files, for the progress line */
    size_t place_bytes; /* of a place: all zeros before its first file, and no pointers owned */
    void *context;
    void (*work)(const struct batch_item *item);
    int (*deliver)(const struct batch_item *item); /* tells; an exit status */
};

/* The worst of the exit statuses: a failure counts more than a threshold. A signal ends it early.
 * Without memory or pipe to begin with: EXIT_FAILED, and told. */
int batch_run(const struct batch *batch, const struct batch_options *options);

#endif
