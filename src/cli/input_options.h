/* SPDX-License-Identifier: MIT */
/* Options for reading float elements, shared by all commands that read them. */
#ifndef QUANT_CLI_INPUT_OPTIONS_H
#define QUANT_CLI_INPUT_OPTIONS_H

#include "cli/option_values.h"
#include "cli/synonyms.h"

struct input_options {
    const char *from;
    struct given_shape shape;
    int dtype;
    int byte_order; /* enum quant_byte_order, from 1; 0: not given */
};

/* Their rows, as initializers; base is the offset of the struct input_options in the command's. */
#define INPUT_ROWS(base)                                                                           \
    {.heading = "Input:",                                                                          \
     .brief = 'f',                                                                                 \
     .name = "from",                                                                               \
     .argument = "FORMAT",                                                                         \
     .help = "read the input as FORMAT",                                                           \
     .initial = "by content, then by extension",                                                   \
     .choice = choice_format,                                                                      \
     .parse = value_word,                                                                          \
     .offset = (base) + offsetof(struct input_options, from)},                                     \
        {.name = "shape",                                                                          \
         .argument = "D,D,...",                                                                    \
         .help = "read raw input with this shape",                                                 \
         .initial = "one dimension",                                                               \
         .expected = "dimensions such as 768,3072, at most 64, with a product below 2^63",         \
         .parse = value_shape,                                                                     \
         .offset = (base) + offsetof(struct input_options, shape)},                                \
        {.name = "input-dtype",                                                                    \
         .argument = "TYPE",                                                                       \
         .help = "read raw input, or bfloat16 or float8 in .npy, as TYPE",                         \
         .initial = "by the extension .f16, .bf16 or .f64, else float32",                          \
         .choice = choice_source,                                                                  \
         .synonym = synonym_dtype,                                                                 \
         .parse = value_source,                                                                    \
         .offset = (base) + offsetof(struct input_options, dtype)},                                \
    {                                                                                              \
        .name = "byte-order", .argument = "ORDER", .help = "read raw input in this byte order",    \
        .initial = "little", .choice = choice_byte_order, .parse = value_choice_from_1,            \
        .offset = (base) + offsetof(struct input_options, byte_order)                              \
    }

/* The path is left out, since each file has its own. Borrows the shape. */
static inline struct quant_input input_options_input(const struct input_options *options)
{
    return (struct quant_input){
        .format = options->from,
        .dtype = (enum quant_dtype)options->dtype,
        .byte_order = (enum quant_byte_order)options->byte_order,
        .shape = options->shape.given ? &options->shape.shape : NULL,
    };
}

#endif
