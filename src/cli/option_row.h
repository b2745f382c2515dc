/* SPDX-License-Identifier: MIT */
/*
 * An option is a row of a table. The row describes it completely: its names, its argument, its
 * help, and where its value is stored in the struct of the command. The parser, the help and the
 * errors come from the rows.
 *
 * To add an option: add a row to its command's table, a field to the command's struct, and, if
 * option_values.h has no reader for its kind of value, a reader there. Every command has -h, --help
 * and -V, --version without a row.
 *
 * To rename an option: change the row's name and add a row that keeps the old one, as in
 * {.name = "calibrate", .alias_of = "method"}. The help and the suggestions do not show it.
 */
#ifndef QUANT_CLI_OPTION_ROW_H
#define QUANT_CLI_OPTION_ROW_H

#include <stdbool.h>
#include <stddef.h>

struct option_row;

/* What is wrong with a value, if the text of the row does not say it. */
struct option_reason {
    char text[512];
};

/* Reads text, the argument of the option, into field. text is NULL for a flag, or if an optional
 * argument was left out. Returns false if text is not a value of this option: the message then
 * contains reason->text, or else what the row expects. */
typedef bool option_parse_fn(const struct option_row *row, const char *text, void *field,
                             struct option_reason *reason);

struct option_row {
    const char *heading;  /* of the group that this row begins, else NULL */
    const char *name;     /* the long option; NULL ends the table */
    const char *argument; /* its name in the help; NULL: takes no argument */
    const char *help;     /* without capital or full stop */
    const char *initial;  /* the default, for the help, or NULL */
    const char *expected; /* what a value must be, for the error; NULL: one of the choices */
    const char *(*choice)(size_t i); /* the i-th accepted word, NULL past the last; or NULL */
    bool help_names_choices;         /* help explains each choice: they are not listed after it */
    const char *(*synonym)(const char *word); /* the choice that word stands for, else word; NULL:
                                               * there are no other words */
    option_parse_fn *parse;
    size_t offset;    /* of its field in the struct of the command */
    char brief;       /* the short option's letter, 0 if there is not one */
    bool is_optional; /* the argument may be left out: --name[=ARGUMENT] */
    bool is_common;   /* -h shows it too */

    /* The option begins a section of the command line, up to the next such option: the options
     * after it go into the struct that this returns, which is like that of the command. NULL: no
     * memory. In a section only rows with in_section are allowed. */
    void *(*begin_section)(void *field, const char *text);
    bool in_section;

    /* Another name for the row called alias_of in the same table; besides these two, only the name
     * is set. With a value it takes no argument: it means that row with this argument. */
    const char *alias_of;
    const char *value;
};

#endif
