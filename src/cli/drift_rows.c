/* SPDX-License-Identifier: MIT */
/* The options of `quant drift`, and which of them exclude each other. */
#include "cli/drift_rows.h"

#include <stdio.h>

#include "cli/drift_report.h"
#include "cli/message.h"
#include "cli/quantize_rows.h"
#include "cli/sections.h"

#define AT(field) offsetof(struct drift_options, field)

_Static_assert(AT(mapping) == 0, "the rows of a section are those of the command");

static const char *choice_drift(size_t i)
{
    static const char *const words[] = {"text", "json"}; /* from DRIFT_TEXT */
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

static const char *choice_activations(size_t i)
{
    return quant_drift_activations_name(i + QUANT_ACTIVATIONS_PER_TOKEN);
}

static bool parse_seed(const struct option_row *row, const char *text, void *field,
                       struct option_reason *reason)
{
    struct given_seed *seed = field;
    (void)row;
    (void)reason;
    seed->given = number_count(text, &seed->value);
    return seed->given;
}

static bool is_drift_figure(const struct quant_figure *figure)
{
    const struct quant_figure *own;
    size_t i = 0;
    while ((own = drift_figure_at(i)) != NULL && own != figure)
        i++;
    return own != NULL;
}

/* There is no total of layers, and not every figure says something of outputs. */
static bool parse_threshold(const struct option_row *row, const char *text, void *field,
                            struct option_reason *reason)
{
    const struct threshold_list *list = field;
    if (!threshold_parse(row, text, field, reason))
        return false;
    const struct threshold *added = &list->items[list->n - 1];
    if (!added->is_total && is_drift_figure(added->figure))
        return true;
    snprintf(reason->text, sizeof reason->text,
             "METRIC is one of mse, rmse, mae, max_abs_error, mean_error, sqnr_db and cosine");
    return false;
}

const struct option_row drift_rows[] = {
    {.heading = "Layers:",
     .name = "tensors",
     .argument = "NAME[,NAME]",
     .help = "take these matrices of the INPUTs as layers, in this order; NAME may be a pattern "
             "(* also matches / and .): what it matches comes in the order of the names, numbers "
             "by value; may be repeated",
     .expected = "names or patterns of names, such as 'fc1.weight,fc2.weight'",
     .parse = word_list_parse,
     .offset = AT(tensors),
     .is_common = true},
    {.name = "transpose",
     .help = "the shape of a layer is (inputs, outputs), and not (outputs, inputs)",
     .parse = value_flag,
     .offset = AT(is_transposed),
     .is_common = true},

    {.heading = "Samples:",
     .name = "input",
     .argument = "FILE",
     .help = "read the samples from FILE, of shape (samples, inputs)",
     .initial = "random numbers of the standard normal distribution",
     .expected = "a file name or '-'",
     .parse = value_text,
     .offset = AT(input),
     .is_common = true},
    {.name = "samples",
     .argument = "N",
     .help = "make N random samples",
     .initial = "256",
     .expected = "an integer from 1 to 2^53",
     .parse = value_size,
     .offset = AT(nsamples),
     .is_common = true},
    {.name = "seed",
     .argument = "N",
     .help = "make the random samples of seed N; they are the same on every machine",
     .initial = "0",
     .expected = "an integer from 0 to 2^63 - 1",
     .parse = parse_seed,
     .offset = AT(seed)},
    {.name = "activations",
     .argument = "WAY",
     .is_optional = true,
     .help = "quantize the inputs of each layer too: token (int8, absmax, one scale for each "
             "sample) or tensor (uint8, zero-point with 0 in the range, one scale)",
     .help_names_choices = true,
     .initial = "they stay float32; without WAY, token",
     .choice = choice_activations,
     .parse = value_choice_from_1,
     .offset = AT(activations),
     .is_common = true},

    TYPE_ROWS(AT(mapping), "Mapping of the weights:"),
    {.brief = 'c',
     .name = "clip",
     .argument = "LO,HI",
     .help = "map the range LO..HI; elements outside it saturate",
     .expected = "two numbers LO,HI with LO < HI, both within float32",
     .parse = value_range,
     .offset = AT(mapping.clip),
     .in_section = true},
    GROUPING_ROWS(AT(mapping)),
    LIKE_ROWS(AT(mapping)),
    {.name = "range-from",
     .argument = "FILE",
     .help = "use the range in FILE, written by 'quant calibrate', for all layers",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(mapping.range_from),
     .in_section = true},
    {.name = "scale",
     .argument = "S",
     .help = "use scale S for all layers instead of computing it from a range",
     .expected = "a decimal number that is finite and above 0 as float32",
     .parse = value_scale,
     .offset = AT(mapping.scale),
     .in_section = true},
    ZERO_POINT_ROW(AT(mapping)),
    MAPPING_ROWS(AT(mapping)),
    {.name = "for",
     .argument = "GLOB",
     .help = "the options of this group after this one, up to the next --for, are for layers whose "
             "tensor, or else path, matches GLOB; the last --for that matches is used; "
             "'quant quantize --help' says more",
     .expected = "a pattern of names, such as 'fc1*'",
     .offset = AT(mapping.sections),
     .begin_section = section_begin},

    {.heading = "Reporting:",
     .name = "report",
     .argument = "KIND",
     .is_optional = true,
     .help = "print a table (text) or one JSON object per layer (json)",
     .help_names_choices = true,
     .initial = "text",
     .choice = choice_drift,
     .parse = value_choice_from_1,
     .offset = AT(report),
     .is_common = true},
    {.name = "json", .alias_of = "report", .value = "json"},
    {.name = "fail-if",
     .argument = "CONDITION",
     .help = "exit with status 3 if CONDITION is true of the outputs of any layer: METRIC<VALUE "
             "(or <=, >, >=), where METRIC is sqnr_db, cosine, mse, rmse, mae, max_abs_error or "
             "mean_error; a METRIC without a value counts as true; may be repeated",
     .expected = "METRIC<VALUE (or <=, >, >=), such as 'sqnr_db<20'",
     .parse = parse_threshold,
     .offset = AT(mapping.report.thresholds),
     .is_common = true},

    INPUT_ROWS(AT(mapping.input)),
    FILES_FROM_ROWS(AT(mapping.files_from), NULL),
    BATCH_ROWS(AT(mapping.batch), "warnings or progress"),
    {0},
};

/* ---- Options that exclude each other ---- */

static int check_range_from(const struct command *command, const struct quantize_options *mapping)
{
    if (!mapping->range_from || !quantize_options_have_groups(mapping))
        return EXIT_DONE;
    return quantize_options_usage(command, mapping,
                                  "'--range-from' gives one range, but '--axis' and '--block-size' "
                                  "find many");
}

int drift_rows_check(const struct command *command, struct drift_options *options,
                     char *const *inputs, size_t n)
{
    struct quantize_options *mapping = &options->mapping;
    if (options->input && (options->nsamples > 0 || options->seed.given))
        return message_usage(command->name,
                             "'--%s' is for random samples, but '--input' reads them from a file",
                             options->nsamples > 0 ? "samples" : "seed");
    int status = quantize_rows_check_mappings(command, mapping);
    if (status == EXIT_DONE)
        status = check_range_from(command, mapping);
    for (size_t i = 0; status == EXIT_DONE && i < mapping->sections.n; i++)
        status = check_range_from(command, mapping->sections.items[i]);
    return status == EXIT_DONE ? targets_check(command, &mapping->target, inputs, n) : status;
}
