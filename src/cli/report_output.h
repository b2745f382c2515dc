/* SPDX-License-Identifier: MIT */
/* Where a report is printed: standard output, or a file that appears whole or not at all. */
#ifndef QUANT_CLI_REPORT_OUTPUT_H
#define QUANT_CLI_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/targets.h"

/* If all zeros, it can be discarded. */
struct report_output {
    FILE *stream;
    const char *path; /* NULL: standard output */
    char *temporary;  /* owned: the name that it has for now; NULL: none */
    bool is_unnamed;  /* a file without a name; without either, the stream is what path names, a
                       * device or a pipe */
    bool force;       /* a file of that name may be replaced */
    bool has_failed;  /* there was a message */
};

/* Whether path is NULL, "-", or another name of standard output, such as /dev/stdout. */
bool report_output_is_stdout(const char *path);

/* Opens path, the report file of targets. Files of the targets are never replaced, other files only
 * with --force. Returns false after a message. */
bool report_output_open(struct report_output *output, const char *path,
                        const struct targets *targets);

/* Checks that the report does not replace a file that was read; its path may be NULL. Returns false
 * after a message; the report cannot be committed then. */
bool report_output_spare(struct report_output *output, const char *path);

/* Flushes what was printed so far. Returns false after a message (none if the pipe was closed). */
bool report_output_flush(struct report_output *output);

/* Renames the file into place. Returns false after a message; an existing file is then unchanged.
 */
bool report_output_commit(struct report_output *output);

/* Removes what was not committed. */
void report_output_discard(struct report_output *output);

#endif
