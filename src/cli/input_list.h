/* SPDX-License-Identifier: MIT */
/* The INPUTs of a command line: those named on it, in order, and after them those that
 * --files-from reads from a list, in order. */
#ifndef QUANT_CLI_INPUT_LIST_H
#define QUANT_CLI_INPUT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "cli/values.h"

struct files_from_options {
    const char *path; /* of the list, "-": standard input; NULL: none */
    bool null;        /* names in it end in NUL instead of a newline */
};

/* Their rows, as initializers; base is the offset of the struct files_from_options in the
 * command's, first_heading may be NULL. */
#define FILES_FROM_ROWS(base, first_heading)                                                       \
    {.heading = (first_heading),                                                                   \
     .name = "files-from",                                                                         \
     .argument = "FILE",                                                                           \
     .help = "read more INPUTs from FILE, one per line; - is standard input",                      \
     .expected = "a file name or '-'",                                                             \
     .parse = value_text,                                                                          \
     .offset = (base) + offsetof(struct files_from_options, path)},                                \
    {                                                                                              \
        .name = "null",                                                                            \
        .help = "names in the FILE of --files-from end in NUL, as from 'find -print0'",            \
        .parse = value_flag, .offset = (base) + offsetof(struct files_from_options, null)          \
    }

struct input_list {
    char *const *names;
    size_t n;
    char **owned; /* names, where a list was read */
    char *text;   /* owned: the list */
};

/* Takes the nnamed names of the command line and reads the list, if options name one. Empty lines
 * are skipped; a name '-' is standard input, as on the command line. Memory is that of the list and
 * a pointer a name. EXIT_DONE, or another status with a message. To be released in either case. */
int input_list_init(struct input_list *list, const struct command *command,
                    const struct files_from_options *options, char *const *named, size_t nnamed);

void input_list_release(struct input_list *list);

#endif
