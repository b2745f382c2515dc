/* SPDX-License-Identifier: MIT */
/*
 * The interface between `quant` and its commands.
 *
 * To add a command: write cmd_NAME.c with one `const struct command` at its end, declare it below,
 * and add a row to commands.c. Dispatch, `quant help` and the suggestions for mistyped names
 * iterate the table.
 *
 * A command prints data, reports and listings to stdout, everything else through message.h, and
 * returns an exit status. It does not call exit: main flushes stdout and raises caught signals.
 */
#ifndef QUANT_CLI_COMMAND_H
#define QUANT_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/option_row.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,   /* something failed; the rest was done */
    EXIT_USAGE = 2,    /* the command line is wrong; nothing was done */
    EXIT_THRESHOLD = 3 /* all was done, but a --fail-if condition was true */
};

/* The words that METHOD of an option can be, for the help. */
struct command_list {
    const char *heading;
    /* Writes the name of the i-th word and returns its description; NULL past the last. */
    const char *(*row)(size_t i, char *name, size_t room);
};

/* A command line for the help. A test runs every one. */
struct command_example {
    const char *line;   /* what follows "quant "; NULL ends the array */
    const char *effect; /* what it does: a line without capital or full stop */
};

struct command {
    const char *name;    /* NULL: `quant` itself */
    const char *alias;   /* NULL: none */
    const char *summary; /* a line without capital or full stop, for the list of commands */
    const char *usage;   /* what follows "quant " in the help */
    const struct option_row *options;       /* ends in a row without a name; NULL: only --help */
    const struct command_list *list;        /* printed after the options. NULL: nothing */
    const char *notes;                      /* text of the long help, ends in a newline, or NULL */
    const struct command_example *examples; /* the short help shows the first. NULL: none */
    const char *failure; /* what exit status 1 means; NULL: other INPUTs were still processed */
    bool computes;       /* the environment is read before it runs */
    int (*run)(const struct command *self, int argc, char **argv);
};

/* `quant` itself: its options and its help. */
extern const struct command command_root;

extern const struct command command_calibrate;
extern const struct command command_compare;
extern const struct command command_dequant;
extern const struct command command_drift;
extern const struct command command_help;
extern const struct command command_inspect;
extern const struct command command_quantize;
extern const struct command command_types;
extern const struct command command_verify;
extern const struct command command_version;

/* `quant version`, for -V of any command. An exit status. */
int version_print(void);

/* The i-th command, in the order of the help; NULL past the last. */
const struct command *command_at(size_t i);

/* Finds a command by its name or alias; NULL after an error message. */
const struct command *command_find(const char *name);

#endif
