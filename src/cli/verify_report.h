/* SPDX-License-Identifier: MIT */
/* What `quant verify` prints: a line or a record for what is wrong, and the summary. */
#ifndef QUANT_CLI_VERIFY_REPORT_H
#define QUANT_CLI_VERIFY_REPORT_H

#include <quant/verify.h>

#include "cli/totals.h"

struct verify_report {
    char *const *paths; /* of the files */
    bool is_json;
    bool compares;                      /* with --against */
    bool counts_missing;                /* that names a directory */
    size_t nalike[QUANT_DIFFERENT + 1]; /* tensors, by enum quant_likeness */
    size_t nfaulty;                     /* tensors that have faults */
    size_t nmissing;                    /* files and tensors of SOURCE that no file has */
    struct totals totals;
};

/* Prints what was found of a tensor of a container, or of a file. Returns false after a message: no
 * memory, or standard output cannot be written to. */
bool verify_report_tensor(struct verify_report *report, const struct quant_tensor_result *result);
bool verify_report_file(struct verify_report *report, const struct quant_file_result *result);

/* Prints what no file has. */
bool verify_report_missing(struct verify_report *report, const struct quant_missing *missing);

/* Prints the last record of a JSON report. Returns false after a message. */
bool verify_report_end(const struct verify_report *report);

/* Prints the line on standard error; nothing if the work ended early. */
void verify_report_summary(const struct verify_report *report);

#endif
