/* SPDX-License-Identifier: MIT */
/* The options for measuring and reporting, shared by all commands that measure. */
#ifndef QUANT_CLI_REPORT_OPTIONS_H
#define QUANT_CLI_REPORT_OPTIONS_H

#include "cli/command.h"
#include "cli/option_values.h"
#include "cli/report_rows.h"
#include "cli/threshold.h"

struct report_options {
    int kind;         /* the number of the kind, from 1; 0: none */
    const char *file; /* the output file; NULL: standard output */
    struct given_sort sort;
    uint64_t top; /* 0: all */
    struct threshold_list thresholds;
};

/* The i-th kind's name, NULL past the last. */
const char *report_kind_name(size_t i);

/* The key of a figure or "path", with '-' before it to reverse the order. */
option_parse_fn report_sort_parse;

/* Whether any figures are needed. */
bool report_options_measure(const struct report_options *options);

/* Whether a report is printed to standard output. */
bool report_options_to_stdout(const struct report_options *options);

/* Checks for options of a report without '--report'. Returns EXIT_DONE, or EXIT_USAGE after a
 * message. */
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
     .parse = value_choice_from_1,                                                                 \
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
         .help = "report only the first N tensors; they are sorted by mse without --sort",         \
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
