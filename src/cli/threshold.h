/* SPDX-License-Identifier: MIT */
/* --fail-if METRIC>VALUE: figures of a report that make the exit status 3. */
#ifndef QUANT_CLI_THRESHOLD_H
#define QUANT_CLI_THRESHOLD_H

#include <quant/quant.h>

#include "cli/options.h"

struct threshold {
    const struct quant_figure *figure;
    bool is_greater; /* holds where the figure is greater than value, else where it is less */
    double value;
};

struct threshold_list {
    struct threshold *items; /* NULL while there is none */
    size_t n;
};

/* The option_parse_fn of a field of struct threshold_list: adds one. */
option_parse_fn threshold_parse;

/* The keys of all figures, for the help. */
const char *threshold_key(const void *context, size_t i);

/* Whether any holds, with a message for each that does. A figure without a value holds nothing. */
bool threshold_holds(const struct threshold_list *list, const struct quant_report *report,
                     const char *path);

void threshold_release(struct threshold_list *list);

#endif
