/* SPDX-License-Identifier: MIT */
/*
 * Options as tables. A row says everything there is to know about one option: its names, its
 * argument, its help, and where its value goes in the command's own struct of options. The parser
 * (getopt_long underneath, so GNU conventions hold), the help and the errors come from the rows.
 *
 * To add an option: add a row to its command's table, a field to the command's struct, and, where
 * values.h has no reader for its kind of value, a reader there. -h, --help is there by itself.
 */
#ifndef QUANT_CLI_OPTIONS_H
#define QUANT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct command;
struct option_row;

/* What is wrong with a value, where the row's own words do not say it. */
struct option_reason {
    char text[512];
};

/* Reads text, the option's argument, into field; text is NULL for a flag, and where an optional
 * argument was left out. Returns false where it is not a value of this option: the message then
 * says reason->text, or else what the row expects. */
typedef bool option_parse_fn(const struct option_row *row, const char *text, void *field,
                             struct option_reason *reason);

struct option_row {
    const char *heading;  /* of the group that this row begins, else NULL */
    const char *name;     /* the long option; NULL ends the table */
    const char *argument; /* what the help calls it; NULL: takes none */
    const char *help;     /* without capital or full stop */
    const char *initial;  /* what holds where the option is not given, for the help, or NULL */
    const char *expected; /* what a value has to be, for the error; NULL: one of the choices */
    const char *(*choice)(size_t i); /* the i-th accepted word, NULL past the last; or NULL */
    option_parse_fn *parse;
    size_t offset;    /* of its field in the command's struct */
    char brief;       /* the short option's letter, 0 where there is none */
    bool is_optional; /* the argument may be left out: --name[=ARGUMENT] */
};

/*
 * Reads argv[1..] by command->options into the struct at values, which holds the defaults. True:
 * what is left are argv[*first..argc-1]. False: exit with *status, since the help was asked for and
 * printed, or the error has been told. With command->name NULL reading stops at the first argument
 * that is no option, else options and others may mix up to "--".
 */
bool options_parse(const struct command *command, int argc, char **argv, void *values, int *first,
                   int *status);

#endif
