/* SPDX-License-Identifier: MIT */
/* --fail-if METRIC>VALUE: conditions on the figures of a report that make the exit status 3. */
#ifndef QUANT_CLI_THRESHOLD_H
#define QUANT_CLI_THRESHOLD_H

#include <quant/quant.h>

#include "cli/options.h"

enum threshold_relation {
    THRESHOLD_LESS = 0,
    THRESHOLD_LESS_EQUAL,
    THRESHOLD_GREATER,
    THRESHOLD_GREATER_EQUAL
};

struct threshold {
    const struct quant_figure *figure;
    bool is_total; /* of all tensors together, else of each */
    enum threshold_relation relation;
    double value;
};

struct threshold_list {
    struct threshold *items; /* owned; NULL if empty */
    size_t n;
};

/* Reads a condition and adds it to a struct threshold_list. */
option_parse_fn threshold_parse;

/* Checks the conditions on the tensor at path, or with is_total those on all tensors together.
 * Prints a message for each condition that is met; returns true if any is. A figure without a value
 * meets its condition: a missing measurement must not pass. There are two exceptions: sqnr_db if
 * there is no error, and figures other than counts if there are no elements. */
bool threshold_is_met(const struct threshold_list *list, bool is_total,
                      const struct quant_report *report, const char *path);

void threshold_release(struct threshold_list *list);

#endif
