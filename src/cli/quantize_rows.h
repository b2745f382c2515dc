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

#endif
