/* SPDX-License-Identifier: MIT */
/* `quant version`: prints the version and the kernel sets of this machine. */
#include <quant/file.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "cli/options.h"

static void print_kernels(void)
{
    const char *current = quant_isa_current();
    for (size_t i = 0; quant_isa_at(i); i++) {
        const char *name = quant_isa_at(i)->name;
        const char *state = strcmp(name, current) == 0        ? "in use"
                            : quant_isa_at(i)->is_supported() ? "available"
                                                              : "not supported here";
        printf("kernels: %-8s %-19s %s\n", name, state, quant_isa_at(i)->summary);
    }
}

int version_print(void)
{
    if (!environment_apply())
        return EXIT_USAGE;
    printf("quant %s\n", quant_version());
    print_kernels();
    const unsigned threads = environment_threads();
    if (threads > 0)
        printf("threads: %u, from QUANT_THREADS\n", threads);
    else
        printf("threads: %u, one per processor\n", quant_processors());
    return EXIT_DONE;
}

static int run(const struct command *self, int argc, char **argv)
{
    int first;
    int status;
    if (!options_parse(self, argc, argv, NULL, &first, &status))
        return status;
    if (first < argc)
        return message_usage(self->name, "unexpected argument '%s'", argv[first]);
    return version_print();
}

static const char notes[] =
    "The environment variable QUANT_ISA selects a kernel set, QUANT_THREADS sets the\n"
    "default of -j. Neither changes any result.\n";

const struct command command_version = {
    .name = "version",
    .summary = "print the version, the kernel sets and the number of threads",
    .usage = "version",
    .notes = notes,
    .computes = true,
    .run = run,
};
