/* SPDX-License-Identifier: MIT */
/* The INPUTs of a command line: first those named on it, then those in the list of --files-from,
 * each in order. */
#ifndef QUANT_CLI_INPUT_LIST_H
#define QUANT_CLI_INPUT_LIST_H

#include <quant/directory.h>

#include "cli/command.h"
#include "cli/option_values.h"

struct files_from_options {
    const char *path; /* the list; "-": standard input; NULL: none */
    bool null;        /* names end in NUL, not in a newline */
    bool is_recursive;
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
        {.name = "null",                                                                           \
         .help = "names in the FILE of --files-from end in NUL, as from 'find -print0'",           \
         .parse = value_flag,                                                                      \
         .offset = (base) + offsetof(struct files_from_options, null)},                            \
    {                                                                                              \
        .brief = 'r', .name = "recursive",                                                         \
        .help = "descend into the directories of an INPUT that is a directory",                    \
        .parse = value_flag, .offset = (base) + offsetof(struct files_from_options, is_recursive)  \
    }

/* Where a name comes from. */
struct input_origin {
    const struct quant_directory *directory; /* NULL: it was named itself */
    const struct quant_directory_file *file;
};

struct input_list {
    char *const *names;
    size_t n;
    struct input_origin *origins;        /* owned: of each name; NULL: no INPUT is a directory */
    bool has_failed;                     /* a directory could not be used, after a message */
    char **owned;                        /* names, if a list was read or a directory listed */
    char *text;                          /* owned: the list */
    struct quant_directory *directories; /* owned */
    size_t ndirectories;
};

/* Takes the nnamed names of the command line and reads the list, if there is one. Empty lines are
 * skipped; the name '-' is standard input, as on the command line. Memory: the list, and one
 * pointer per name. Returns EXIT_DONE, or another status after
 * a message. Release it in either case. */
int input_list_init(struct input_list *list, const struct command *command,
                    const struct files_from_options *options, char *const *named, size_t nnamed);

/* The exit status of a command whose work on the list ended with `status`: EXIT_FAILED if a
 * directory could not be used. */
static inline int input_list_status(const struct input_list *list, int status)
{
    return list->has_failed && status != EXIT_USAGE ? EXIT_FAILED : status;
}

void input_list_release(struct input_list *list);

#endif
