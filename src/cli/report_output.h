/* SPDX-License-Identifier: MIT */
/* Where a report is printed: standard output, or a file that appears whole or not at all. */
#ifndef QUANT_CLI_REPORT_OUTPUT_H
#define QUANT_CLI_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/targets.h"

/* All zeros, it can be discarded. */
struct report_output {
    FILE *stream;
    const char *path; /* NULL: standard output */
    char *temporary;  /* owned; NULL: the stream is what path names, a device or a pipe */
    bool force;       /* a file of that name may be replaced */
    bool has_failed;  /* there was a message */
};

/* NULL, "-", or the file that standard output is by another name, such as /dev/stdout. */
bool report_output_is_stdout(const char *path);

/* path is the report of the targets. Their files are never replaced, other files only with --force.
 * False after a message. */
bool report_output_open(struct report_output *output, const char *path,
                        const struct targets *targets);

/* Checks that the report does not replace a file that was read, whose path may be NULL. False after
 * a message; it cannot be committed then. */
bool report_output_spare(struct report_output *output, const char *path);

/* Hands on what was printed so far. False after a message, if there was one to give. */
bool report_output_flush(struct report_output *output);

/* Gives the file its name. False after a message; the file is then as it was. */
bool report_output_commit(struct report_output *output);

/* Removes what was not committed. */
void report_output_discard(struct report_output *output);

#endif
