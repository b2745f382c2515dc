/* SPDX-License-Identifier: MIT */
/* `quant dequant`: restores float32, measures the error, or both. */
#include <stdio.h>

#include "cli/batch.h"
#include "cli/checkpoints.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/dequant_options.h"
#include "cli/dequant_reads.h"
#include "cli/directory_inputs.h"
#include "cli/dry_run.h"
#include "cli/input_options.h"
#include "cli/message.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/prepare_targets.h"
#include "cli/report.h"
#include "cli/selection_options.h"
#include "cli/standard_streams.h"
#include "cli/targets.h"
#include "cli/tensor_list.h"
#include "cli/way_options.h"

#define AT(field) offsetof(struct dequant_options, field)

static const struct option_row rows[] = {
    FILES_FROM_ROWS(AT(files_from), "Input:"),
    SELECTION_ROWS(AT(selection), "restore or measure"),

    OUTPUT_ROWS(AT(target), "", "w.f32.npy"),
    {.name = "dtype",
     .argument = "TYPE",
     .help = "restore to TYPE",
     .initial = "float32",
     .choice = choice_scale,
     .synonym = synonym_dtype,
     .parse = value_scale_dtype,
     .offset = AT(dtype)},
    OUTPUT_FORMAT_ROWS(AT(target), "read the sidecar from FILE",
                       "the name of the INPUT plus .json"),
    WAY_ROWS(AT(ways)),

    REPORT_ROWS(AT(report), "Reporting (no array is written without -o or --output-dir):",
                "measure the error against the original and print it as KIND", ""),
    {.name = "against",
     .argument = "FILE",
     .help = "read the original from FILE; - is standard input",
     .initial = "the source named in the sidecar",
     .expected = "a file name or '-'",
     .parse = value_text,
     .offset = AT(against),
     .is_common = true},
    {.brief = 'f',
     .name = "from",
     .argument = "FORMAT",
     .help = "read the original as FORMAT",
     .initial = "as in the sidecar; with --against, by content",
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

    BATCH_ROWS(AT(batch), "progress or summary"),
    VERBOSE_ROW(AT(ways)),
    {0},
};

/* ---- The work ------------------------------------------------------------------------------- */

static struct quant_dequantize_job make_job(const struct dequant_options *options)
{
    return (struct quant_dequantize_job){
        .size = sizeof(struct quant_dequantize_job),
        .output = {.format = options->target.format, .force = options->target.force},
        .dtype = (enum quant_dtype)options->dtype,
        .measure = dequant_options_measure(options),
        .ways = way_options_ways(&options->ways),
        .against = input_options_input(&options->original),
        .selection = selection_options_selection(&options->selection),
    };
}

struct work {
    const struct dequant_options *options;
    const struct targets *targets;
    struct choosing *choosing;
    struct report report;
    struct tensor_list tensors; /* of the container at work */
    struct checkpoints *checkpoints;
    struct totals totals;
    bool has_scales; /* at least one type has scales */
};

static enum quant_status dequantize_files(void *context, const struct quant_control *control,
                                          struct quant_error *error)
{
    const struct work *work = context;
    struct quant_dequantize_job job = make_job(work->options);
    job.against.path = work->options->against;
    job.control = *control;
    job.files = work->targets->files;
    job.nfiles = work->targets->n;
    return quant_file_dequantize(&job, NULL, error);
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    const enum quant_dtype dtype = dequant_options_write(work->options)
                                       ? dequant_options_dtype(work->options)
                                       : QUANT_DTYPE_NONE;
    choosing_see(work->choosing, result->name, true);
    return tensor_list_add(&work->tensors, work->targets->inputs[result->file], dtype, result,
                           &work->report);
}

static int report_container(struct work *work)
{
    work->has_scales |= work->tensors.has_scales;
    return tensor_list_end(&work->tensors, &work->report, &work->totals, true);
}

static int report_single(struct work *work, const char *path,
                         const struct quant_dequantize_result *result)
{
    choosing_see(work->choosing, path, true);
    const uint64_t restored =
        quant_dtype_bytes(dequant_options_dtype(work->options), result->grouping.nelems);
    totals_add(&work->totals,
               dequant_options_write(work->options) ? restored : result->report.bytes_in,
               totals_stored_bytes(&result->params, &result->grouping));
    work->has_scales |= !quant_dtype_info(result->params.dtype)->is_unscaled;
    const struct report_subject subject = {.path = path,
                                           .params = &result->params,
                                           .shape = &result->shape,
                                           .order = result->order,
                                           .grouping = &result->grouping,
                                           .source_path = result->source_path,
                                           .source_format = result->source_format,
                                           .source_dtype = result->source_dtype,
                                           .figures = &result->report,
                                           .worst = &result->worst};
    return report_file(&work->report, &subject);
}

static int report_one(void *context, const struct quant_file_result *result)
{
    struct work *work = context;
    const char *path = work->targets->inputs[result->file];
    if (result->status == QUANT_INVALID && work->targets->files[result->file].text_only)
        return message_usage("dequant", "%s", result->error->text);
    if (result->is_complete) {
        work->totals.ncomplete++;
        return EXIT_DONE;
    }
    if (result->status != QUANT_OK)
        checkpoints_fail(work->checkpoints, work->targets, result->file);
    if (result->status != QUANT_OK)
        return report_failure(&work->report, path, tensor_list_failed(&work->tensors, path),
                              result->status, result->error);
    return result->restored->ntensors > 0 ? report_container(work)
                                          : report_single(work, path, result->restored);
}

static int dequant_all(const struct dequant_options *options, const struct targets *targets,
                       struct choosing *choosing, struct checkpoints *checkpoints)
{
    struct work work = {
        .options = options, .targets = targets, .choosing = choosing, .checkpoints = checkpoints};
    const struct batch batch = {
        .n = targets->n,
        .names = (const char *const *)targets->inputs,
        .context = &work,
        .run = dequantize_files,
        .tensor = report_tensor,
        .file = report_one,
        .prints = report_options_to_stdout(&options->report),
        .only_prints =
            report_options_to_stdout(&options->report) && !dequant_options_write(options),
        .totals = &work.totals,
        .verbose = options->ways.verbose,
    };
    int status = report_begin(&work.report, &options->report, targets);
    if (status == EXIT_DONE)
        status = report_end(&work.report, batch_run(&batch, &options->batch));
    status = checkpoints_finish(checkpoints, targets, choosing_end(choosing, status));
    work.totals.nskipped = choosing->nskipped;
    char done[32];
    snprintf(done, sizeof done, "dequantized to %s",
             quant_dtype_info(dequant_options_dtype(options))->name);
    const struct totals_words words = {
        .done = dequant_options_write(options) ? done : "measured",
        .no_scales = !work.has_scales,
        .restores = dequant_options_write(options),
    };
    if (!options->batch.quiet)
        totals_print(&work.totals, &words);
    tensor_list_release(&work.tensors);
    report_release(&work.report);
    return status;
}

static void see_planned(void *context, const char *name, bool is_mapped)
{
    const struct work *work = context;
    choosing_see(work->choosing, name, is_mapped);
}

static int list_all(const struct dequant_options *options, const struct targets *targets,
                    struct choosing *choosing)
{
    struct work work = {.options = options, .targets = targets, .choosing = choosing};
    struct dry_run dry = {.targets = targets,
                          .ways = &options->ways,
                          .report = &options->report,
                          .context = &work,
                          .run = dequantize_files,
                          .see = see_planned};
    const int status = choosing_end(choosing, dry_run_files(&dry, &options->batch));
    dry_run_release(&dry);
    return status;
}

/* Checks that no output replaces a file that is read. */
static int prepare(struct targets *targets, const struct dequant_options *options)
{
    int status = EXIT_FAILED;
    struct dequant_reads files;
    targets->report = options->report.file;
    targets->is_dry_run = options->ways.dry_run;
    targets->resumes = options->ways.resume != 0;
    targets->syncs = options->ways.sync;
    if (dequant_reads_init(&files, targets, options->against, options->files_from.path))
        status = targets_prepare(targets, false, files.paths, files.n);
    else
        message_error("no memory for the names of the sidecars");
    dequant_reads_release(&files);
    return status;
}

static int work(const struct dequant_options *options, const struct input_list *list,
                char *const *inputs, size_t n, struct choosing *choosing)
{
    struct targets targets;
    const struct target_tags tags = {
        .common = quant_dtype_info(dequant_options_dtype(options))->short_name};
    if (!options->batch.quiet) {
        streams_announce((const char *const *)inputs, n);
        streams_announce(&options->against, 1);
    }
    int status = targets_init(&targets, &options->target, list, inputs, n, &tags,
                              dequant_options_write(options));
    if (status == EXIT_DONE)
        status = prepare(&targets, options);
    if (status == EXIT_DONE)
        status = shard_keep(&options->ways.shard, &targets);
    struct checkpoints checkpoints = {.is_shared = options->ways.shard.given,
                                      .may_stop = options->ways.fail_fast};
    if (status == EXIT_DONE && targets.n > 0 && dequant_options_write(options))
        status = checkpoints_begin(&checkpoints, &targets, true);
    if (status == EXIT_DONE && targets.n > 0)
        status = options->ways.dry_run ? list_all(options, &targets, choosing)
                                       : dequant_all(options, &targets, choosing, &checkpoints);
    checkpoints_release(&checkpoints);
    targets_release(&targets);
    return input_list_status(list, status);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct dequant_options options = {0};
    struct choosing choosing = {.verb = "dequantize", .restores = true};
    int first;
    int status;
    if (options_parse(self, argc, argv, &options, &first, &status)) {
        struct input_list inputs;
        const struct directory_rules rules = {.finds = QUANT_FINDS_RESTORABLE,
                                              .output = options.target.directory,
                                              .needs_output = dequant_options_write(&options),
                                              .quiet = options.batch.quiet};
        status = directory_inputs_init(&inputs, self, &options.files_from, &rules, argv + first,
                                       (size_t)(argc - first));
        if (status == EXIT_DONE)
            status = dequant_options_check(self, &options, inputs.names, inputs.n);
        if (status == EXIT_DONE)
            status = choosing_look(&choosing, &options.selection, inputs.names, inputs.n);
        if (status == EXIT_DONE)
            status = work(&options, &inputs, choosing_names(&choosing, inputs.names),
                          choosing_count(&choosing, inputs.n), &choosing);
        choosing_release(&choosing);
        input_list_release(&inputs);
    }
    report_options_release(&options.report);
    selection_options_release(&options.selection);
    return status;
}

static const struct command_example examples[] = {
    {"dequant w.int8.npy", "writes w.int8.f32.npy"},
    {"dequant --report w.int8.npy", "prints the error against w.npy and writes nothing"},
    {"dequant --fail-if 'mse>1e-3' *.int8.npy",
     "exits with status 3 if the error of any file is above 1e-3"},
    {NULL, NULL},
};

const struct command command_dequant = {
    .name = "dequant",
    .alias = "dequantize",
    .summary = "restore the floats of each quantized INPUT, or measure the error",
    .usage = "dequant [OPTION]... INPUT...",
    .options = rows,
    .examples = examples,
    .computes = true,
    .run = run,
};
