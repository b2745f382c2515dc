/* SPDX-License-Identifier: MIT */
/* Options of the commands that write: how the work on the files is done, apart from what is done.
 */
#ifndef QUANT_CLI_WAY_OPTIONS_H
#define QUANT_CLI_WAY_OPTIONS_H

#include <quant/file.h>

#include "cli/command.h"
#include "cli/option_values.h"
#include "cli/report_options.h"
#include "cli/shard.h"

struct way_options {
    int resume; /* 0: not given; 1, or 2: fast */
    bool fail_fast;
    bool dry_run;
    bool verbose;
    bool sync;
    struct given_shard shard;
};

/* Their rows, as initializers; base is the offset of the struct way_options in the command's. They
 * follow other rows of the output. */
#define WAY_ROWS(base)                                                                             \
    {.name = "resume",                                                                             \
     .argument = "HOW",                                                                            \
     .is_optional = true,                                                                          \
     .help = "go on after an earlier run: leave outputs that are complete; check compares their "  \
             "bytes, fast trusts sizes and times",                                                 \
     .help_names_choices = true,                                                                   \
     .initial = "check",                                                                           \
     .choice = choice_resume,                                                                      \
     .parse = value_choice_from_1,                                                                 \
     .offset = (base) + offsetof(struct way_options, resume),                                      \
     .is_common = true},                                                                           \
        {.brief = 'n',                                                                             \
         .name = "dry-run",                                                                        \
         .help =                                                                                   \
             "read headers only; print what would be written, how large, and whether it fits; "    \
             "with --report=json as JSON",                                                         \
         .parse = value_flag,                                                                      \
         .offset = (base) + offsetof(struct way_options, dry_run),                                 \
         .is_common = true},                                                                       \
        {.name = "fail-fast",                                                                      \
         .help = "begin no other INPUT after the first that fails",                                \
         .parse = value_flag,                                                                      \
         .offset = (base) + offsetof(struct way_options, fail_fast)},                              \
        {.name = "sync",                                                                           \
         .help = "wait until the disk has each output, before it gets its name: a power cut then " \
                 "leaves no damaged file",                                                         \
         .parse = value_flag,                                                                      \
         .offset = (base) + offsetof(struct way_options, sync)},                                   \
    {                                                                                              \
        .name = "shard", .argument = "I/N",                                                        \
        .help = "work on the I-th of N shares of the INPUTs, from 0; auto takes I and N from "     \
                "Slurm, Open MPI, MPICH or PMIx",                                                  \
        .expected = "I/N with I from 0 to N-1, or auto", .parse = value_shard,                     \
        .offset = (base) + offsetof(struct way_options, shard)                                     \
    }

#define VERBOSE_ROW(base)                                                                          \
    {                                                                                              \
        .brief = 'v', .name = "verbose",                                                           \
        .help = "say for which outputs free space could not be checked; with --dry-run list "      \
                "the tensors of each file",                                                        \
        .parse = value_flag, .offset = (base) + offsetof(struct way_options, verbose)              \
    }

/* The words of --resume. */
const char *choice_resume(size_t i);

/* Checks for options that exclude each other. Returns EXIT_DONE, or EXIT_USAGE after a message. */
int way_options_check(const struct command *command, const struct way_options *options,
                      const struct report_options *report, bool force);

/* The member `ways` of a job. */
uint64_t way_options_ways(const struct way_options *options);

#endif
