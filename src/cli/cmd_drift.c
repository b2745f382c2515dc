/* SPDX-License-Identifier: MIT */
/* `quant drift`: how the error of quantized weights grows from layer to layer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/drift_layers.h"
#include "cli/drift_report.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/quantize_rows.h"
#include "cli/report_json.h"
#include "cli/sections.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

enum drift_kind { DRIFT_TEXT = 1, DRIFT_JSON };

struct given_seed {
    bool given;
    uint64_t value;
};

struct drift_options {
    struct quantize_options mapping; /* only the fields that have rows. It comes first: a section is
                                      * such a structure alone, and the rows are for both */
    struct word_list tensors;
    bool is_transposed;
    int activations;   /* from 1: enum quant_drift_activations; 0: not given */
    const char *input; /* the samples; NULL: random ones */
    uint64_t nsamples; /* 0: not given */
    struct given_seed seed;
    int report; /* enum drift_kind; 0: as text */
};

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

static const struct option_row rows[] = {
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

    {.heading = "Mapping of the weights:",
     .brief = 't',
     .name = "dtype",
     .argument = "TYPE",
     .help = "quantize to TYPE (copy is for use after --for)",
     .initial = "int8",
     .choice = choice_section_dtype,
     .synonym = synonym_dtype,
     .parse = section_dtype_parse,
     .offset = AT(mapping.dtype),
     .in_section = true,
     .is_common = true},
    {.brief = 's',
     .name = "scheme",
     .argument = "SCHEME",
     .help = "use absmax (symmetric around 0) or zero-point (affine, from min to max)",
     .help_names_choices = true,
     .initial = "absmax",
     .choice = choice_scheme,
     .synonym = synonym_scheme,
     .parse = value_choice,
     .offset = AT(mapping.scheme),
     .in_section = true,
     .is_common = true},
    {.brief = 'm',
     .name = "method",
     .argument = "METHOD[:ARG]",
     .help = "choose the range with METHOD",
     .initial = "minmax",
     .choice = choice_any_method,
     .parse = value_calibration,
     .offset = AT(mapping.calibration),
     .in_section = true,
     .is_common = true},
    {.brief = 'c',
     .name = "clip",
     .argument = "LO,HI",
     .help = "map the range LO..HI; elements outside it saturate",
     .expected = "two numbers LO,HI with LO < HI, both within float32",
     .parse = value_range,
     .offset = AT(mapping.clip),
     .in_section = true},
    GROUPING_ROWS(AT(mapping)),
    {.name = "like",
     .argument = "ENGINE",
     .help = "follow the rules of ENGINE to the bit; 'quant types --like ENGINE' prints them",
     .choice = choice_engine,
     .parse = value_word,
     .offset = AT(mapping.like),
     .in_section = true,
     .is_common = true},
    {.name = "exact",
     .help = "with --like: keep the integers and types of ENGINE, but map by the rules of quant, "
             "and by the method mse unless --method says otherwise",
     .parse = value_flag,
     .offset = AT(mapping.exact),
     .in_section = true},
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
    {.name = "zero-point",
     .argument = "Z",
     .help = "use zero point Z; needs --scale",
     .initial = "0; for unsigned types with absmax, the middle",
     .expected = "an integer of 32 bits",
     .parse = value_int32,
     .offset = AT(mapping.zero_point),
     .in_section = true},
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

struct work {
    const struct drift_options *options;
    struct quant_drift_job job;
    struct quant_drift_result result;
    struct drift_report report;
    struct totals totals;
    int status; /* of the layer that was reported last */
};

static bool is_json(const struct work *work)
{
    return work->options->report == DRIFT_JSON;
}

static enum quant_status drift(void *context, const struct quant_control *control,
                               struct quant_error *error)
{
    struct work *work = context;
    work->job.control = *control;
    return quant_drift(&work->job, &work->result, error);
}

static void fail(const struct work *work, const struct quant_tensor_result *result)
{
    const char *path = work->job.layers[result->file].path;
    const char *tensor = result->name[0] != '\0' ? result->name : NULL;
    const bool is_news = result->status != QUANT_CANCELLED && result->status != QUANT_CLOSED;
    if (is_news && is_json(work) &&
        report_json_print_failure(stdout, path, tensor, result->error->text))
        streams_flush();
}

static bool report_layer(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    const char *label = work->report.labels[result->file];
    work->status = EXIT_DONE;
    if (result->status != QUANT_OK) {
        fail(work, result);
        return true;
    }
    if (!is_json(work)) {
        drift_print_text(&work->report, result->file, result->drifted);
    } else if (!drift_print_json(&work->report, result)) {
        message_error("'%s': no memory for its figures", label);
        work->status = EXIT_FAILED;
    }
    if (!streams_flush())
        work->status = EXIT_FAILED;
    if (work->status == EXIT_DONE && threshold_is_met(&work->options->mapping.report.thresholds,
                                                      false, &result->drifted->outputs, label))
        work->status = EXIT_THRESHOLD;
    return true;
}

/* After the layer's report. */
static int end_layer(void *context, const struct quant_file_result *result)
{
    const struct work *work = context;
    return result->status == QUANT_OK ? work->status
                                      : message_failure(result->status, result->error);
}

static int print_summary(const struct work *work, int status)
{
    if (!is_json(work) || work->totals.is_cut || status == EXIT_FAILED || signals_raised())
        return status;
    if (!drift_print_json_summary(&work->job, &work->result)) {
        message_error("no memory for the summary");
        return EXIT_FAILED;
    }
    return streams_flush() ? status : EXIT_FAILED;
}

static int go_through(const struct drift_options *options, const struct drift_layers *layers,
                      const struct quant_spec *spec, const struct quant_rule *rules)
{
    struct work work = {
        .options = options,
        .job = {.size = sizeof work.job,
                .layers = layers->inputs,
                .nlayers = layers->n,
                .spec = *spec,
                .granularity = quantize_options_granularity(&options->mapping),
                .is_transposed = options->is_transposed,
                .activations = (enum quant_drift_activations)options->activations,
                .input = {.path = options->input},
                .nsamples = options->nsamples,
                .seed = options->seed.value,
                .rules = rules,
                .nrules = options->mapping.sections.n},
        .status = EXIT_DONE,
    };
    work.report = (struct drift_report){.job = &work.job, .labels = layers->labels};
    const struct batch batch = {
        .n = layers->n,
        .names = layers->labels,
        .context = &work,
        .run = drift,
        .tensor = report_layer,
        .file = end_layer,
        .prints = true,
        .only_prints = true,
        .totals = &work.totals,
    };
    return print_summary(&work, batch_run(&batch, &options->mapping.batch));
}

static int check_mapping(const struct command *self, const struct quantize_options *mapping)
{
    if (mapping->range_from && quantize_options_have_groups(mapping))
        return quantize_options_usage(self, mapping,
                                      "'--range-from' gives one range, but '--axis' and "
                                      "'--block-size' find many");
    return quantize_rows_check_mapping(self, mapping);
}

static int check(const struct command *self, struct drift_options *options, char *const *inputs,
                 size_t n)
{
    if (options->input && (options->nsamples > 0 || options->seed.given))
        return message_usage(self->name,
                             "'--%s' is for random samples, but '--input' reads them from a file",
                             options->nsamples > 0 ? "samples" : "seed");
    int status = check_mapping(self, &options->mapping);
    sections_resolve(&options->mapping);
    for (size_t i = 0; status == EXIT_DONE && i < options->mapping.sections.n; i++)
        status = check_mapping(self, options->mapping.sections.items[i]);
    return status == EXIT_DONE ? targets_check(self, &options->mapping.target, inputs, n) : status;
}

static void announce(const struct drift_options *options, const struct input_list *inputs)
{
    if (options->mapping.batch.quiet)
        return;
    streams_announce((const char *const *)inputs->names, inputs->n);
    streams_announce(&options->input, 1);
}

static int run_with(const struct command *self, struct drift_options *options, char *const *named,
                    size_t nnamed)
{
    struct input_list inputs;
    struct drift_layers layers = {.n = 0};
    struct quant_spec spec;
    struct quant_rule *rules = NULL;
    const struct quant_input common = input_options_input(&options->mapping.input);
    const struct directory_rules directory = {.quiet = options->mapping.batch.quiet};
    int status = directory_inputs_init(&inputs, self, &options->mapping.files_from, &directory,
                                       named, nnamed);
    if (status == EXIT_DONE)
        status = check(self, options, inputs.names, inputs.n);
    if (status == EXIT_DONE)
        status = quantize_options_read_spec(self, &options->mapping, &spec);
    if (status == EXIT_DONE)
        status = sections_rules(self, &options->mapping, &rules);
    if (status == EXIT_DONE)
        status = drift_layers_find(&layers, &common, inputs.names, inputs.n, &options->tensors);
    if (status == EXIT_DONE) {
        announce(options, &inputs);
        status = go_through(options, &layers, &spec, rules);
    }
    free(rules);
    drift_layers_release(&layers);
    status = input_list_status(&inputs, status);
    input_list_release(&inputs);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct drift_options options = {.mapping = QUANTIZE_OPTIONS_INIT};
    int first;
    int status;
    if (options_parse(self, argc, argv, &options, &first, &status))
        status = run_with(self, &options, argv + first, (size_t)(argc - first));
    word_list_release(&options.tensors);
    quantize_options_release(&options.mapping);
    return status;
}

static const char notes[] =
    "Each INPUT is a layer: a matrix of weights W, without a bias. Samples go through\n"
    "all layers twice, y = W x with ReLU between layers: once with the weights as\n"
    "they are, once with the weights as they are restored from their quantization.\n"
    "Nothing is written. An .npz, .safetensors or GGUF file is a layer if it has one\n"
    "matrix of floats; --tensors chooses from other files.\n"
    "\n"
    "Each line compares the outputs of a layer, after ReLU: sqnr_db and cosine are\n"
    "the figures of 'quant dequant --report'; off are outputs that are above 0 with\n"
    "the weights as they are, and 0 with quantized ones; on are the reverse. The last\n"
    "layer has no ReLU. weight_db is the sqnr_db of the weights alone.\n"
    "\n"
    "Outputs are sums in double in the order of the inputs, rounded to float32. No\n"
    "figure depends on threads or processor.\n";

static const struct command_example examples[] = {
    {"drift fc1.npy fc2.npy", "prints the error after each of two layers, in int8"},
    {"drift -t int4 --block-size 32 --activations fc1.npy fc2.npy",
     "in int4, with int8 activations"},
    {"drift -t int4 fc1.npy fc2.npy --for 'fc1*' -t copy",
     "with the first layer as it is: what the second one loses by itself"},
    {"drift --fail-if 'sqnr_db<30' fc1.npy fc2.npy",
     "exits with status 3 if the outputs of a layer have less than 30 dB"},
    {NULL, NULL},
};

const struct command command_drift = {
    .name = "drift",
    .summary = "show how the error grows through layers of a network",
    .usage = "drift [OPTION]... INPUT...",
    .options = rows,
    .notes = notes,
    .examples = examples,
    .failure = "a file cannot be read, or shapes do not fit",
    .computes = true,
    .run = run,
};
