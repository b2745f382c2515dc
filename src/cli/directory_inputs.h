/* SPDX-License-Identifier: MIT */
/* Directories among the INPUTs. */
#ifndef QUANT_CLI_DIRECTORY_INPUTS_H
#define QUANT_CLI_DIRECTORY_INPUTS_H

#include "cli/input_list.h"

/* What a command looks for in directories. */
struct directory_rules {
    enum quant_directory_finds finds;
    const char *output; /* the directory of the outputs; NULL: none */
    bool needs_output;  /* and there must be one */
    bool quiet;
};

/* input_list_init, and then puts the files of each directory of the list in its place. Returns
 * EXIT_DONE, also if only some of several INPUTs could be used, or another status after a message.
 * Release the list in either case. */
int directory_inputs_init(struct input_list *list, const struct command *command,
                          const struct files_from_options *options,
                          const struct directory_rules *rules, char *const *named, size_t nnamed);

#endif
