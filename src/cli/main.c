/* SPDX-License-Identifier: MIT */
/* The program: finds the command, runs it, and returns its exit status. */
#include <locale.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

static const char notes[] =
    "Environment:\n"
    "  QUANT_ISA      kernel set to use; 'quant version' lists them\n"
    "  QUANT_THREADS  default of -j\n"
    "  NO_COLOR       if set and not empty, reports have no colours\n"
    "\n"
    "'quant help COMMAND' explains a command.\n"
    "Outputs are written whole or not at all, even if a signal ends the program.\n";

static int dispatch(const struct command *self, int argc, char **argv)
{
    int first;
    int status;
    if (!options_parse(self, argc, argv, NULL, &first, &status))
        return status;
    if (first == argc)
        return message_usage(NULL, "no COMMAND given");
    const struct command *command = command_find(argv[first]);
    if (!command || (command->computes && !environment_apply()))
        return EXIT_USAGE;
    return command->run(command, argc - first, argv + first);
}

const struct command command_root = {
    .summary =
        "quantize tensor files to small integers or floats, restore them, and measure the error. "
        "Scales and zero points are stored in a JSON file, the sidecar",
    .usage = "COMMAND [OPTION]... [INPUT]...\nhelp [COMMAND]",
    .notes = notes,
    .run = dispatch,
};

int main(int argc, char **argv)
{
    streams_reserve();
    streams_wait();
    streams_buffer();
    setlocale(LC_CTYPE, ""); /* to mask messages; numbers keep the decimal point */
    int status = command_root.run(&command_root, argc, argv);
    if (!streams_flush() && status != EXIT_USAGE)
        status = EXIT_FAILED;
    streams_release();
    signals_finish();
    return status;
}
