/* SPDX-License-Identifier: MIT */
/*
 * The figures of the files that a command measures: printed in one of several kinds, added up, and
 * checked against the conditions of --fail-if.
 *
 * To add a kind: write report_NAME.c with one `const struct report_kind` at its end, declare it
 * below, and add a row to report.c. The option, its help and its errors iterate the table.
 */
#ifndef QUANT_CLI_REPORT_H
#define QUANT_CLI_REPORT_H

#include <quant/file.h>
#include <stdbool.h>

#include "cli/report_options.h"
#include "cli/report_output.h"
#include "cli/report_rows.h"
#include "cli/report_subject.h"

struct report;

struct report_kind {
    const char *name; /* of --report=NAME */
    /* Prints one file. NULL: rows are kept, and end prints them. */
    bool (*file)(struct report *report, const struct report_subject *subject);
    /* Prints that a file failed, because of this tensor if it is not NULL. NULL: it is not part of
     * the report. */
    bool (*failure)(struct report *report, const char *path, const char *tensor, const char *text);
    /* Prints what comes after the last file. NULL: nothing. */
    bool (*end)(struct report *report);
    /* All three return false if there was no memory. */
    bool keeps_worst; /* end prints the worst tensors: report->worst */
};

extern const struct report_kind report_json;
extern const struct report_kind report_table;
extern const struct report_kind report_text;

/* A report in progress. If all zeros, it can be released. */
struct report {
    const struct report_options *options;
    const struct report_kind *kind; /* NULL: nothing is printed */
    struct report_output output;
    size_t nfiles; /* of the command line */
    size_t nfailed;
    size_t ntensors;     /* measured, in containers and in files of their own */
    bool has_containers; /* at least one file is a container */
    size_t ncopied;      /* tensors of containers that were done */
    uint64_t bytes_copied;
    struct quant_report total; /* of all that were measured */
    struct report_rows rows;   /* owned: what is kept until the end */
    struct report_rows worst;  /* owned: see report_worst.h */
};

/* Opens --report-file, if there is one. EXIT_DONE, or EXIT_FAILED after a message. Release it
 * in either case. */
int report_begin(struct report *report, const struct report_options *options,
                 const struct targets *targets);

/* For each file one of the two, in the order of the command line. The first prints or keeps the
 * figures, if any were asked for, and checks the conditions on them: EXIT_DONE, EXIT_FAILED or
 * EXIT_THRESHOLD. What it prints is flushed. The second also prints the message of message_failure:
 * EXIT_FAILED; tensor is the one of a container that failed, or NULL. */
int report_file(struct report *report, const struct report_subject *subject);
int report_failure(struct report *report, const char *path, const char *tensor,
                   enum quant_status status, const struct quant_error *error);

/* After the tensors of a container, each of which was a call of report_file unless it was copied.
 * nbytes is what the copied ones have. */
void report_end_container(struct report *report, size_t ncopied, uint64_t nbytes);

/* Whether the total says more than the only row. */
bool report_has_total(const struct report *report);

/* "all 200 files", or how many of them were measured; with containers, "all 200 tensors". */
void report_name_total(const struct report *report, char *name, size_t room);

/* Prints what is left, and checks the conditions on all files together. status is the worst of the
 * files'; returns the command's. After a signal it does nothing. */
int report_end(struct report *report, int status);

void report_release(struct report *report);

#endif
