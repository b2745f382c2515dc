/* SPDX-License-Identifier: MIT */
/* `quant help [COMMAND]`: prints the help. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/message.h"
#include "cli/options.h"

static int run(const struct command *self, int argc, char **argv)
{
    int first;
    int status;
    if (!options_parse(self, argc, argv, NULL, &first, &status))
        return status;
    if (argc - first > 1)
        return message_usage(self->name, "one COMMAND at a time, found %d", argc - first);
    const struct command *command = &command_root;
    if (first < argc)
        command = command_find(argv[first]);
    if (!command)
        return EXIT_USAGE;
    help_print(command);
    return EXIT_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "print the help of quant or of a command",
    .usage = "help [COMMAND]",
    .run = run,
};
