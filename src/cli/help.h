/* SPDX-License-Identifier: MIT */
/* The help, made from the tables of commands and options. */
#ifndef QUANT_CLI_HELP_H
#define QUANT_CLI_HELP_H

#include "cli/command.h"

/* -h, --help: every command has it behind its own rows. */
extern const struct option_row help_row;

/* Prints the help of one command to stdout; with command->name NULL, that of quant as a whole. */
void help_print(const struct command *command);

#endif
