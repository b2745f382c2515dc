/* SPDX-License-Identifier: MIT */
/* What is measured, and what is done with the figures: the options of all commands that measure. */
#ifndef QUANT_CLI_REPORT_OPTIONS_H
#define QUANT_CLI_REPORT_OPTIONS_H

#include "cli/command.h"
#include "cli/report_rows.h"
#include "cli/threshold.h"
#include "cli/values.h"

struct report_options {
    int kind;         /* 0: none; else the number of the kind, from 1 */
    const char *file; /* where it goes; NULL: standard output */
    struct given_sort sort;
    uint64_t top; /* 0: all */
    struct threshold_list thresholds;
};

/* The i-th kind's name, NULL past the last. */
const char *report_kind_name(size_t i);

/* A figure's key or "path", with '-' before it for the other direction. */
option_parse_fn report_sort_parse;

/* Whether the figures are needed at all. */
bool report_options_measure(const struct report_options *options);

/* Whether a report is printed to standard output. */
bool report_options_to_stdout(const struct report_options *options);

/* Options that say something about a report without asking for one. EXIT_DONE, or EXIT_USAGE after
 * a message. */
int report_options_check(const struct command *command, const struct report_options *options);

void report_options_release(struct report_options *options);

/* Their rows, as initializers; base is the offset of the struct report_options in the command's.
 * report_help says what the figures are about; after ends the help of --fail-if. */
#define REPORT_ROWS(base, first_heading, report_help, after)                                       \
    {.heading = (first_heading),                                                                   \
     .name = "report",                                                                             \
     .argument = "KIND",                                                                           \
     .is_optional = true,                                                                          \
     .help = (report_help),                                                                        \
     .initial = "text",                                                                            \
     .choice = report_kind_name,                                                                   \
     .parse = value_later,                                                                         \
     .offset = (base) + offsetof(struct report_options, kind),                                     \
     .is_common = true},                                                                           \
        {.name = "report-file",                                                                    \
         .argument = "FILE",                                                                       \
         .help = "write the report to FILE",                                                       \
         .initial = "standard output",                                                             \
         .expected = "a file name or '-'",                                                         \
         .parse = value_text,                                                                      \
         .offset = (base) + offsetof(struct report_options, file)},                                \
        {.name = "sort",                                                                           \
         .argument = "KEY",                                                                        \
         .help = "sort the report by KEY of --report=json, worst first, or by path; -KEY "         \
                 "reverses the order",                                                             \
         .initial = "the order of the INPUTs",                                                     \
         .expected = "a key of --report=json or 'path', optionally with '-' before it",            \
         .parse = report_sort_parse,                                                               \
         .offset = (base) + offsetof(struct report_options, sort)},                                \
        {.name = "top",                                                                            \
         .argument = "N",                                                                          \
         .help = "report only the first N files; they are sorted by mse without --sort",           \
         .expected = "an integer from 1 to 2^53",                                                  \
         .parse = value_size,                                                                      \
         .offset = (base) + offsetof(struct report_options, top)},                                 \
    {                                                                                              \
        .name = "fail-if", .argument = "CONDITION",                                                \
        .help = "exit with status 3 if CONDITION is true: METRIC>VALUE (or >=, <, <=); METRIC is " \
                "a key of --report=json, checked for each tensor, or total.KEY, checked for all "  \
                "together; a METRIC without a value counts as true; may be repeated" after,        \
        .expected = "METRIC>VALUE (or >=, <, <=), such as 'mse>1e-6'", .parse = threshold_parse,   \
        .offset = (base) + offsetof(struct report_options, thresholds), .is_common = true          \
    }

#endif
