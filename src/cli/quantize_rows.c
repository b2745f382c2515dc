/* SPDX-License-Identifier: MIT */
/* The options of `quant quantize`, and which of them exclude each other. */
#include "cli/quantize_rows.h"

#include <string.h>

#include "cli/message.h"
#include "cli/sections.h"

#define AT(field) offsetof(struct quantize_options, field)

const struct option_row quantize_rows[] = {
    TYPE_ROWS(0, "Mapping:"),
    {.name = "calibrate", .alias_of = "method"},
    {.brief = 'c',
     .name = "clip",
     .argument = "LO,HI",
     .help = "map the range LO..HI; elements outside it saturate",
     .expected = "two numbers LO,HI with LO < HI, both within float32",
     .parse = value_range,
     .offset = AT(clip),
     .in_section = true,
     .is_common = true},
    GROUPING_ROWS(0),
    LIKE_ROWS(0),
    {.name = "min-dims",
     .argument = "N",
     .help = "in a file of many tensors, quantize float tensors with N or more dimensions and copy "
             "the others",
     .initial = "2",
     .expected = "an integer from 0 to 64",
     .parse = value_dims,
     .offset = AT(min_dims),
     .in_section = true},
    {.name = "requantize",
     .help = "take files with tensors that are quantized already (integers or float8 with scales): "
             "copy these with their scales, and quantize the others",
     .parse = value_flag,
     .offset = AT(requantize)},
    {.name = "range-from",
     .argument = "FILE",
     .help = "use the range in FILE, written by 'quant calibrate'; with --axis or --block-size, "
             "its range of each channel or block",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(range_from),
     .in_section = true},
    {.name = "scale",
     .argument = "S",
     .help = "use scale S instead of computing it from a range",
     .expected = "a decimal number that is finite and above 0 as float32",
     .parse = value_scale,
     .offset = AT(scale),
     .in_section = true},
    {.name = "scale-from",
     .argument = "FILE",
     .help = "use the scales and zero points in FILE: an .npz or .safetensors with NAME_scale and "
             "NAME_zero_point for each tensor NAME (scale and zero_point for one without a name), "
             "or a sidecar",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(scale_from),
     .in_section = true},
    ZERO_POINT_ROW(0),
    MAPPING_ROWS(0),
    NONFINITE_ROW(0, "infinities map to the ends of the range, NaN to 0"),
    {.name = "tie",
     .argument = "GLOB",
     .help = "tensors whose name matches GLOB, in all INPUTs, share the range of all of them "
             "together, as 'quant calibrate' finds it; may be repeated",
     .expected = "a pattern of names, such as '*.0.*[qkv]_proj*'",
     .parse = word_list_parse,
     .offset = AT(ties)},
    {.name = "for",
     .argument = "GLOB",
     .help = "the options of 'Mapping' after this one, up to the next --for, are for tensors whose "
             "name matches GLOB; the last --for that matches is used; see below",
     .expected = "a pattern of names, such as '*embed*'",
     .offset = AT(sections),
     .begin_section = section_begin},

    OUTPUT_ROWS(AT(target), " and needs --sidecar", "w.int8.npy"),
    OUTPUT_FORMAT_ROWS(AT(target), "write the sidecar, with scale and zero point, to FILE",
                       "the output's name plus .json"),
    {.name = "layout",
     .argument = "NAME",
     .help = "how .safetensors outputs hold the weights: plain; or as the engine of --like loads "
             "them: pack-quantized, for int8 and int4 with absmax, or naive-quantized, for int8 "
             "(compressed-tensors); comfyui",
     .initial = "as the engine loads them, else plain",
     .choice = quant_layout_name_at,
     .help_names_choices = true,
     .parse = value_word,
     .offset = AT(layout)},
    {.name = "onnx",
     .argument = "FILE",
     .help = "when all is done, write an ONNX model to FILE that restores the tensors from the "
             "outputs, which must be in its directory or below it",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(onnx)},
    WAY_ROWS(AT(ways)),

    REPORT_ROWS(AT(report), "Reporting:", "measure the error and print it as KIND",
                "; the outputs are still written"),

    INPUT_ROWS(AT(input)),
    FILES_FROM_ROWS(AT(files_from), NULL),
    SELECTION_ROWS(AT(selection), "quantize"),
    BATCH_ROWS(AT(batch), "warnings, progress or summary"),
    VERBOSE_ROW(AT(ways)),
    {0},
};

/* ---- Options that exclude each other ------------------------------------------------------ */

/* The options that give what a method would find. *second is another one of them, NULL: there is
 * not one. Returns NULL if none is given. */
static const char *find_given(const struct quantize_options *options, const char **second)
{
    const char *const names[] = {"clip", "scale", "range-from", "scale-from"};
    const bool given[] = {options->clip.given, options->scale.given, options->range_from != NULL,
                          options->scale_from != NULL};
    const char *first = NULL;
    *second = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*second; i++) {
        if (given[i] && first)
            *second = names[i];
        else if (given[i])
            first = names[i];
    }
    return first;
}

static int check_mapping(const struct command *command, const struct quantize_options *options)
{
    const char *second;
    const char *given = find_given(options, &second);
    const char *scale = options->scale.given ? "scale" : options->scale_from ? "scale-from" : NULL;
    if (second)
        return quantize_options_usage(command, options, "'--%s' and '--%s' exclude each other",
                                      given, second);
    if (options->zero_point.given && !options->scale.given)
        return quantize_options_usage(command, options, "'--zero-point' needs '--scale'");
    if (options->exact && !options->like)
        return quantize_options_usage(command, options, "'--exact' needs '--like'");
    if (options->calibration.name && given)
        return quantize_options_usage(command, options,
                                      "'--method' finds a range, but '--%s' gives %s", given,
                                      options->scale_from ? "scales" : "one");
    if (options->include_zero && scale)
        return quantize_options_usage(
            command, options, "'--include-zero' extends a range, but '--%s' uses none", scale);
    if (options->scale_from && strcmp(options->scale_from, "-") == 0)
        return quantize_options_usage(command, options, "'--scale-from' needs a file, not '-'");
    return EXIT_DONE;
}

/* One scale or range that is given excludes scales per channel or block. */
static int check_granularity(const struct command *command, const struct quantize_options *options)
{
    const char *name = options->axis.given        ? "axis"
                       : options->blocks.size > 0 ? "block-size"
                                                  : NULL;
    if (!name)
        return EXIT_DONE;
    if (options->axis.given && options->blocks.rows > 0)
        return quantize_options_usage(
            command, options,
            "'--axis' and a '--block-size' of rows and columns exclude each other");
    if (options->scale.given)
        return quantize_options_usage(command, options,
                                      "'--%s' finds many scales, but '--scale' gives one", name);
    if (options->clip.given)
        return quantize_options_usage(
            command, options, "'--%s' finds a range for each scale, but '--clip' gives one for all",
            name);
    const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)options->dtype);
    if (info->is_unscaled)
        return quantize_options_usage(command, options,
                                      info->block_nelems > 0
                                          ? "'--%s' finds scales, but %s has one in each block"
                                          : "'--%s' finds scales, but %s is unscaled",
                                      name, info->name);
    return EXIT_DONE;
}

/* The range of tensors that are tied is found from all of them, and they are read twice. */
static int check_ties(const struct command *command, const struct quantize_options *options,
                      char *const *inputs, size_t n)
{
    const bool is_auto =
        options->calibration.name && strcmp(options->calibration.name, "auto") == 0;
    const char *second;
    const char *given = find_given(options, &second);
    const char *groups = options->axis.given        ? "axis"
                         : options->blocks.size > 0 ? "block-size"
                                                    : NULL;
    if (options->ties.n == 0)
        return EXIT_DONE;
    if (given && options->sections.n == 0)
        return message_usage(command->name, "'--tie' finds a range, but '--%s' gives %s", given,
                             options->scale_from ? "scales" : "one");
    if (groups && options->sections.n == 0)
        return message_usage(command->name,
                             "'--tie' gives tensors one range, but '--%s' finds many in each",
                             groups);
    if (is_auto && options->sections.n == 0)
        return message_usage(command->name,
                             "'auto' compares methods on one tensor; give '--tie' another method");
    for (size_t i = 0; i < n; i++)
        if (strcmp(inputs[i], "-") == 0)
            return message_usage(command->name,
                                 "'--tie' reads its tensors twice, but '-' can be read only once");
    return EXIT_DONE;
}

static bool is_block(const struct quantize_options *options)
{
    const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)options->dtype);
    return info && info->block_nelems > 0;
}

static int check_streams(const struct command *command, const struct quantize_options *options,
                         char *const *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!targets_to_stdout(&options->target, inputs[i]))
            continue;
        if (n > 1)
            return message_usage(command->name,
                                 "'-' goes to standard output and needs '--sidecar', which names "
                                 "one file; quantize '-' in a separate call");
        if (!options->target.sidecar && !is_block(options))
            return message_usage(command->name,
                                 "data that goes to standard output needs '--sidecar "
                                 "FILE' for its scale and zero point");
        if (report_options_to_stdout(&options->report))
            return message_usage(
                command->name,
                "the data and the report cannot both go to standard output; give '--output FILE' "
                "or '--report-file FILE'");
        return EXIT_DONE;
    }
    return EXIT_DONE;
}

static int check_spec(const struct command *command, const struct quantize_options *options)
{
    struct quant_spec spec = quantize_options_spec(options);
    struct quant_error error;
    if (options->scale_from) { /* as if it were one scale */
        spec.has_scale = true;
        spec.scale = 1;
    }
    if (quant_spec_check(&spec, &error) != QUANT_OK)
        return quantize_options_usage(command, options, "%s", error.text);
    return EXIT_DONE;
}

/* A model points to all outputs, by their names. */
static int check_onnx(const struct command *command, const struct quantize_options *options,
                      char *const *inputs, size_t n)
{
    if (!options->onnx)
        return EXIT_DONE;
    if (strcmp(options->onnx, "-") == 0)
        return message_usage(command->name, "'--onnx' needs a file, not '-': the model names the "
                                            "outputs relative to its own directory");
    if (options->ways.shard.given)
        return message_usage(command->name,
                             "'--onnx' needs all files, but '--shard' has a share of them: give it "
                             "with '--resume=fast' and without '--shard' when all shares are done");
    for (size_t i = 0; i < n; i++)
        if (targets_to_stdout(&options->target, inputs[i]))
            return message_usage(command->name, "'--onnx' points into files, but the output goes "
                                                "to standard output; give '--output FILE'");
    return EXIT_DONE;
}

/* Nothing is left to choose where tensors are copied. */
static int check_copy(const struct command *command, const struct quantize_options *options)
{
    const char *second;
    const char *range = find_given(options, &second);
    const char *given = range                       ? range
                        : options->axis.given       ? "axis"
                        : options->blocks.size > 0  ? "block-size"
                        : options->calibration.name ? "method"
                        : options->min_dims.given   ? "min-dims"
                        : options->scheme >= 0      ? "scheme"
                                                    : NULL;
    return given ? quantize_options_usage(
                       command, options,
                       "'--dtype copy' leaves tensors as they are, '--%s' does not", given)
                 : EXIT_DONE;
}

/* The options of one mapping: the global ones, or those of a section. */
static int check_one(const struct command *command, const struct quantize_options *options)
{
    const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)options->dtype);
    if (options->dtype == SECTION_COPY)
        return options->pattern ? check_copy(command, options)
                                : quantize_options_usage(
                                      command, options,
                                      "'--dtype copy' is for some tensors; put it after '--for'");
    /* For a float type, check first what it does not take: it must not ask for another option. */
    int status = info->is_integer ? EXIT_DONE : check_spec(command, options);
    if (status == EXIT_DONE)
        status = check_mapping(command, options);
    if (status == EXIT_DONE)
        status = check_granularity(command, options);
    return status == EXIT_DONE ? check_spec(command, options) : status;
}

int quantize_rows_check_mappings(const struct command *command, struct quantize_options *options)
{
    if (options->scheme == NOT_GIVEN)
        options->scheme = scheme_left_open(options->like, options->dtype, QUANT_ABSMAX);
    int status = check_one(command, options);
    if (status == EXIT_DONE)
        sections_resolve(options);
    for (size_t i = 0; status == EXIT_DONE && i < options->sections.n; i++)
        status = check_one(command, options->sections.items[i]);
    return status;
}

int quantize_rows_check(const struct command *command, struct quantize_options *options,
                        char *const *inputs, size_t n)
{
    int status = quantize_rows_check_mappings(command, options);
    if (status == EXIT_DONE)
        status = targets_check(command, &options->target, inputs, n);
    if (status == EXIT_DONE)
        status = report_options_check(command, &options->report);
    if (status == EXIT_DONE)
        status =
            way_options_check(command, &options->ways, &options->report, options->target.force);
    if (status == EXIT_DONE && options->ways.shard.given && options->ties.n > 0)
        return message_usage(command->name,
                             "'--tie' needs all files, but '--shard' reads a share of "
                             "them: find the range with 'quant calibrate'");
    if (status == EXIT_DONE)
        status = check_streams(command, options, inputs, n);
    if (status == EXIT_DONE)
        status = check_onnx(command, options, inputs, n);
    if (status == EXIT_DONE)
        status = check_ties(command, options, inputs, n);
    if (status == EXIT_DONE)
        status =
            targets_check_extension(command, &options->target, (enum quant_dtype)options->dtype);
    return status;
}
