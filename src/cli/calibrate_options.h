/* SPDX-License-Identifier: MIT */
/* The options of `quant calibrate`, and which of them exclude each other. */
#ifndef QUANT_CLI_CALIBRATE_OPTIONS_H
#define QUANT_CLI_CALIBRATE_OPTIONS_H

#include "cli/quantize_options.h"

struct part_option {
    bool given;
    bool has_position;
    uint64_t position;
};

struct calibrate_options {
    struct quantize_options mapping; /* only the fields that have rows */
    int scheme;                      /* from 1; 0: not given */
    struct given_double ema;
    struct part_option partial;
    const char *continue_from;
    bool merge;
};

/* The name of the option that asks for groups; NULL: none is given. */
const char *calibrate_options_group(const struct calibrate_options *options);

/* Checks the options, and that there are inputs. Returns EXIT_DONE, or EXIT_USAGE after a message.
 */
int calibrate_options_check(const struct command *self, const struct calibrate_options *options,
                            char *const *inputs, size_t n);

#endif
