/* SPDX-License-Identifier: MIT */
/* `quant compare`: what every scheme and calibration method would lose. */
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/compare.h"
#include "cli/message.h"
#include "cli/quantize_options.h"
#include "cli/streams.h"

enum comparison { COMPARISON_TEXT = 1, COMPARISON_JSON };

struct compare_options {
    struct quantize_options mapping; /* what of it there are rows for */
    int report;                      /* enum report_kind; REPORT_NONE: as text */
};

#define AT(field) offsetof(struct compare_options, field)

static const char *choice_comparison(size_t i)
{
    static const char *const words[] = {"text", "json"}; /* from COMPARISON_TEXT */
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

static const struct option_row rows[] = {
    {.heading = "Mapping:",
     .brief = 't',
     .name = "dtype",
     .argument = "TYPE",
     .help = "type to quantize to",
     .initial = "int8",
     .choice = choice_scaled_target,
     .synonym = synonym_dtype,
     .parse = value_target,
     .offset = AT(mapping.dtype),
     .is_common = true},
    MAPPING_ROWS(AT(mapping)),
    {.name = "nonfinite",
     .argument = "POLICY",
     .help = "what to do with NaN and infinities",
     .initial = "error",
     .choice = choice_nonfinite,
     .parse = value_choice,
     .offset = AT(mapping.nonfinite)},

    {.heading = "Reporting:",
     .name = "report",
     .argument = "KIND",
     .is_optional = true,
     .help = "print a table, or one JSON object for each file",
     .initial = "text",
     .choice = choice_comparison,
     .parse = value_later,
     .offset = AT(report),
     .is_common = true},
    {.name = "json", .alias_of = "report", .value = "json"},

    INPUT_ROWS(AT(mapping.input)),
    FILES_FROM_ROWS(AT(mapping.files_from), NULL),
    BATCH_ROWS(AT(mapping.batch), "figures", "warnings and no progress"),
    {0},
};

/* What is kept of a file until it is told of. */
struct bench {
    struct quant_compare_job job;
    struct quant_compare_result result;
    struct quant_error error;
    enum quant_status status;
};

struct work {
    const struct compare_options *options;
    char *const *inputs;
    struct totals *totals;
};

static struct quant_compare_job make_job(const struct quantize_options *options)
{
    return (struct quant_compare_job){
        .input = input_options_input(&options->input),
        .spec = quantize_options_spec(options),
    };
}

static void compare_one(const struct batch_item *item)
{
    const struct work *work = item->context;
    struct bench *bench = item->place;
    bench->job = make_job(&work->options->mapping);
    bench->job.input.path = work->inputs[item->i];
    bench->job.threads = item->threads;
    bench->job.cancel = item->cancel;
    bench->job.progress = item->progress;
    bench->job.progress_context = item->progress_context;
    bench->status = quant_file_compare(&bench->job, &bench->result, &bench->error);
}

static int tell_one(const struct batch_item *item)
{
    const struct work *work = item->context;
    const struct bench *bench = item->place;
    const char *path = work->inputs[item->i];
    if (bench->status != QUANT_OK)
        return message_failure(bench->status, &bench->error);
    totals_add(work->totals,
               quant_dtype_bytes(bench->result.source_dtype, bench->result.observed.count), 0);
    if (work->options->report != COMPARISON_JSON) {
        compare_print_text(path, &bench->result);
    } else if (!compare_print_json(path, &bench->result)) {
        message_error("'%s': no memory for its comparison", path);
        return EXIT_FAILED;
    }
    return streams_flush() ? EXIT_DONE : EXIT_FAILED;
}

static int compare_all(const struct compare_options *options, char *const *inputs, size_t n)
{
    struct totals totals;
    struct work work = {options, inputs, &totals};
    const struct batch batch = {
        .n = n,
        .names = (const char *const *)inputs,
        .place_bytes = sizeof(struct bench),
        .context = &work,
        .work = compare_one,
        .deliver = tell_one,
        .prints = true,
        .only_prints = true,
        .totals = &totals,
    };
    const int status = batch_run(&batch, &options->mapping.batch);
    if (!options->mapping.batch.quiet)
        totals_print(&totals, &(struct totals_words){.done = "compared", .only_reads = true});
    return status;
}

/* A scheme that the options do not go with has no rows; that a float type has none of zero-point is
 * no news. */
static int check_schemes(const struct command *self, const struct quantize_options *options)
{
    static const enum quant_scheme schemes[] = {QUANT_ABSMAX, QUANT_ZERO_POINT};
    struct quant_spec spec = quantize_options_spec(options);
    struct quant_error errors[2];
    enum quant_status statuses[2];
    for (size_t i = 0; i < 2; i++) {
        spec.scheme = schemes[i];
        statuses[i] = quant_spec_check(&spec, &errors[i]);
    }
    if (statuses[0] != QUANT_OK && statuses[1] != QUANT_OK)
        return message_usage(self->name, "%s", errors[0].text);
    if (options->batch.quiet || !quant_dtype_info(spec.dtype)->is_integer)
        return EXIT_DONE;
    for (size_t i = 0; i < 2; i++)
        if (statuses[i] != QUANT_OK)
            message_warning("there are no rows of %s: %s", choice_scheme(schemes[i]),
                            errors[i].text);
    return EXIT_DONE;
}

static int check(const struct command *self, const struct quantize_options *options,
                 char *const *inputs, size_t n)
{
    const struct quant_spec spec = quantize_options_spec(options);
    if (!quant_spec_needs_range(&spec))
        return message_usage(self->name, "%s is unscaled: it has no ranges to compare",
                             quant_dtype_info(spec.dtype)->name);
    const int status = targets_check(self, &options->target, inputs, n);
    return status == EXIT_DONE ? check_schemes(self, options) : status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct compare_options options = {.mapping = QUANTIZE_OPTIONS_INIT};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status))
        return status;
    struct input_list inputs;
    status = input_list_init(&inputs, self, &options.mapping.files_from, argv + first,
                             (size_t)(argc - first));
    if (status == EXIT_DONE)
        status = check(self, &options.mapping, inputs.names, inputs.n);
    if (status == EXIT_DONE)
        status = compare_all(&options, inputs.names, inputs.n);
    input_list_release(&inputs);
    return status;
}

static const char notes[] =
    "There is one row for each scheme with each method of 'quant quantize --method',\n"
    "smallest mse first, and a recommendation below. '--method auto' takes the first\n"
    "row of its scheme.\n";

static const struct command_example examples[] = {
    {"compare w.npy", "prints the error of every scheme and method, best first"},
    {"compare --report=json weights/*.npy | jq -r '[.path, .advice] | @tsv'",
     "prints the recommendation for each file"},
    {NULL, NULL},
};

const struct command command_compare = {
    .name = "compare",
    .summary = "compare the error of every scheme and method on each INPUT",
    .usage = "compare [OPTION]... INPUT...",
    .options = rows,
    .notes = notes,
    .examples = examples,
    .computes = true,
    .run = run,
};
