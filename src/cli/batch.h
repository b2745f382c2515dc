/* SPDX-License-Identifier: MIT */
/*
 * The files of a command line, which the library works on in one call: its threads, its progress,
 * and the reports of what it has done, which come in the order of the command line.
 */
#ifndef QUANT_CLI_BATCH_H
#define QUANT_CLI_BATCH_H

#include <quant/file.h>

#include "cli/numbers.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/totals.h"

struct batch_options {
    unsigned threads; /* 0: not given */
    int progress;     /* enum progress_mode */
    bool quiet;       /* overrides progress */
};

/* Their rows, as initializers; base is the offset of the struct batch_options in the command's.
 * silent is what --quiet leaves out. */
#define BATCH_ROWS(base, silent)                                                                   \
    {.heading = "Running:",                                                                        \
     .brief = 'j',                                                                                 \
     .name = "threads",                                                                            \
     .argument = "N",                                                                              \
     .help = "use N threads; 0 is one per processor; the results do not depend on N",              \
     .initial = "QUANT_THREADS, else 0",                                                           \
     .expected = NUMBER_THREADS_EXPECTED,                                                          \
     .parse = value_threads,                                                                       \
     .offset = (base) + offsetof(struct batch_options, threads)},                                  \
        {.name = "progress",                                                                       \
         .argument = "WHEN",                                                                       \
         .help = "show progress on standard error: always, never, or auto (on a terminal, after "  \
                 "one second)",                                                                    \
         .help_names_choices = true,                                                               \
         .initial = "auto",                                                                        \
         .choice = choice_progress,                                                                \
         .parse = value_choice,                                                                    \
         .offset = (base) + offsetof(struct batch_options, progress)},                             \
    {                                                                                              \
        .brief = 'q', .name = "quiet", .help = "print no " silent, .is_common = true,              \
        .parse = value_flag, .offset = (base) + offsetof(struct batch_options, quiet)              \
    }

/* The total number of threads: -j, else QUANT_THREADS, else one per processor, but at most
 * QUANT_MOST_THREADS. */
unsigned batch_threads(const struct batch_options *options);

struct batch {
    size_t n;
    const char *const *names; /* of the files, for the progress line */
    void *context;

    /* Calls the library with this control and all files. */
    enum quant_status (*run)(void *context, const struct quant_control *control,
                             struct quant_error *error);

    /* Reports a tensor of a container, if it is not NULL; false: no memory, after a message. */
    bool (*tensor)(void *context, const struct quant_tensor_result *result);

    /* Reports a file, after its tensors; returns an exit status. */
    int (*file)(void *context, const struct quant_file_result *result);

    bool prints;           /* the reports go to standard output */
    bool only_prints;      /* there is no other output: if a write fails, the work ends */
    struct totals *totals; /* gets nfiles, nunbegun and seconds; file adds to the rest */
    bool verbose;          /* say which outputs were written without a look at free space */
};

/* The worst of the exit statuses: a failure counts more than a threshold. A signal ends it early.
 * EXIT_FAILED after a message if there is no memory or pipe. */
int batch_run(const struct batch *batch, const struct batch_options *options);

#endif
