/* SPDX-License-Identifier: MIT */
/* The options of `quant quantize`; other commands share some of them. */
#ifndef QUANT_CLI_QUANTIZE_OPTIONS_H
#define QUANT_CLI_QUANTIZE_OPTIONS_H

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/input_list.h"
#include "cli/input_options.h"
#include "cli/option_values.h"
#include "cli/report_options.h"
#include "cli/selection_options.h"
#include "cli/targets.h"
#include "cli/way_options.h"

struct quantize_options;

/* The sections that --for begins (sections.h). All zeros: none. */
struct section_list {
    struct quantize_options **items; /* owned, and what they point to */
    size_t n;
};

struct quantize_options {
    const char *pattern; /* of a section; NULL: these are the global options */
    int scheme;
    int dtype; /* enum quant_dtype; 0: not given; of a section also SECTION_COPY */
    struct given_range clip;
    struct given_calibration calibration;
    const char *range_from; /* a calibration file */
    const char *scale_from; /* a file of scales */
    struct given_float scale;
    struct given_int32 zero_point;
    struct given_int32 axis;
    struct given_blocks blocks;
    struct given_int32 min_dims;
    bool requantize;
    struct given_int32 qmin;
    struct given_int32 qmax;
    bool include_zero;
    int rounding;
    int scale_dtype;  /* enum quant_dtype; 0: not given */
    const char *like; /* an engine */
    bool exact;
    int nonfinite;
    struct input_options input;
    struct files_from_options files_from;
    struct selection_options selection;
    struct section_list sections;
    struct word_list ties;
    const char *onnx;   /* the model; NULL: none */
    const char *layout; /* of .safetensors outputs; NULL: the usual one */
    struct target_options target;
    struct report_options report;
    struct batch_options batch;
    struct way_options ways;
};

/* The rows of options that do not depend on the range, as initializers. base is the offset of the
 * struct quantize_options in the struct of the command. */
#define MAPPING_ROWS(base)                                                                         \
    {.name = "qmin",                                                                               \
     .argument = "N",                                                                              \
     .help = "use no integer below N",                                                             \
     .expected = "an integer of 32 bits",                                                          \
     .parse = value_int32,                                                                         \
     .offset = (base) + offsetof(struct quantize_options, qmin),                                   \
     .in_section = true},                                                                          \
        {.name = "qmax",                                                                           \
         .argument = "N",                                                                          \
         .help = "use no integer above N",                                                         \
         .expected = "an integer of 32 bits",                                                      \
         .parse = value_int32,                                                                     \
         .offset = (base) + offsetof(struct quantize_options, qmax),                               \
         .in_section = true},                                                                      \
        {.name = "include-zero",                                                                   \
         .help = "extend the range to include 0; the zero point then fits the type",               \
         .parse = value_flag,                                                                      \
         .offset = (base) + offsetof(struct quantize_options, include_zero),                       \
         .in_section = true},                                                                      \
        {.name = "rounding",                                                                       \
         .argument = "HOW",                                                                        \
         .help = "how to round ties",                                                              \
         .initial = "half-even",                                                                   \
         .choice = choice_rounding,                                                                \
         .parse = value_choice,                                                                    \
         .offset = (base) + offsetof(struct quantize_options, rounding),                           \
         .in_section = true},                                                                      \
    {                                                                                              \
        .name = "scale-dtype", .argument = "TYPE", .help = "store scales as TYPE",                 \
        .initial = "float32", .choice = choice_scale, .synonym = synonym_dtype,                    \
        .parse = value_scale_dtype,                                                                \
        .offset = (base) + offsetof(struct quantize_options, scale_dtype), .in_section = true      \
    }

/* The rows of options that say which elements share a scale, or a range: what, in one word. */
#define GROUPING_ROWS_OF(base, what)                                                               \
    {.name = "axis",                                                                               \
     .argument = "N",                                                                              \
     .help =                                                                                       \
         "per channel: use one " what " per index of axis N; 0 is the first axis, -1 the last",    \
     .expected = "the number of an axis, such as 0 or -1",                                         \
     .parse = value_int32,                                                                         \
     .offset = (base) + offsetof(struct quantize_options, axis),                                   \
     .in_section = true,                                                                           \
     .is_common = true},                                                                           \
        {.name = "block-size",                                                                     \
         .argument = "N|R,C",                                                                      \
         .help =                                                                                   \
             "per group: use one " what " per N elements along --axis, or along the last axis "    \
             "without it; R,C: one per block of R rows and C columns of a matrix; also "           \
             "--group-size",                                                                       \
         .expected = "an integer from 1 to 2^53, or two such as 128,128",                          \
         .parse = value_blocks,                                                                    \
         .offset = (base) + offsetof(struct quantize_options, blocks),                             \
         .in_section = true,                                                                       \
         .is_common = true},                                                                       \
    {                                                                                              \
        .name = "group-size", .alias_of = "block-size"                                             \
    }

#define GROUPING_ROWS(base) GROUPING_ROWS_OF(base, "scale")

#define NONFINITE_ROW(base, saturate)                                                              \
    {                                                                                              \
        .name = "nonfinite", .argument = "POLICY",                                                 \
        .help =                                                                                    \
            "how to treat NaN and infinities: error (the file fails) or saturate (" saturate ")",  \
        .help_names_choices = true, .initial = "error", .choice = choice_nonfinite,                \
        .parse = value_choice, .offset = (base) + offsetof(struct quantize_options, nonfinite),    \
        .in_section = true                                                                         \
    }

/* A choice that was not made. */
enum { NOT_GIVEN = -1 };

#define QUANTIZE_OPTIONS_INIT                                                                      \
    {                                                                                              \
        .dtype = QUANT_INT8                                                                        \
    }

/* Frees what the options own. */
void quantize_options_release(struct quantize_options *options);

/* The spec that the options describe; it borrows from them. */
struct quant_spec quantize_options_spec(const struct quantize_options *options);

/* The same, with the range of --range-from, which is read. If each channel or block has a range of
 * its own, the file is only checked. Returns EXIT_DONE, or another status after a message. */
int quantize_options_read_spec(const struct command *command,
                               const struct quantize_options *options, struct quant_spec *spec);

/* Which elements share a scale. */
struct quant_granularity quantize_options_granularity(const struct quantize_options *options);

/* Whether each channel or block has a scale of its own. */
bool quantize_options_have_groups(const struct quantize_options *options);

/* A usage error, after which EXIT_USAGE is returned. In a section it names the section. */
int quantize_options_usage(const struct command *command, const struct quantize_options *options,
                           const char *format, ...) QUANT_PRINTF(3, 4);

#endif
