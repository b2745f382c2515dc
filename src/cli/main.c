/* SPDX-License-Identifier: MIT */
/* The program: finds the command, runs it, and sees to it that its exit status is the truth. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/message.h"
#include "cli/signals.h"
#include "cli/streams.h"
#include "cli/values.h"

struct main_options {
    bool wants_version;
};

static const struct option_row rows[] = {
    {.name = "version",
     .help = "print the version and exit",
     .parse = value_flag,
     .offset = offsetof(struct main_options, wants_version)},
    {0},
};

static const char epilogue[] =
    "Exit status:\n"
    "  0  all was done\n"
    "  1  something failed; with several inputs the others were done\n"
    "  2  wrong usage; nothing was done\n"
    "  3  all was done, and a --fail-if held\n"
    "A signal ends the program by that signal, with no partial file left.\n"
    "\n"
    "Environment:\n"
    "  QUANT_ISA   the kernel set to use; 'quant version' lists them\n"
    "  NO_COLOR    no colour, where it is set and not empty\n"
    "\n"
    "'quant help COMMAND' tells more about a command; what holds where an option is\n"
    "not given stands there in brackets.\n";

/* QUANT_ISA, where it is set and not empty. */
static int select_isa(void)
{
    const char *name = getenv("QUANT_ISA");
    if (!name || name[0] == '\0' || quant_isa_select(name, NULL) == QUANT_OK)
        return EXIT_DONE;
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; quant_isa_name(i); i++)
        if (quant_isa_supported(i) && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     quant_isa_name(i));
    return message_usage(
        NULL, "no kernel set '%s' runs here, which QUANT_ISA asks for; expected %s", name, list);
}

static int dispatch(const struct command *self, int argc, char **argv)
{
    struct main_options options = {0};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status))
        return status;
    const struct command *command = &command_version;
    if (!options.wants_version) {
        if (first == argc)
            return message_usage(NULL, "no COMMAND given");
        command = command_find(argv[first]);
        if (!command)
            return EXIT_USAGE;
        argc -= first;
        argv += first;
    } else {
        argc = 1;
    }
    if (command->computes && select_isa() != EXIT_DONE)
        return EXIT_USAGE;
    return command->run(command, argc, argv);
}

const struct command command_root = {
    .summary =
        "quantize tensor files to small integers or floats, with scale and zero point in a sidecar "
        "beside them; restore them; measure what was lost",
    .usage = "COMMAND [OPTION]... [INPUT]...\nhelp [COMMAND]",
    .options = rows,
    .epilogue = epilogue,
    .run = dispatch,
};

int main(int argc, char **argv)
{
    streams_reserve();
    streams_buffer();
    setlocale(LC_CTYPE, ""); /* for masking; numbers keep their point */
    int status = command_root.run(&command_root, argc, argv);
    if (!streams_flush() && status != EXIT_USAGE)
        status = EXIT_FAILED;
    signals_finish();
    return status;
}
