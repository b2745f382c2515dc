/* SPDX-License-Identifier: MIT */
/* `quant version`: which quant this is, and which kernels it runs here. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"

static int run(const struct command *self, int argc, char **argv)
{
    int first;
    int status;
    if (!options_parse(self, argc, argv, NULL, &first, &status))
        return status;
    if (first < argc)
        return message_usage(self->name, "unexpected argument '%s'", argv[first]);
    printf("quant %s\n", quant_version());
    const char *current = quant_isa_current();
    for (size_t i = 0; quant_isa_name(i); i++) {
        const char *name = quant_isa_name(i);
        const char *state = strcmp(name, current) == 0 ? "in use"
                            : quant_isa_supported(i)   ? "available"
                                                       : "not supported here";
        printf("kernels: %-8s %-19s %s\n", name, state, quant_isa_summary(i));
    }
    return EXIT_DONE;
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version, and the kernel sets with the one that runs",
    .usage = "version",
    .epilogue = "QUANT_ISA=NAME in the environment picks a kernel set; all give the same bytes.\n",
    .computes = true,
    .run = run,
};
