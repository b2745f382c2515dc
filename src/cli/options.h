/* SPDX-License-Identifier: MIT */
/*
 * Options as tables. A row says everything there is to know about one option: its names, its
 * argument, its help, and where its value goes in the command's own struct of options. The parser
 * (getopt_long underneath, so GNU conventions hold), the help and the errors come from the rows.
 *
 * To add an option: add a row to its command's table, a field to the command's struct, and, if
 * values.h has no reader for its kind of value, a reader there. Every command has -h, --help and
 * -V, --version without a row.
 *
 * To rename an option: change the row's name and add a row that keeps the old one, as in
 * {.name = "calibrate", .alias_of = "method"}. The help and the suggestions do not show it.
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

/* Reads text, the option's argument, into field; text is NULL for a flag, and if an optional
 * argument was left out. Returns false if it is not a value of this option: the message then says
 * reason->text, or else what the row expects. */
typedef bool option_parse_fn(const struct option_row *row, const char *text, void *field,
                             struct option_reason *reason);

struct option_row {
    const char *heading;  /* of the group that this row begins, else NULL */
    const char *name;     /* the long option; NULL ends the table */
    const char *argument; /* what the help calls it; NULL: takes none */
    const char *help;     /* without capital or full stop */
    const char *initial;  /* the default, for the help, or NULL */
    const char *expected; /* what a value has to be, for the error; NULL: one of the choices */
    const char *(*choice)(size_t i); /* the i-th accepted word, NULL past the last; or NULL */
    bool help_names_choices;         /* help explains each choice: they are not listed after it */
    const char *(*synonym)(const char *word); /* the choice that word stands for, else word; NULL:
                                               * there are no other words */
    option_parse_fn *parse;
    size_t offset;    /* of its field in the command's struct */
    char brief;       /* the short option's letter, 0 if there is none */
    bool is_optional; /* the argument may be left out: --name[=ARGUMENT] */
    bool is_common;   /* one of the few that -h shows */

    /* Another name for the row called alias_of in the same table: only the name is set beside these
     * two. With a value it takes no argument, and means that row with this argument. */
    const char *alias_of;
    const char *value;
};

/*
 * Reads argv[1..] by command->options into the struct at values, which holds the defaults. True:
 * the arguments left are argv[*first..argc-1]. False: exit with *status, since the help or the
 * version was asked for and printed, or an error has been printed. With command->name NULL reading
 * stops at the first argument that is not an option, else options and others may mix up to "--".
 */
bool options_parse(const struct command *command, int argc, char **argv, void *values, int *first,
                   int *status);

#endif
