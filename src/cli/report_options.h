/* SPDX-License-Identifier: MIT */
/* What is measured, and what is done with the figures: the options of all commands that measure. */
#ifndef QUANT_CLI_REPORT_OPTIONS_H
#define QUANT_CLI_REPORT_OPTIONS_H

#include "cli/report.h"
#include "cli/threshold.h"
#include "cli/values.h"

struct report_options {
    int kind; /* enum report_kind */
    struct threshold_list thresholds;
};

static inline bool report_options_measure(const struct report_options *options)
{
    return options->kind != REPORT_NONE || options->thresholds.n > 0;
}

/* The exit status of a command whose files ended with status and measured total together: a failure
 * counts more than a condition that is met. */
int report_options_finish(const struct report_options *options, const struct quant_report *total,
                          int status);

/* Their rows, as initializers; base is the offset of the struct report_options in the command's.
 * subject is what the figures are about, for the help; after is said at the end of --fail-if's. */
#define REPORT_ROWS(base, first_heading, subject, after)                                           \
    {.heading = (first_heading),                                                                   \
     .name = "report",                                                                             \
     .argument = "KIND",                                                                           \
     .is_optional = true,                                                                          \
     .help = subject,                                                                              \
     .initial = "text",                                                                            \
     .choice = choice_report,                                                                      \
     .parse = value_later,                                                                         \
     .offset = (base) + offsetof(struct report_options, kind)},                                    \
    {                                                                                              \
        .name = "fail-if", .argument = "CONDITION",                                                \
        .help = "exit with status 3 if METRIC>VALUE (or >=, <, <=); METRIC is a key of "           \
                "--report=json, of each tensor, or total.KEY, of all together; a METRIC without "  \
                "a value fails; may be repeated" after,                                            \
        .expected = "METRIC>VALUE (or >=, <, <=), such as 'mse>1e-6'", .parse = threshold_parse,   \
        .offset = (base) + offsetof(struct report_options, thresholds)                             \
    }

#endif
