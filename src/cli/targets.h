/* SPDX-License-Identifier: MIT */
/*
 * Which output belongs to which input: what -o, --output-dir, --to and --sidecar mean for the
 * inputs of one command line, and everything that can be wrong with them before any work is done.
 */
#ifndef QUANT_CLI_TARGETS_H
#define QUANT_CLI_TARGETS_H

#include <quant/file.h>

#include "cli/command.h"
#include "cli/input_list.h"
#include "cli/option_values.h"
#include "cli/output_directory.h"

/* The options; NULL: not given. */
struct target_options {
    const char *output;
    const char *directory;
    const char *format;
    const char *sidecar;
    bool force;
};

/* The rows that name the outputs, as initializers; base is the offset of the struct target_options
 * in the command's. note ends the help of --output, example is the output for w.npy. */
#define OUTPUT_ROWS(base, note, example)                                                           \
    {.heading = "Output:",                                                                         \
     .brief = 'o',                                                                                 \
     .name = "output",                                                                             \
     .argument = "FILE",                                                                           \
     .help = "write the output to FILE; - is standard output" note,                                \
     .initial = example " for w.npy, - for -",                                                     \
     .expected = "a file name or '-'",                                                             \
     .parse = value_text,                                                                          \
     .offset = (base) + offsetof(struct target_options, output),                                   \
     .is_common = true},                                                                           \
    {                                                                                              \
        .name = "output-dir", .argument = "DIR",                                                   \
        .help = "write the outputs to the directory DIR, created if missing",                      \
        .initial = "the directory of each INPUT", .expected = "a directory", .parse = value_text,  \
        .offset = (base) + offsetof(struct target_options, directory), .is_common = true           \
    }

/* The rows that say how outputs are written, and the sidecar. */
#define OUTPUT_FORMAT_ROWS(base, sidecar_help, sidecar_initial)                                    \
    {.brief = 'T',                                                                                 \
     .name = "to",                                                                                 \
     .argument = "FORMAT",                                                                         \
     .help = "write the output as FORMAT",                                                         \
     .initial = "by the extension of -o, else that of the input",                                  \
     .choice = choice_format,                                                                      \
     .parse = value_word,                                                                          \
     .offset = (base) + offsetof(struct target_options, format)},                                  \
        {.name = "sidecar",                                                                        \
         .argument = "FILE",                                                                       \
         .help = (sidecar_help),                                                                   \
         .initial = (sidecar_initial),                                                             \
         .expected = "a file name",                                                                \
         .parse = value_text,                                                                      \
         .offset = (base) + offsetof(struct target_options, sidecar)},                             \
    {                                                                                              \
        .name = "force", .help = "replace existing outputs; allow binary data on a terminal",      \
        .parse = value_flag, .offset = (base) + offsetof(struct target_options, force),            \
        .is_common = true                                                                          \
    }

struct targets {
    const struct target_options *options;
    size_t n;
    char **inputs;                /* owned: the list, of borrowed names */
    struct input_origin *origins; /* owned: of each input; no directory if it was named itself */
    char **outputs;               /* owned; NULL: no output */
    struct output_directory directory; /* that of --output-dir */
    bool has_scales;                   /* there may be a file of scales next to each sidecar */
    const char *report;                /* the file of --report-file; NULL: none */
    const char *onnx;                  /* the model that is written last; NULL: none */
    bool resumes;                      /* outputs of an earlier run may be there */
    bool syncs;                        /* --sync */
    bool is_dry_run;                   /* nothing is created */
    bool report_is_taken;              /* it is one of the files that are read or written */
    struct quant_file *files;          /* owned: what the library gets, after targets_prepare */
    struct quant_error **reasons; /* owned: for each input why it cannot be processed, or NULL */
};

/* Checks for usage errors that are the same in all commands: no inputs, too many for -o, --sidecar
 * and --output-dir, or '-' twice. Returns EXIT_DONE, or EXIT_USAGE after a message. */
int targets_check(const struct command *command, const struct target_options *options,
                  char *const *inputs, size_t n);

/* Without --to, checks that the extension of -o is that of an output format and does not mean
 * another type than dtype, the type of the elements of the output. Returns EXIT_DONE, or EXIT_USAGE
 * after a message. */
int targets_check_extension(const struct command *command, const struct target_options *options,
                            enum quant_dtype dtype);

/* Whether an input's output is standard output: '-o -', or input '-' without -o. */
bool targets_to_stdout(const struct target_options *options, const char *input);

/* Whether output is standard output and binary data is not forced: not for a terminal, then. */
bool targets_is_stdout(const struct target_options *options, const char *output);

/* What the names of outputs have before their extension. */
struct target_tags {
    const char *common;
    const char *const *own; /* of each input, in place of common, unless it is NULL; or NULL */
};

/* The inputs are n names of the list, in its order. Names the outputs, with tags in the names that
 * are not given; no outputs if is_writing is false. What is in a directory has the same place in
 * --output-dir; shards of a checkpoint keep their names. Returns EXIT_DONE, or EXIT_FAILED after a
 * message (no memory). Release it in either case.
 */
int targets_init(struct targets *targets, const struct target_options *options,
                 const struct input_list *inputs, char *const *names, size_t n,
                 const struct target_tags *tags, bool is_writing);

/* Takes out the inputs for which drop returns true. */
void targets_drop(struct targets *targets, bool (*drop)(const void *context, size_t i),
                  const void *context);

/* The default name of a sidecar: path with ".json" added, to be freed. NULL: no memory. */
char *targets_sidecar_name(const char *path);

void targets_release(struct targets *targets);

/* Whether path is '-'; false for NULL. */
bool targets_is_stream(const char *path);

/* Prints that there is no memory for names. Returns EXIT_FAILED. */
int targets_no_memory(void);

#endif
