/* SPDX-License-Identifier: MIT */
/* `quant quantize`: quantizes file by file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/checkpoints.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/dry_run.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/prepare_targets.h"
#include "cli/quantize_paths.h"
#include "cli/quantize_rows.h"
#include "cli/report.h"
#include "cli/sections.h"
#include "cli/standard_streams.h"
#include "cli/targets.h"
#include "cli/tensor_list.h"
#include "cli/warnings.h"

static struct quant_quantize_job make_job(const struct quantize_options *options,
                                          const struct quant_spec *spec)
{
    return (struct quant_quantize_job){
        .size = sizeof(struct quant_quantize_job),
        .input = input_options_input(&options->input),
        .output = {.format = options->target.format, .force = options->target.force},
        .spec = *spec,
        .granularity = quantize_options_granularity(options),
        .has_min_dims = options->min_dims.given,
        .min_dims = (unsigned)options->min_dims.value,
        .measure = !options->ways.dry_run && report_options_measure(&options->report),
        .ways = way_options_ways(&options->ways) | (options->requantize ? QUANT_REQUANTIZE : 0),
        .selection = selection_options_selection(&options->selection),
        .ties = options->ties.words,
        .nties = options->ties.n,
        .scale_from = options->scale_from,
        .range_from = quantize_options_have_groups(options) ? options->range_from : NULL,
        .onnx = options->onnx,
        .layout = options->layout,
    };
}

struct work {
    const struct quantize_options *options;
    const struct quant_quantize_job *job;
    const struct targets *targets;
    struct choosing *choosing;
    struct report report;
    struct tensor_list tensors; /* of the container at work */
    struct checkpoints *checkpoints;
    struct totals totals;
    bool has_type[QUANT_DTYPE_COUNT]; /* which types there are in the outputs */
};

static enum quant_status quantize_files(void *context, const struct quant_control *control,
                                        struct quant_error *error)
{
    const struct work *work = context;
    struct quant_quantize_job job = *work->job;
    job.control = *control;
    job.files = work->targets->files;
    job.nfiles = work->targets->n;
    return quant_file_quantize(&job, NULL, error);
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    choosing_see(work->choosing, result->name, !result->is_copied);
    if (result->found)
        work->has_type[result->found->choice.params.dtype] = true;
    return tensor_list_add(&work->tensors, work->targets->inputs[result->file], QUANT_DTYPE_NONE,
                           result, &work->report);
}

static int report_single(struct work *work, const char *path,
                         const struct quant_quantize_result *result)
{
    choosing_see(work->choosing, path, true);
    work->has_type[result->choice.params.dtype] = true;
    totals_add(&work->totals, quant_dtype_bytes(result->source_dtype, result->grouping.nelems),
               totals_stored_bytes(&result->choice.params, &result->grouping));
    const struct report_subject subject = {.path = path,
                                           .params = &result->choice.params,
                                           .shape = &result->shape,
                                           .order = result->order,
                                           .grouping = &result->grouping,
                                           .source_path = path,
                                           .source_format = result->source_format,
                                           .source_dtype = result->source_dtype,
                                           .figures = &result->report,
                                           .worst = &result->worst};
    if (!work->options->batch.quiet)
        warnings_print(path, result);
    return report_file(&work->report, &subject);
}

static int report_one(void *context, const struct quant_file_result *result)
{
    struct work *work = context;
    const char *path = work->targets->inputs[result->file];
    if (result->status == QUANT_INVALID && work->targets->files[result->file].text_only)
        return message_usage("quantize", "%s", result->error->text);
    if (result->is_complete) {
        work->totals.ncomplete++;
        return EXIT_DONE;
    }
    if (result->status != QUANT_OK)
        checkpoints_fail(work->checkpoints, work->targets, result->file);
    if (result->status != QUANT_OK)
        return report_failure(&work->report, path, tensor_list_failed(&work->tensors, path),
                              result->status, result->error);
    if (result->found->ntensors > 0)
        return tensor_list_end(&work->tensors, &work->report, &work->totals,
                               work->options->batch.quiet);
    return report_single(work, path, result->found);
}

/* "quantized to int8 and int4": the types that there are, or if nothing was quantized the one that
 * was asked for. */
static void print_summary(const struct work *work)
{
    char done[256] = "quantized to ";
    const enum quant_dtype asked = work->job->spec.dtype;
    const char *between = "";
    size_t used = strlen(done);
    bool no_scales = true;
    bool is_any = false;
    for (int i = 0; i < QUANT_DTYPE_COUNT; i++)
        is_any = is_any || work->has_type[i];
    for (int i = 0; i < QUANT_DTYPE_COUNT; i++) {
        if (is_any ? !work->has_type[i] : i != (int)asked)
            continue;
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)i);
        used += (size_t)snprintf(done + used, sizeof done - used, "%s%s", between, info->name);
        no_scales = no_scales && info->is_unscaled;
        between = ", ";
    }
    totals_print(&work->totals, &(struct totals_words){.done = done, .no_scales = no_scales});
}

static int quantize_all(const struct quantize_options *options,
                        const struct quant_quantize_job *job, const struct targets *targets,
                        struct choosing *choosing, struct checkpoints *checkpoints)
{
    struct work work = {.options = options,
                        .job = job,
                        .targets = targets,
                        .choosing = choosing,
                        .checkpoints = checkpoints};
    const struct batch batch = {
        .n = targets->n,
        .names = (const char *const *)targets->inputs,
        .context = &work,
        .run = quantize_files,
        .tensor = report_tensor,
        .file = report_one,
        .prints = report_options_to_stdout(&options->report),
        .totals = &work.totals,
        .verbose = options->ways.verbose,
    };
    int status = report_begin(&work.report, &options->report, targets);
    if (status == EXIT_DONE)
        status = report_end(&work.report, batch_run(&batch, &options->batch));
    status = checkpoints_finish(checkpoints, targets, choosing_end(choosing, status));
    work.totals.nskipped = choosing->nskipped;
    if (!options->batch.quiet)
        print_summary(&work);
    tensor_list_release(&work.tensors);
    report_release(&work.report);
    return status;
}

/* ---- A dry run ---- */

static void see_planned(void *context, const char *name, bool is_mapped)
{
    const struct work *work = context;
    choosing_see(work->choosing, name, is_mapped);
}

static int list_all(const struct quantize_options *options, const struct quant_quantize_job *job,
                    const struct targets *targets, struct choosing *choosing)
{
    struct work work = {.options = options, .job = job, .targets = targets, .choosing = choosing};
    struct dry_run dry = {.targets = targets,
                          .ways = &options->ways,
                          .report = &options->report,
                          .context = &work,
                          .run = quantize_files,
                          .see = see_planned};
    const int status = choosing_end(choosing, dry_run_files(&dry, &options->batch));
    dry_run_release(&dry);
    return status;
}

/* ---- The command ---- */

/* Before a checkpoint is begun, which may remove its old index. */
static int check_onnx(const struct quant_quantize_job *job, const struct targets *targets)
{
    struct quant_quantize_job own = *job;
    struct quant_error error;
    own.files = targets->files;
    own.nfiles = targets->n;
    const enum quant_status status = quant_onnx_check(&own, &error);
    return status == QUANT_OK ? EXIT_DONE : message_failure(status, &error);
}

/* Whether an output may have a file of scales beside it. */
static bool has_groups(const struct quant_quantize_job *job)
{
    bool found = job->granularity.has_axis || job->granularity.block_size > 0;
    for (size_t i = 0; i < job->nrules; i++)
        found =
            found || job->rules[i].granularity.has_axis || job->rules[i].granularity.block_size > 0;
    return found;
}

static int quantize_inputs(const struct quantize_options *options,
                           const struct quant_quantize_job *job, const struct input_list *inputs,
                           struct choosing *choosing)
{
    char *const *names = choosing_names(choosing, inputs->names);
    const size_t n = choosing_count(choosing, inputs->n);
    const char **own_tags = quantize_paths_tags(job, choosing, names, n);
    struct targets targets = {.n = 0};
    struct checkpoints checkpoints = {.requantizes = options->requantize,
                                      .quantize = job,
                                      .is_shared = options->ways.shard.given,
                                      .may_stop = options->ways.fail_fast};
    int status = EXIT_DONE;
    size_t nreads;
    const char **reads = quantize_paths_read(options, &nreads);
    if (!reads || !own_tags) {
        message_error("no memory for the names of files");
        free(reads);
        free(own_tags);
        return EXIT_FAILED;
    }
    const struct target_tags tags = {quant_dtype_info(job->spec.dtype)->name, own_tags};
    if (!options->batch.quiet)
        streams_announce((const char *const *)names, n);
    status = targets_init(&targets, &options->target, inputs, names, n, &tags, true);
    targets.has_scales = has_groups(job);
    targets.report = options->report.file;
    targets.onnx = options->onnx;
    targets.is_dry_run = options->ways.dry_run;
    targets.resumes = options->ways.resume != 0;
    targets.syncs = options->ways.sync;
    if (status == EXIT_DONE)
        status = targets_prepare(&targets, true, reads, nreads);
    if (status == EXIT_DONE)
        status = shard_keep(&options->ways.shard, &targets);
    if (status == EXIT_DONE && targets.n > 0)
        status = check_onnx(job, &targets);
    if (status == EXIT_DONE && targets.n > 0)
        status = checkpoints_begin(&checkpoints, &targets, false);
    if (status == EXIT_DONE && targets.n > 0)
        status = options->ways.dry_run
                     ? list_all(options, job, &targets, choosing)
                     : quantize_all(options, job, &targets, choosing, &checkpoints);
    checkpoints_release(&checkpoints);
    targets_release(&targets);
    free(reads);
    free(own_tags);
    return input_list_status(inputs, status);
}

/* The patterns are held against the inputs before any work. */
static int choose(struct choosing *choosing, const struct quantize_options *options,
                  const struct quant_quantize_job *job, const struct input_list *inputs)
{
    struct word_list patterns = {.n = 0};
    bool ok = true;
    for (size_t i = 0; ok && i < job->nrules; i++)
        ok = word_list_add(&patterns, job->rules[i].pattern);
    ok = ok && choosing_add(choosing, "for", &patterns) &&
         choosing_add(choosing, "tie", &options->ties);
    word_list_release(&patterns);
    choosing->input = job->input;
    choosing->rules = job->rules;
    choosing->nrules = job->nrules;
    choosing->min_dims = job->has_min_dims ? job->min_dims : (unsigned)QUANT_CONTAINER_MIN_DIMS;
    return ok ? choosing_look(choosing, &options->selection, inputs->names, inputs->n)
              : EXIT_FAILED;
}

static int run_job(const struct command *self, const struct quantize_options *options,
                   const struct input_list *inputs)
{
    struct choosing choosing = {.verb = "quantize",
                                .floats_only = true,
                                .advice = "give a smaller --min-dims",
                                .keeps_containers = true,
                                .is_quiet = options->batch.quiet};
    struct quant_rule *rules = NULL;
    struct quant_spec spec;
    int status = quantize_options_read_spec(self, options, &spec);
    if (status == EXIT_DONE)
        status = sections_rules(self, options, &rules);
    struct quant_quantize_job job = make_job(options, &spec);
    job.rules = rules;
    job.nrules = options->sections.n;
    if (status == EXIT_DONE)
        status = choose(&choosing, options, &job, inputs);
    if (status == EXIT_DONE)
        status = quantize_inputs(options, &job, inputs, &choosing);
    choosing_release(&choosing);
    free(rules);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct quantize_options options = QUANTIZE_OPTIONS_INIT;
    options.scheme = NOT_GIVEN; /* an engine may know one only */
    int first;
    int status;
    if (options_parse(self, argc, argv, &options, &first, &status)) {
        struct input_list inputs;
        const struct directory_rules rules = {
            .output = options.target.directory, .needs_output = true, .quiet = options.batch.quiet};
        status = directory_inputs_init(&inputs, self, &options.files_from, &rules, argv + first,
                                       (size_t)(argc - first));
        if (status == EXIT_DONE)
            status = quantize_rows_check(self, &options, inputs.names, inputs.n);
        if (status == EXIT_DONE)
            status = run_job(self, &options, &inputs);
        input_list_release(&inputs);
    }
    quantize_options_release(&options);
    return status;
}

static const char *method_row(size_t i, char *name, size_t room)
{
    const struct quant_calibration_info *info = quant_calibration_at(i);
    if (!info)
        return NULL;
    if (info->argument)
        snprintf(name, room, "%s[:%s=%g]", info->name, info->argument, info->initial);
    else
        snprintf(name, room, "%s", info->name);
    return info->summary;
}

static const char notes[] =
    "--for GLOB begins a section, which ends at the next --for. Its options are for\n"
    "tensors whose name matches GLOB. What a section leaves open is as before the\n"
    "first --for, but --axis, --block-size, --clip, --range-from and --scale replace\n"
    "each other; --scale-from and --method replace --clip, --range-from, --scale and\n"
    "each other. If several sections match a name, the last of them is used.\n"
    "'-t copy' copies. Only the options of 'Mapping' can be given in a section, and\n"
    "of these not --requantize and --tie.\n";

static const struct command_list methods = {"Calibration methods:", method_row};

static const struct command_example examples[] = {
    {"quantize w.npy", "writes w.int8.npy and its sidecar w.int8.npy.json"},
    {"quantize -t int4 --block-size 32 --report w.npy",
     "quantizes to int4 with one scale per 32 elements, and prints the error"},
    {"quantize -s zero-point -c -5,5 --output-dir out weights/*.npy",
     "maps the range [-5, 5], saturates elements outside it, and writes to the directory out"},
    {"quantize -t int4 --for '*embed*' -t int8 --axis 0 m.safetensors",
     "quantizes embeddings to int8 with one scale per row, all else to int4"},
    {"quantize --output-dir onnx --onnx onnx/model.onnx weights/*.npy",
     "also writes a model with which ONNX Runtime restores the tensors"},
    {"quantize -f raw --shape 768,3072 w.bin", "reads raw float32 elements"},
    {"quantize - -o - --sidecar w.json < w.npy | gzip > w.int8.npy.gz",
     "reads standard input and writes standard output"},
    {NULL, NULL},
};

const struct command command_quantize = {
    .name = "quantize",
    .summary = "quantize each INPUT to small integers or floats",
    .usage = "quantize [OPTION]... INPUT...",
    .options = quantize_rows,
    .list = &methods,
    .notes = notes,
    .examples = examples,
    .computes = true,
    .run = run,
};
