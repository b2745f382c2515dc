/* SPDX-License-Identifier: MIT */
/* `quant inspect`: what is in tensor files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/inspect_report.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/quantize_options.h"
#include "cli/report_json.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/text_columns.h"

enum inspection { INSPECTION_TEXT = 1, INSPECTION_JSON };

struct inspect_options {
    struct quantize_options mapping; /* only the fields that have rows */
    int report;                      /* enum inspection; 0: as text */
    bool measures;
    bool is_ascii;
};

#define AT(field) offsetof(struct inspect_options, field)

static const char *choice_inspection(size_t i)
{
    static const char *const words[] = {"text", "json"}; /* from INSPECTION_TEXT */
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

static const struct option_row rows[] = {
    {.heading = "Reporting:",
     .name = "stats",
     .help = "read the elements: range, mean, percentiles, outliers, channels, what quantizing "
             "would lose, and a histogram",
     .parse = value_flag,
     .offset = AT(measures),
     .is_common = true},
    {.name = "ascii",
     .help = "draw the histogram in ASCII",
     .initial = "block characters, if the locale is UTF-8",
     .parse = value_flag,
     .offset = AT(is_ascii)},
    {.name = "report",
     .argument = "KIND",
     .is_optional = true,
     .help = "print lines for people (text) or one JSON object per tensor (json)",
     .help_names_choices = true,
     .initial = "text",
     .choice = choice_inspection,
     .parse = value_choice_from_1,
     .offset = AT(report),
     .is_common = true},
    {.name = "json", .alias_of = "report", .value = "json"},

    {.heading = "Mapping, for --stats:",
     .brief = 't',
     .name = "dtype",
     .argument = "TYPE",
     .help = "find what is lost by quantizing to TYPE",
     .initial = "int8",
     .choice = choice_found_target,
     .synonym = synonym_dtype,
     .parse = value_target,
     .offset = AT(mapping.dtype)},
    {.brief = 's',
     .name = "scheme",
     .argument = "SCHEME",
     .help = "with absmax (symmetric around 0) or zero-point (affine, from min to max)",
     .help_names_choices = true,
     .initial = "absmax",
     .choice = choice_scheme,
     .synonym = synonym_scheme,
     .parse = value_choice,
     .offset = AT(mapping.scheme)},
    {.brief = 'm',
     .name = "method",
     .argument = "METHOD[:ARG]",
     .help = "choose the range with METHOD",
     .initial = "minmax",
     .choice = choice_any_method,
     .parse = value_calibration,
     .offset = AT(mapping.calibration)},
    {.brief = 'c',
     .name = "clip",
     .argument = "LO,HI",
     .help = "map the range LO..HI",
     .expected = "two numbers LO,HI with LO < HI, both within float32",
     .parse = value_range,
     .offset = AT(mapping.clip)},

    INPUT_ROWS(AT(mapping.input)),
    {.name = "sidecar",
     .argument = "FILE",
     .help = "read the sidecar from FILE",
     .initial = "INPUT.json, if it is one",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(mapping.target.sidecar)},
    FILES_FROM_ROWS(AT(mapping.files_from), NULL),
    SELECTION_ROWS(AT(mapping.selection), "show"),
    BATCH_ROWS(AT(mapping.batch), "progress or summary"),
    {0},
};

struct work {
    const struct inspect_options *options;
    struct quant_inspect_job job;
    char *const *paths;
    struct choosing *choosing;
    struct totals totals;
    struct inspect_counts counts;
    struct inspect_table table;
    bool has_container;
};

static bool is_json(const struct work *work)
{
    return work->options->report == INSPECTION_JSON;
}

static enum quant_status inspect_files(void *context, const struct quant_control *control,
                                       struct quant_error *error)
{
    struct work *work = context;
    work->job.control = *control;
    return quant_file_inspect(&work->job, NULL, error);
}

static bool no_memory(const char *path)
{
    message_error("'%s': no memory to list it", path);
    return false;
}

/* Whether a record of a failure is of use, apart from the message. */
static bool is_news(enum quant_status status)
{
    return status != QUANT_CANCELLED && status != QUANT_CLOSED;
}

static bool fail_tensor(const struct work *work, const struct quant_tensor_result *result)
{
    message_failure(result->status, result->error);
    if (is_news(result->status) && is_json(work))
        report_json_print_failure(stdout, work->paths[result->file], result->name,
                                  result->error->text);
    return true;
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    const char *path = work->paths[result->file];
    const struct quant_inspected *tensor = result->inspected;
    choosing_see(work->choosing, result->name, true);
    if (result->status != QUANT_OK)
        return fail_tensor(work, result);
    const bool ok = is_json(work) ? inspect_print_json(path, result->name, tensor->file, tensor)
                                  : inspect_table_add(&work->table, path, result);
    if (work->options->measures) /* it may take a while to the next */
        streams_flush();
    return ok || no_memory(path);
}

/* A file that failed: JSON has a record of it. */
static int fail(struct work *work, const struct quant_file_result *result)
{
    if (!is_json(work))
        inspect_table_end(&work->table, work->paths[result->file], result->inspected);
    if (!result->inspected) /* else each tensor has been reported */
        message_failure(result->status, result->error);
    work->counts.nfailed++;
    if (!result->inspected && is_news(result->status) && is_json(work))
        report_json_print_failure(stdout, work->paths[result->file], NULL, result->error->text);
    streams_flush();
    return EXIT_FAILED;
}

static void count(struct work *work, const struct quant_inspect_result *file)
{
    const uint64_t nbytes = file->is_container ? file->nbytes : file->tensor.nbytes;
    totals_add(&work->totals, nbytes, 0);
    work->counts.nbytes += nbytes;
    work->counts.ntensors += file->ntensors;
    for (int role = 0; role <= QUANT_ROLE_UNKNOWN; role++)
        work->counts.roles[role] += file->roles[role];
    work->counts.nunfinished += file->remark.status != QUANT_OK;
    work->has_container = work->has_container || file->is_container;
}

static int report_file(void *context, const struct quant_file_result *result)
{
    struct work *work = context;
    const char *path = work->paths[result->file];
    const struct quant_inspect_result *file = result->inspected;
    bool ok = true;
    if (result->status != QUANT_OK)
        return fail(work, result);
    count(work, file);
    if (!file->is_container)
        choosing_see(work->choosing, path, true);
    if (!is_json(work))
        inspect_table_end(&work->table, path, file);
    else if (!file->is_container)
        ok = inspect_print_json(path, NULL, file, &file->tensor) || no_memory(path);
    else if (file->nfaults > 0)
        ok = report_json_print_failure(stdout, path, NULL, file->fault.text) || no_memory(path);
    ok = streams_flush() && ok;
    if (file->nfaults > 0)
        message_error("%s", file->fault.text);
    return ok && file->nfaults == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Prints the last record of a JSON report on several files, or on a container. */
static int print_summary(struct work *work, int status)
{
    if (!is_json(work) || work->totals.is_cut || (work->counts.nfiles < 2 && !work->has_container))
        return status;
    if (!inspect_print_json_summary(&work->counts)) {
        message_error("no memory for the summary");
        status = EXIT_FAILED;
    }
    return streams_flush() ? status : EXIT_FAILED;
}

static struct quant_file *make_files(const struct inspect_options *options, char *const *paths,
                                     size_t n)
{
    struct quant_file *files = calloc(n, sizeof *files);
    for (size_t i = 0; files && i < n; i++)
        files[i] =
            (struct quant_file){.path = paths[i], .sidecar = options->mapping.target.sidecar};
    return files;
}

static int inspect_all(const struct inspect_options *options, char *const *paths, size_t n,
                       struct choosing *choosing)
{
    struct quant_file *files = make_files(options, paths, n);
    struct work work = {
        .options = options,
        .job = {.size = sizeof work.job,
                .input = input_options_input(&options->mapping.input),
                .spec = quantize_options_spec(&options->mapping),
                .measure = options->measures,
                .files = files,
                .nfiles = n,
                .selection = selection_options_selection(&options->mapping.selection)},
        .paths = paths,
        .choosing = choosing,
        .counts = {.nfiles = n},
        .table = {.is_ascii = options->is_ascii || !text_is_utf8()},
    };
    if (!files) {
        message_error("no memory for the names of the inputs");
        return EXIT_FAILED;
    }
    const struct batch batch = {
        .n = n,
        .names = (const char *const *)paths,
        .context = &work,
        .run = inspect_files,
        .tensor = report_tensor,
        .file = report_file,
        .prints = true,
        .only_prints = true,
        .totals = &work.totals,
    };
    int status = choosing_end(choosing, batch_run(&batch, &options->mapping.batch));
    if (!signals_raised())
        status = print_summary(&work, status);
    if (!options->mapping.batch.quiet)
        totals_print(&work.totals, &(struct totals_words){.done = "inspected", .only_reads = true});
    inspect_table_release(&work.table);
    free(files);
    return status;
}

static int check(const struct command *self, const struct inspect_options *options,
                 char *const *inputs, size_t n)
{
    const struct quantize_options *mapping = &options->mapping;
    const struct quant_spec spec = quantize_options_spec(mapping);
    struct quant_error error;
    if (!options->measures && (mapping->clip.given || mapping->calibration.name ||
                               mapping->scheme != 0 || mapping->dtype != QUANT_INT8))
        return message_usage(self->name,
                             "'--dtype', '--scheme', '--method' and '--clip' are for '--stats'");
    if (mapping->clip.given && mapping->calibration.name)
        return message_usage(self->name, "'--clip' gives the range that '--method' would find");
    if (quant_spec_check(&spec, &error) != QUANT_OK)
        return message_usage(self->name, "%s", error.text);
    return targets_check(self, &mapping->target, inputs, n);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct inspect_options options = {.mapping = QUANTIZE_OPTIONS_INIT};
    struct choosing choosing = {.verb = "inspect"};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status)) {
        quantize_options_release(&options.mapping);
        return status;
    }
    struct input_list inputs;
    const struct directory_rules rules = {.finds = QUANT_FINDS_ALL,
                                          .quiet = options.mapping.batch.quiet};
    status = directory_inputs_init(&inputs, self, &options.mapping.files_from, &rules, argv + first,
                                   (size_t)(argc - first));
    if (status == EXIT_DONE)
        status = check(self, &options, inputs.names, inputs.n);
    choosing.input = input_options_input(&options.mapping.input);
    if (status == EXIT_DONE)
        status = choosing_look(&choosing, &options.mapping.selection, inputs.names, inputs.n);
    char *const *names = choosing_names(&choosing, inputs.names);
    const size_t n = choosing_count(&choosing, inputs.n);
    if (status == EXIT_DONE && !options.mapping.batch.quiet)
        streams_announce((const char *const *)names, n);
    if (status == EXIT_DONE)
        status = inspect_all(&options, names, n, &choosing);
    choosing_release(&choosing);
    status = input_list_status(&inputs, status);
    input_list_release(&inputs);
    quantize_options_release(&options.mapping);
    return status;
}

static const char notes[] =
    "Without --stats only headers and sidecars are read, apart from what has no\n"
    "header: JSON, and raw data from a pipe.\n"
    "\n"
    "A tensor is 'mapped' if quantizing maps it without --min-dims, or else 'copied'.\n"
    "If the file has a sidecar, a tensor is 'quantized', with the scheme, the scales,\n"
    "the method, the type of the floats and the checksum, or it was copied, or holds\n"
    "scales or zero points. A sidecar that is damaged, or another file's, is a fault:\n"
    "the file is listed all the same, and the exit status is 1. The checksum is that\n"
    "of the sidecar; it is not compared with the data.\n"
    "\n"
    "With --stats, percentiles are exact. Outliers are values more than half as large\n"
    "as the largest. 'quantized' shows what is lost with the options for the mapping,\n"
    "with -m mse if a few outliers set the range, and with a scale for each index of\n"
    "axis 0. The height of the histogram is the logarithm of the count; the number\n"
    "beside it is the largest count. The marks below it are the ends of the range that\n"
    "is mapped, or < and > if they are outside. Integers are counted without scales.\n";

static const struct command_example examples[] = {
    {"inspect w.npy", "prints what is in a file: format, type, shape and size"},
    {"inspect --stats w.npy", "prints statistics of its elements, and draws a histogram"},
    {"inspect --report=json *.npy | jq -r 'select(.tensor == null) | .path'",
     "prints the files of one tensor"},
    {NULL, NULL},
};

const struct command command_inspect = {
    .name = "inspect",
    .summary = "list what is in each INPUT",
    .usage = "inspect [OPTION]... INPUT...",
    .options = rows,
    .notes = notes,
    .examples = examples,
    .computes = true,
    .run = run,
};
