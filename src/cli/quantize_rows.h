/* SPDX-License-Identifier: MIT */
/* The option table of `quant quantize`, and rows that it shares with `quant drift`. */
#ifndef QUANT_CLI_QUANTIZE_ROWS_H
#define QUANT_CLI_QUANTIZE_ROWS_H

#include "cli/quantize_options.h"
#include "cli/sections.h"

extern const struct option_row quantize_rows[];

/* Rows that sections have, as initializers. base is the offset of the struct quantize_options in
 * the struct of the command. */
#define TYPE_ROWS(base, first_heading)                                                             \
    {.heading = (first_heading),                                                                   \
     .brief = 't',                                                                                 \
     .name = "dtype",                                                                              \
     .argument = "TYPE",                                                                           \
     .help = "quantize to TYPE (copy is for use after --for)",                                     \
     .initial = "int8",                                                                            \
     .choice = choice_section_dtype,                                                               \
     .synonym = synonym_dtype,                                                                     \
     .parse = section_dtype_parse,                                                                 \
     .offset = (base) + offsetof(struct quantize_options, dtype),                                  \
     .in_section = true,                                                                           \
     .is_common = true},                                                                           \
        {.brief = 's',                                                                             \
         .name = "scheme",                                                                         \
         .argument = "SCHEME",                                                                     \
         .help = "use absmax (symmetric around 0) or zero-point (affine, from min to max)",        \
         .help_names_choices = true,                                                               \
         .initial = "absmax",                                                                      \
         .choice = choice_scheme,                                                                  \
         .synonym = synonym_scheme,                                                                \
         .parse = value_choice,                                                                    \
         .offset = (base) + offsetof(struct quantize_options, scheme),                             \
         .in_section = true,                                                                       \
         .is_common = true},                                                                       \
    {                                                                                              \
        .brief = 'm', .name = "method", .argument = "METHOD[:ARG]",                                \
        .help = "choose the range with METHOD", .initial = "minmax", .choice = choice_any_method,  \
        .parse = value_calibration,                                                                \
        .offset = (base) + offsetof(struct quantize_options, calibration), .in_section = true,     \
        .is_common = true                                                                          \
    }

#define LIKE_ROWS(base)                                                                            \
    {.name = "like",                                                                               \
     .argument = "ENGINE",                                                                         \
     .help = "follow the rules of ENGINE to the bit; 'quant types --like ENGINE' prints them",     \
     .choice = choice_engine,                                                                      \
     .parse = value_word,                                                                          \
     .offset = (base) + offsetof(struct quantize_options, like),                                   \
     .in_section = true,                                                                           \
     .is_common = true},                                                                           \
    {                                                                                              \
        .name = "exact",                                                                           \
        .help =                                                                                    \
            "with --like: keep the integers and types of ENGINE, but map by the rules of quant, "  \
            "and by the method mse unless --method says otherwise",                                \
        .parse = value_flag, .offset = (base) + offsetof(struct quantize_options, exact),          \
        .in_section = true                                                                         \
    }

#define ZERO_POINT_ROW(base)                                                                       \
    {                                                                                              \
        .name = "zero-point", .argument = "Z", .help = "use zero point Z; needs --scale",          \
        .initial = "0; for unsigned types with absmax, the middle",                                \
        .expected = "an integer of 32 bits", .parse = value_int32,                                 \
        .offset = (base) + offsetof(struct quantize_options, zero_point), .in_section = true       \
    }

/* Fills in the sections, and checks for options that exclude each other or do not fit the inputs.
 * Returns EXIT_DONE, or EXIT_USAGE after a message. */
int quantize_rows_check(const struct command *command, struct quantize_options *options,
                        char *const *inputs, size_t n);

/* The part of it that is about mappings: the global one, and those of the sections, which it fills
 * in. A scheme that is NOT_GIVEN becomes that of the engine, or else absmax. */
int quantize_rows_check_mappings(const struct command *command, struct quantize_options *options);

#endif
