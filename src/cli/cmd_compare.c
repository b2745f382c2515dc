/* SPDX-License-Identifier: MIT */
/* `quant compare`: measures the error of every scheme and calibration method. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/compare.h"
#include "cli/directory_inputs.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/quantize_options.h"
#include "cli/report_json.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

enum comparison { COMPARISON_TEXT = 1, COMPARISON_JSON };

struct given_dtypes {
    size_t n;
    enum quant_dtype dtypes[QUANT_COMPARE_TYPES];
};

struct compare_options {
    struct quantize_options
        mapping;               /* only the fields that have rows; scheme and dtype are not used */
    int scheme;                /* from 1; 0: both */
    struct given_dtypes types; /* none: int8 */
    int report;                /* enum comparison; 0: as text */
    bool is_wide;
};

#define AT(field) offsetof(struct compare_options, field)

static const char *choice_comparison(size_t i)
{
    static const char *const words[] = {"text", "json"}; /* from COMPARISON_TEXT */
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

static void add_dtype(struct given_dtypes *types, enum quant_dtype dtype)
{
    for (size_t i = 0; i < types->n; i++)
        if (types->dtypes[i] == dtype)
            return;
    types->dtypes[types->n++] = dtype;
}

/* For a struct given_dtypes: adds types separated by commas, each once. */
static bool parse_dtypes(const struct option_row *row, const char *text, void *field,
                         struct option_reason *reason)
{
    struct given_dtypes *types = field;
    for (;;) {
        char word[64];
        int dtype;
        const size_t length = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", length < sizeof word ? (int)length : 0, text);
        if (!value_target(row, synonym_dtype(word), &dtype, reason)) {
            if (reason->text[0] == '\0')
                value_expect_choice(row, word, reason->text, sizeof reason->text);
            return false;
        }
        if (quant_dtype_info((enum quant_dtype)dtype)->is_unscaled) {
            snprintf(reason->text, sizeof reason->text,
                     "%s is unscaled: it has no ranges to compare",
                     quant_dtype_info((enum quant_dtype)dtype)->name);
            return false;
        }
        if (quant_dtype_info((enum quant_dtype)dtype)->needs_scale) {
            snprintf(reason->text, sizeof reason->text,
                     "%s needs a given scale: it has no ranges to compare",
                     quant_dtype_info((enum quant_dtype)dtype)->name);
            return false;
        }
        add_dtype(types, (enum quant_dtype)dtype);
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static const struct option_row rows[] = {
    {.heading = "Mapping:",
     .brief = 't',
     .name = "dtype",
     .argument = "TYPE[,TYPE]",
     .help = "compare for each TYPE, one table per type; may be repeated",
     .initial = "int8",
     .choice = choice_scaled_target,
     .parse = parse_dtypes,
     .offset = AT(types),
     .is_common = true},
    {.brief = 's',
     .name = "scheme",
     .argument = "SCHEME",
     .help = "compare only absmax (symmetric around 0) or zero-point (affine, from min to max)",
     .help_names_choices = true,
     .initial = "both",
     .choice = choice_scheme,
     .synonym = synonym_scheme,
     .parse = value_choice_from_1,
     .offset = AT(scheme),
     .is_common = true},
    {.brief = 'c',
     .name = "clip",
     .argument = "LO,HI",
     .help = "also compare the range LO..HI",
     .expected = "two numbers LO,HI with LO < HI, both within float32",
     .parse = value_range,
     .offset = AT(mapping.clip),
     .is_common = true},
    GROUPING_ROWS(AT(mapping)),
    MAPPING_ROWS(AT(mapping)),
    NONFINITE_ROW(AT(mapping), "they are left out"),

    {.heading = "Reporting:",
     .name = "report",
     .argument = "KIND",
     .is_optional = true,
     .help = "print a table (text) or one JSON object per file and type (json)",
     .help_names_choices = true,
     .initial = "text",
     .choice = choice_comparison,
     .parse = value_choice_from_1,
     .offset = AT(report),
     .is_common = true},
    {.name = "wide",
     .help = "print every figure in the table, wider than 80 columns",
     .parse = value_flag,
     .offset = AT(is_wide),
     .is_common = true},
    {.name = "json", .alias_of = "report", .value = "json"},

    INPUT_ROWS(AT(mapping.input)),
    FILES_FROM_ROWS(AT(mapping.files_from), NULL),
    SELECTION_ROWS(AT(mapping.selection), "compare"),
    BATCH_ROWS(AT(mapping.batch), "warnings, progress or summary"),
    {0},
};

struct work {
    const struct compare_options *options;
    struct quant_compare_job job;
    char *const *paths;
    struct choosing *choosing;
    struct totals totals; /* nfiles: files of one tensor and tensors of containers */
    size_t nitems;        /* the same, so far */
    size_t ntensors;      /* of containers */
};

static struct quant_compare_job make_job(const struct compare_options *options)
{
    struct quant_compare_job job = {
        .size = sizeof job,
        .input = input_options_input(&options->mapping.input),
        .spec = quantize_options_spec(&options->mapping),
        .has_scheme = options->scheme > 0,
        .dtypes = options->types.dtypes,
        .ndtypes = options->types.n,
        .granularity = quantize_options_granularity(&options->mapping),
        .selection = selection_options_selection(&options->mapping.selection),
    };
    if (job.has_scheme)
        job.spec.scheme = (enum quant_scheme)(options->scheme - 1);
    return job;
}

static enum quant_status compare_files(void *context, const struct quant_control *control,
                                       struct quant_error *error)
{
    struct work *work = context;
    work->job.control = *control;
    return quant_file_compare(&work->job, NULL, error);
}

/* Returns false after a message. */
static bool print_parts(const struct work *work, struct compare_part *part)
{
    while (compare_next_part(part)) {
        if (work->options->report != COMPARISON_JSON) {
            compare_print_text(part, work->options->is_wide);
        } else if (!compare_print_json(part)) {
            message_error("'%s': no memory for its comparison", part->path);
            return false;
        }
    }
    return true;
}

static int print(struct work *work, struct compare_part *part)
{
    const struct quant_compare_result *result = part->result;
    part->job = &work->job;
    totals_add(&work->totals, quant_dtype_bytes(result->source_dtype, result->observed.count), 0);
    const bool is_printed = print_parts(work, part);
    return streams_flush() && is_printed ? EXIT_DONE : EXIT_FAILED;
}

/* tensor: of a container; NULL: the file. */
static int fail(const struct work *work, const char *path, const char *tensor,
                enum quant_status status, const struct quant_error *error)
{
    message_failure(status, error);
    const bool is_news = status != QUANT_CANCELLED && status != QUANT_CLOSED;
    if (is_news && work->options->report == COMPARISON_JSON &&
        report_json_print_failure(stdout, path, tensor, error->text))
        streams_flush();
    return EXIT_FAILED;
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    const char *file = work->paths[result->file];
    char *path = NULL;
    choosing_see(work->choosing, result->name, true);
    work->nitems++;
    work->ntensors++;
    if (result->status != QUANT_OK) {
        fail(work, file, result->name, result->status, result->error);
        return true;
    }
    if (asprintf(&path, "%s: %s", file, result->name) < 0) {
        message_error("'%s': no memory for its comparison", file);
        return false;
    }
    struct compare_part part = {
        .path = path, .file = file, .tensor = result->name, .result = result->compared};
    const bool goes_on = print(work, &part) == EXIT_DONE;
    free(path);
    return goes_on;
}

static int report_one(void *context, const struct quant_file_result *result)
{
    struct work *work = context;
    const char *path = work->paths[result->file];
    if (result->compared && result->compared->ntensors > 0) /* each is reported */
        return result->status == QUANT_OK ? EXIT_DONE : EXIT_FAILED;
    choosing_see(work->choosing, path, true);
    work->nitems++;
    if (result->status != QUANT_OK)
        return fail(work, path, NULL, result->status, result->error);
    struct compare_part part = {.path = path, .result = result->compared};
    return print(work, &part);
}

/* Prints the last record of a JSON report on several files. */
static int print_summary(const struct work *work, size_t nfiles, int status)
{
    const struct totals *totals = &work->totals;
    if (work->options->report != COMPARISON_JSON || totals->nfiles < 2 || totals->is_cut)
        return status;
    if (!compare_print_json_summary(nfiles, work->ntensors > 0 ? work->nitems : 0,
                                    totals->nfiles - totals->ndone)) {
        message_error("no memory for the summary");
        status = EXIT_FAILED;
    }
    return streams_flush() ? status : EXIT_FAILED;
}

static struct quant_file *make_files(char *const *paths, size_t n)
{
    struct quant_file *files = calloc(n, sizeof *files);
    for (size_t i = 0; files && i < n; i++)
        files[i].path = paths[i];
    return files;
}

static int compare_all(const struct compare_options *options, char *const *paths, size_t n,
                       struct choosing *choosing)
{
    struct work work = {
        .options = options, .job = make_job(options), .paths = paths, .choosing = choosing};
    struct quant_file *files = make_files(paths, n);
    if (!files) {
        message_error("no memory for the names of the inputs");
        return EXIT_FAILED;
    }
    work.job.files = files;
    work.job.nfiles = n;
    const struct batch batch = {
        .n = n,
        .names = (const char *const *)paths,
        .context = &work,
        .run = compare_files,
        .tensor = report_tensor,
        .file = report_one,
        .prints = true,
        .only_prints = true,
        .totals = &work.totals,
    };
    int status = batch_run(&batch, &options->mapping.batch);
    status = choosing_end(choosing, status);
    work.totals.nfiles = work.nitems;
    work.totals.nskipped = work.ntensors > 0 ? 0 : choosing->nskipped;
    if (!signals_raised())
        status = print_summary(&work, n, status);
    const struct totals_words words = {
        .done = "compared", .unit = work.ntensors > 0 ? "tensors" : NULL, .only_reads = true};
    if (!options->mapping.batch.quiet)
        totals_print(&work.totals, &words);
    free(files);
    return status;
}

/* Leaves out schemes that do not work with the options, with a warning, unless none remains. There
 * is no warning that a float type has no zero-point rows. */
static int check_type(const struct command *self, const struct compare_options *options,
                      enum quant_dtype dtype)
{
    enum { NSCHEMES = 2 };
    struct quant_spec spec = make_job(options).spec;
    struct quant_error errors[NSCHEMES];
    bool is_fine[NSCHEMES] = {false};
    const enum quant_scheme only = spec.scheme;
    spec.dtype = dtype;
    for (int i = 0; i < NSCHEMES; i++) {
        spec.scheme = (enum quant_scheme)i;
        is_fine[i] = quant_spec_check(&spec, &errors[i]) == QUANT_OK;
    }
    if (options->scheme > 0)
        return is_fine[only] ? EXIT_DONE : message_usage(self->name, "%s", errors[only].text);
    if (!is_fine[QUANT_ABSMAX] && !is_fine[QUANT_ZERO_POINT])
        return message_usage(self->name, "%s", errors[QUANT_ABSMAX].text);
    const bool is_quiet = options->mapping.batch.quiet || !quant_dtype_info(dtype)->is_integer;
    for (int i = 0; i < NSCHEMES && !is_quiet; i++)
        if (!is_fine[i])
            message_warning("there are no rows for %s: %s", choice_scheme((size_t)i),
                            errors[i].text);
    return EXIT_DONE;
}

static int check(const struct command *self, const struct compare_options *options,
                 char *const *inputs, size_t n)
{
    const struct quantize_options *mapping = &options->mapping;
    const char *groups = mapping->axis.given        ? "axis"
                         : mapping->blocks.size > 0 ? "block-size"
                                                    : NULL;
    if (mapping->clip.given && groups)
        return message_usage(self->name,
                             "'--%s' finds a range for each scale, but '--clip' gives one for all",
                             groups);
    int status = targets_check(self, &mapping->target, inputs, n);
    for (size_t i = 0; status == EXIT_DONE && i < options->types.n; i++)
        status = check_type(self, options, options->types.dtypes[i]);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct compare_options options = {.mapping = QUANTIZE_OPTIONS_INIT};
    struct choosing choosing = {
        .verb = "compare", .floats_only = true, .min_dims = QUANT_CONTAINER_MIN_DIMS};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status)) {
        quantize_options_release(&options.mapping);
        return status;
    }
    if (options.types.n == 0)
        add_dtype(&options.types, QUANT_INT8);
    struct input_list inputs;
    const struct directory_rules rules = {.quiet = options.mapping.batch.quiet};
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
        status = compare_all(&options, names, n, &choosing);
    choosing_release(&choosing);
    status = input_list_status(&inputs, status);
    input_list_release(&inputs);
    quantize_options_release(&options.mapping);
    return status;
}

static const char notes[] =
    "The table has one row per scheme and method of 'quant quantize --method'. The\n"
    "row with the smallest mse comes first. The figures are those that quantizing\n"
    "would report; lo and hi are the ends of the range that is mapped.\n"
    "\n"
    "'best' shows the options of 'quant quantize' for the row with the smallest mse,\n"
    "or for the defaults if no mse is more than 5 % below theirs. '--method auto'\n"
    "uses the first row of its scheme, without --clip; with --axis or --block-size,\n"
    "it uses the best method of each group.\n"
    "\n"
    "A few values are said to set the range (one, or at most 1 %) if without them the\n"
    "range is at most half as wide on each side of 0.\n";

static const struct command_example examples[] = {
    {"compare w.npy", "prints the error of every scheme and method, best first"},
    {"compare -t int8,int4 --block-size 32 w.npy",
     "compares two types, with one scale per 32 elements"},
    {"compare --report=json *.npy | jq -r '.recommendation.options // empty'",
     "prints the recommended options for each file"},
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
