/* SPDX-License-Identifier: MIT */
/* The options that choose tensors by name, shared by all commands that take inputs. */
#ifndef QUANT_CLI_SELECTION_OPTIONS_H
#define QUANT_CLI_SELECTION_OPTIONS_H

#include <quant/select.h>

#include "cli/word_list.h"

struct selection_options {
    struct word_list include;
    struct word_list exclude;
};

/* Their rows, as initializers; base is the offset of the struct selection_options in the command's.
 * verb is what the command does to a tensor. */
#define SELECTION_ROWS(base, verb)                                                                 \
    {.name = "include",                                                                            \
     .argument = "GLOB",                                                                           \
     .help = verb " only tensors whose name matches GLOB (* also matches / and .); the tensor "    \
                  "of a .npy, JSON or raw file goes by the path of the file; may be repeated",     \
     .expected = "a pattern of names, such as '*.weight'",                                         \
     .parse = word_list_parse,                                                                     \
     .offset = (base) + offsetof(struct selection_options, include)},                              \
    {                                                                                              \
        .name = "exclude", .argument = "GLOB",                                                     \
        .help = "leave out tensors whose name matches GLOB; may be repeated",                      \
        .expected = "a pattern of names, such as '*.bias'", .parse = word_list_parse,              \
        .offset = (base) + offsetof(struct selection_options, exclude)                             \
    }

/* Borrows from the options. */
static inline struct quant_selection
selection_options_selection(const struct selection_options *options)
{
    return (struct quant_selection){
        .include = options->include.words,
        .ninclude = options->include.n,
        .exclude = options->exclude.words,
        .nexclude = options->exclude.n,
    };
}

static inline void selection_options_release(struct selection_options *options)
{
    word_list_release(&options->include);
    word_list_release(&options->exclude);
}

#endif
