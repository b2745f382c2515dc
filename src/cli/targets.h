/* SPDX-License-Identifier: MIT */
/*
 * Which output belongs to which input: what -o, --output-dir, --to and --sidecar mean for the
 * inputs of one command line, and everything that can be wrong with them before any work is done.
 */
#ifndef QUANT_CLI_TARGETS_H
#define QUANT_CLI_TARGETS_H

#include <quant/file.h>

#include "cli/command.h"
#include "cli/output_directory.h"

/* What the command line says; NULL where it says nothing. */
struct target_options {
    const char *output;
    const char *directory;
    const char *format;
    const char *sidecar;
    bool force;
};

struct targets {
    const struct target_options *options;
    size_t n;
    char *const *inputs;
    char **outputs;       /* owned, each NULL where none is written */
    struct folder folder; /* that of --output-dir */
    bool has_scales;      /* there may be a file of scales beside each sidecar */
    const char *report;   /* the file of --report-file; NULL: none */
    bool report_is_taken; /* it is one of the files that are read or written */
    char **clashes;       /* owned: for each input what targets_clash says, NULL where nothing; or
                           * NULL */
};

/* Usage errors that do not depend on the command: none or too many inputs for -o, --sidecar and
 * --output-dir, '-' twice. EXIT_DONE, or EXIT_USAGE and told. */
int targets_check(const struct command *command, const struct target_options *options,
                  char *const *inputs, size_t n);

/* The usage error of an -o whose extension is not one of a format that is written, or states
 * another type than dtype, that of the output's elements, where --to does not say the format.
 * EXIT_DONE, or EXIT_USAGE and told. */
int targets_check_extension(const struct command *command, const struct target_options *options,
                            enum quant_dtype dtype);

/* Whether an input's output is standard output: '-o -', or input '-' without -o. */
bool targets_to_stdout(const struct target_options *options, const char *input);

/* Whether output leads to a terminal that is to be spared binary data. */
bool targets_is_terminal(const struct target_options *options, const char *output);

/* Names the outputs, by tag where they have no name yet; none where is_writing is false. EXIT_DONE,
 * or EXIT_FAILED (no memory) and told. To be released in either case. */
int targets_init(struct targets *targets, const struct target_options *options, char *const *inputs,
                 size_t n, const char *tag, bool is_writing);

/* Makes the directory and finds the inputs whose outputs would destroy files of others, and whether
 * the report would. others are nothers further paths that are read; entries may be NULL. EXIT_DONE,
 * or EXIT_FAILED with a message, and then nothing has changed. */
int targets_prepare(struct targets *targets, bool has_sidecars, const char *const *others,
                    size_t nothers);

/* Whether the i-th input must be left alone because of its outputs: error then says why. */
bool targets_clash(const struct targets *targets, size_t i, struct quant_error *error);

/* The default name of a sidecar: path with ".json" added, to be freed. NULL: no memory. */
char *targets_sidecar_name(const char *path);

void targets_release(struct targets *targets);

#endif
