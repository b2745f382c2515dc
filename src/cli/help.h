/* SPDX-License-Identifier: MIT */
/* The help, made from the tables of commands and options. */
#ifndef QUANT_CLI_HELP_H
#define QUANT_CLI_HELP_H

#include "cli/command.h"

/* -h, --help and -V, --version: every command has them after its own rows. */
extern const struct option_row help_row;
extern const struct option_row version_row;

/* --help: prints everything about one command to stdout; with command->name NULL, about quant as a
 * whole. */
void help_print(const struct command *command);

/* -h: prints the common options and one example. */
void help_print_short(const struct command *command);

#endif
