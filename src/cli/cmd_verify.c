/* SPDX-License-Identifier: MIT */
/* `quant verify`: whether quantized files are whole and agree with their sidecars. */
#include <errno.h>
#include <quant/verify.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/batch.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/input_options.h"
#include "cli/message.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/status_line.h"
#include "cli/targets.h"
#include "cli/verify_report.h"

struct verify_options {
    struct target_options target; /* its sidecar alone is used */
    struct files_from_options files_from;
    struct selection_options selection;
    const char *against;
    struct input_options original; /* its shape is the sidecar's */
    int report;                    /* REPORT_...; 0: not given */
    struct batch_options batch;
};

enum { REPORT_TEXT = 1, REPORT_JSON }; /* 0: not given */

static const char *choice_report(size_t i)
{
    static const char *const words[] = {
        [REPORT_TEXT - 1] = "text",
        [REPORT_JSON - 1] = "json",
    };
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

#define AT(field) offsetof(struct verify_options, field)

static const struct option_row rows[] = {
    FILES_FROM_ROWS(AT(files_from), "Input:"),
    SELECTION_ROWS(AT(selection), "check"),
    {.name = "sidecar",
     .argument = "FILE",
     .help = "read the sidecar from FILE",
     .initial = "the name of the INPUT plus .json",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(target.sidecar),
     .is_common = true},

    {.heading = "Comparing:",
     .name = "against",
     .argument = "SOURCE",
     .help = "compare with SOURCE, a file or a directory of files: the original floats, or another "
             "quantization of them",
     .expected = "the name of a file or directory",
     .parse = value_text,
     .offset = AT(against),
     .is_common = true},
    {.brief = 'f',
     .name = "from",
     .argument = "FORMAT",
     .help = "read the original as FORMAT",
     .initial = "by content, then by extension",
     .choice = choice_format,
     .parse = value_word,
     .offset = AT(original.from)},
    {.name = "input-dtype",
     .argument = "TYPE",
     .help = "read a raw original, or bfloat16 or float8 in .npy, as TYPE",
     .initial = "as in the sidecar, else float32",
     .choice = choice_source,
     .synonym = synonym_dtype,
     .parse = value_source,
     .offset = AT(original.dtype)},
    {.name = "byte-order",
     .argument = "ORDER",
     .help = "read a raw original in this byte order",
     .initial = "as in the sidecar, else little",
     .choice = choice_byte_order,
     .parse = value_choice_from_1,
     .offset = AT(original.byte_order)},

    {.heading = "Reporting:",
     .name = "report",
     .argument = "KIND",
     .is_optional = true,
     .help = "print what is wrong as text, or a record for every tensor as json",
     .initial = "text",
     .choice = choice_report,
     .parse = value_choice_from_1,
     .offset = AT(report),
     .is_common = true},

    BATCH_ROWS(AT(batch), "progress or summary"),
    {0},
};

/* ---- The work ------------------------------------------------------------------------------- */

struct work {
    struct quant_verify_job job;
    struct verify_report report;
    size_t nfailed; /* files */
    struct choosing *choosing;
};

static enum quant_status verify_files(void *context, const struct quant_control *control,
                                      struct quant_error *error)
{
    struct work *work = context;
    work->job.control = *control;
    const enum quant_status status = quant_file_verify(&work->job, error);
    const bool is_fatal = status == QUANT_CANCELLED || status == QUANT_NO_MEMORY;
    const bool is_reported = work->nfailed == 0 && work->report.nmissing > 0;
    return is_reported && !is_fatal ? QUANT_OK : status;
}

static bool report_missing(void *context, const struct quant_missing *missing)
{
    struct work *work = context;
    if (isatty(STDOUT_FILENO) == 1)
        status_line_clear();
    return verify_report_missing(&work->report, missing);
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    choosing_see(work->choosing, result->name, true);
    return verify_report_tensor(&work->report, result);
}

static int report_file(void *context, const struct quant_file_result *result)
{
    struct work *work = context;
    const bool is_printed = verify_report_file(&work->report, result);
    work->nfailed += result->status != QUANT_OK;
    if (result->verified && result->verified->ntensors == 0)
        choosing_see(work->choosing, work->report.paths[result->file], true);
    return is_printed && result->status == QUANT_OK ? EXIT_DONE : EXIT_FAILED;
}

static struct quant_file *make_files(const struct verify_options *options, char *const *paths,
                                     size_t n)
{
    struct quant_file *files = calloc(n, sizeof *files);
    for (size_t i = 0; files && i < n; i++)
        files[i] = (struct quant_file){.path = paths[i], .sidecar = options->target.sidecar};
    return files;
}

/* The paths that files have in the directories among the INPUTs; NULL: none is one, or no memory.
 * The n paths are those of the list, some of which may be left out. */
static const char **make_names(const struct input_list *inputs, char *const *paths, size_t n)
{
    const char **names = inputs->origins && n > 0 ? calloc(n, sizeof *names) : NULL;
    for (size_t i = 0, k = 0; names && i < inputs->n && k < n; i++) {
        if (inputs->names[i] != paths[k])
            continue;
        if (inputs->origins[i].file)
            names[k] = inputs->origins[i].file->relative;
        k++;
    }
    return names;
}

/* What a directory among the INPUTs lacks is looked for, too. */
static uint64_t against_ways(const struct verify_options *options, const struct input_list *inputs)
{
    return (options->files_from.is_recursive ? QUANT_AGAINST_RECURSIVE : 0) |
           (inputs->ndirectories > 0 ? QUANT_AGAINST_WHOLE : 0);
}

static int verify_files_of(const struct verify_options *options, struct work *work)
{
    const struct batch batch = {
        .n = work->job.nfiles,
        .names = (const char *const *)work->report.paths,
        .context = work,
        .run = verify_files,
        .tensor = report_tensor,
        .file = report_file,
        .prints = true,
        .only_prints = true,
        .totals = &work->report.totals,
    };
    int status = choosing_end(work->choosing, batch_run(&batch, &options->batch));
    if (work->report.nmissing > 0 && !signals_raised())
        status = EXIT_FAILED;
    if (!signals_raised() && !verify_report_end(&work->report))
        status = EXIT_FAILED;
    if (!options->batch.quiet)
        verify_report_summary(&work->report);
    return status;
}

static bool is_directory(const char *path)
{
    struct stat found;
    return path && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int verify_all(const struct verify_options *options, const struct input_list *inputs,
                      struct choosing *choosing)
{
    char *const *paths = choosing_names(choosing, inputs->names);
    const size_t n = choosing_count(choosing, inputs->n);
    struct quant_file *files = make_files(options, paths, n);
    const char **names = make_names(inputs, paths, n);
    struct work work = {
        .job = {.size = sizeof work.job,
                .files = files,
                .nfiles = n,
                .selection = selection_options_selection(&options->selection),
                .against = input_options_input(&options->original),
                .against_names = names,
                .against_ways = against_ways(options, inputs),
                .on_missing = report_missing,
                .missing_context = &work},
        .report = {.paths = paths,
                   .compares = options->against,
                   .counts_missing = is_directory(options->against),
                   .is_json = options->report == REPORT_JSON},
        .choosing = choosing,
    };
    work.job.against.path = options->against;
    int status = EXIT_FAILED;
    if (files && (names || !inputs->origins))
        status = verify_files_of(options, &work);
    else
        message_error("no memory for the names of the inputs");
    free(names);
    free(files);
    return status;
}

/* ---- The command ---------------------------------------------------------------------------- */

/* For several INPUTs. */
static int check_source(const struct command *self, const char *source, size_t n)
{
    if (is_directory(source))
        return EXIT_DONE;
    if (access(source, F_OK) == 0)
        return message_usage(self->name, "'--against' names one file, but there are %zu INPUTs", n);
    message_error("cannot read '%s': %s", source, strerror(errno));
    return EXIT_FAILED;
}

static int check_against(const struct command *self, const struct verify_options *options, size_t n)
{
    const struct input_options *original = &options->original;
    const char *idle = original->from         ? "from"
                       : original->dtype      ? "input-dtype"
                       : original->byte_order ? "byte-order"
                                              : NULL;
    if (idle && !options->against)
        return message_usage(
            self->name, "'--%s' describes the original, which is read only with '--against'", idle);
    if (options->against && strcmp(options->against, "-") == 0)
        return message_usage(self->name, "'--against' needs a file, not '-'");
    return options->against && n > 1 ? check_source(self, options->against, n) : EXIT_DONE;
}

static int check(const struct command *self, const struct verify_options *options,
                 const struct input_list *inputs)
{
    const int status = targets_check(self, &options->target, inputs->names, inputs->n);
    for (size_t i = 0; status == EXIT_DONE && i < inputs->n; i++)
        if (strcmp(inputs->names[i], "-") == 0 && !options->target.sidecar)
            return message_usage(self->name, "'-' needs '--sidecar FILE'");
    return status == EXIT_DONE ? check_against(self, options, inputs->n) : status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct verify_options options = {.report = 0};
    struct choosing choosing = {.verb = "verify"};
    int first;
    int status;
    if (options_parse(self, argc, argv, &options, &first, &status)) {
        struct input_list inputs;
        const struct directory_rules rules = {.finds = QUANT_FINDS_QUANTIZED,
                                              .quiet = options.batch.quiet};
        status = directory_inputs_init(&inputs, self, &options.files_from, &rules, argv + first,
                                       (size_t)(argc - first));
        if (status == EXIT_DONE)
            status = check(self, &options, &inputs);
        if (status == EXIT_DONE)
            status = choosing_look(&choosing, &options.selection, inputs.names, inputs.n);
        if (status == EXIT_DONE && !options.batch.quiet)
            streams_announce((const char *const *)choosing_names(&choosing, inputs.names),
                             choosing_count(&choosing, inputs.n));
        if (status == EXIT_DONE)
            status = verify_all(&options, &inputs, &choosing);
        choosing_release(&choosing);
        status = input_list_status(&inputs, status);
        input_list_release(&inputs);
    }
    selection_options_release(&options.selection);
    return status;
}

static const char notes[] =
    "An INPUT is a quantized file, or its sidecar. The sidecar must be valid; the\n"
    "data must have the size, header, types, shapes and checksums that it states;\n"
    "scales must be there, finite and above 0; every integer must be within qmin and\n"
    "qmax. All tensors are checked, and each problem is a line that says where it is.\n"
    "Nothing is written, and the elements are read once.\n"
    "\n"
    "--against SOURCE also compares each quantized tensor with the one of the same\n"
    "name. If SOURCE has floats, they are quantized again as the sidecar says: the\n"
    "integers must be the same, and the scales those of the method. If SOURCE is\n"
    "quantized, by quant or by another program that puts NAME_scale beside NAME,\n"
    "tensors with the same values are fine; others differ in their scales only, or in\n"
    "an element. In a directory, files are found by their names, and tensors of a\n"
    "checkpoint in any shard; what a directory as INPUT lacks is named.\n";

static const struct command_example examples[] = {
    {"verify w.int8.npy", "checks the file against its sidecar w.int8.npy.json"},
    {"verify *.int8.npy",
     "prints a line for each problem, and exits with status 1 if there is one"},
    {"verify --report=json model.int8.safetensors | jq -r 'select(.faults != []) | .tensor'",
     "prints the names of the tensors that are not as they were written"},
    {"verify --against w.npy w.int8.npy", "quantizes w.npy again and compares the integers"},
    {"verify out --against weights",
     "compares each file in out with the one in weights that it was made from"},
    {NULL, NULL},
};

const struct command command_verify = {
    .name = "verify",
    .summary = "check that each quantized INPUT is whole and agrees with its sidecar",
    .usage = "verify [OPTION]... INPUT...",
    .options = rows,
    .notes = notes,
    .examples = examples,
    .computes = true,
    .run = run,
};
