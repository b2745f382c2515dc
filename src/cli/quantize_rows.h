/* SPDX-License-Identifier: MIT */
/* The option table of `quant quantize`. */
#ifndef QUANT_CLI_QUANTIZE_ROWS_H
#define QUANT_CLI_QUANTIZE_ROWS_H

#include "cli/quantize_options.h"

extern const struct option_row quantize_rows[];

/* Fills in the sections, and checks for options that exclude each other or do not fit the inputs.
 * Returns EXIT_DONE, or EXIT_USAGE after a message. */
int quantize_rows_check(const struct command *command, struct quantize_options *options,
                        char *const *inputs, size_t n);

/* Checks the options of one mapping for those that exclude each other: the global ones, or those of
 * a section. The same. */
int quantize_rows_check_mapping(const struct command *command,
                                const struct quantize_options *options);

#endif
