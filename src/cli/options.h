/* SPDX-License-Identifier: MIT */
/* Parses a command line by the tables of option_row.h. It uses getopt_long, so GNU conventions
 * hold. */
#ifndef QUANT_CLI_OPTIONS_H
#define QUANT_CLI_OPTIONS_H

#include "cli/command.h"

/*
 * Reads argv[1..] by command->options into the struct at values, which holds the defaults. Returns
 * true if all went well: the other arguments are then argv[*first..argc-1]. Returns false if the
 * program should exit with *status: the help, the version or an error has been printed. If
 * command->name is NULL, reading stops at the first argument that is not an option; else options
 * and other arguments may be mixed up to "--".
 */
bool options_parse(const struct command *command, int argc, char **argv, void *values, int *first,
                   int *status);

#endif
