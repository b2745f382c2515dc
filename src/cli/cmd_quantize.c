/* SPDX-License-Identifier: MIT */
/* `quant quantize`: quantizes file by file. */
#include <stdio.h>

#include "cli/batch.h"
#include "cli/checkpoints.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/quantize_options.h"
#include "cli/report.h"
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
        .measure = report_options_measure(&options->report),
        .ways = way_options_ways(&options->ways),
        .selection = selection_options_selection(&options->selection),
    };
}

struct work {
    const struct quantize_options *options;
    const struct quant_spec *spec;
    const struct targets *targets;
    struct choosing *choosing;
    struct report report;
    struct tensor_list tensors; /* of the container at work */
    struct checkpoints *checkpoints;
    struct totals totals;
};

static enum quant_status quantize_files(void *context, const struct quant_control *control,
                                        struct quant_error *error)
{
    const struct work *work = context;
    struct quant_quantize_job job = make_job(work->options, work->spec);
    job.control = *control;
    job.files = work->targets->files;
    job.nfiles = work->targets->n;
    return quant_file_quantize(&job, NULL, error);
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct work *work = context;
    choosing_see(work->choosing, result->name, !result->is_copied);
    return tensor_list_add(&work->tensors, work->targets->inputs[result->file], QUANT_DTYPE_NONE,
                           result, &work->report);
}

static int report_single(struct work *work, const char *path,
                         const struct quant_quantize_result *result)
{
    choosing_see(work->choosing, path, true);
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

static int quantize_all(const struct quantize_options *options, const struct quant_spec *spec,
                        const struct targets *targets, struct choosing *choosing,
                        struct checkpoints *checkpoints)
{
    struct work work = {.options = options,
                        .spec = spec,
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
    const struct quant_dtype_info *info = quant_dtype_info(spec->dtype);
    char done[32];
    work.totals.nskipped = choosing->nskipped;
    snprintf(done, sizeof done, "quantized to %s", info->name);
    if (!options->batch.quiet)
        totals_print(&work.totals,
                     &(struct totals_words){.done = done, .no_scales = info->is_unscaled});
    tensor_list_release(&work.tensors);
    report_release(&work.report);
    return status;
}

/* A range that was calibrated for other options is wrong usage. */
static int read_range(const struct command *self, const char *path, struct quant_spec *spec)
{
    const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct quant_error error;
    enum quant_status status = quant_file_range(path, &never, spec, &error);
    if (status == QUANT_OK)
        status = quant_spec_check(spec, &error);
    if (status == QUANT_INVALID)
        return message_usage(self->name, "%s", error.text);
    return status == QUANT_OK ? EXIT_DONE : message_failure(status, &error);
}

static int quantize_inputs(const struct command *self, const struct quantize_options *options,
                           const struct input_list *inputs, struct choosing *choosing)
{
    char *const *names = choosing_names(choosing, inputs->names);
    const size_t n = choosing_count(choosing, inputs->n);
    if (!options->batch.quiet)
        streams_announce((const char *const *)names, n);
    struct quant_spec spec = quantize_options_spec(options);
    int status = options->range_from ? read_range(self, options->range_from, &spec) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    struct targets targets;
    const char *tag = quant_dtype_info(spec.dtype)->name;
    status = targets_init(&targets, &options->target, inputs, names, n, tag, true);
    targets.has_scales = options->axis.given || options->block_size > 0;
    targets.report = options->report.file;
    const char *const others[] = {options->range_from, options->files_from.path};
    if (status == EXIT_DONE)
        status = targets_prepare(&targets, true, others, 2);
    struct checkpoints checkpoints = {.n = 0};
    if (status == EXIT_DONE)
        status = checkpoints_begin(&checkpoints, &targets, false);
    if (status == EXIT_DONE)
        status = quantize_all(options, &spec, &targets, choosing, &checkpoints);
    checkpoints_release(&checkpoints);
    targets_release(&targets);
    return input_list_status(inputs, status);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct quantize_options options = QUANTIZE_OPTIONS_INIT;
    struct choosing choosing = {.verb = "quantize",
                                .floats_only = true,
                                .advice = "give a smaller --min-dims",
                                .keeps_containers = true};
    int first;
    int status;
    if (options_parse(self, argc, argv, &options, &first, &status)) {
        struct input_list inputs;
        choosing.input = input_options_input(&options.input);
        choosing.min_dims = options.min_dims.given ? (unsigned)options.min_dims.value
                                                   : (unsigned)QUANT_CONTAINER_MIN_DIMS;
        const struct directory_rules rules = {
            .output = options.target.directory, .needs_output = true, .quiet = options.batch.quiet};
        status = directory_inputs_init(&inputs, self, &options.files_from, &rules, argv + first,
                                       (size_t)(argc - first));
        if (status == EXIT_DONE)
            status = quantize_options_check(self, &options, inputs.names, inputs.n);
        if (status == EXIT_DONE)
            status = choosing_look(&choosing, &options.selection, inputs.names, inputs.n);
        if (status == EXIT_DONE)
            status = quantize_inputs(self, &options, &inputs, &choosing);
        choosing_release(&choosing);
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

static const struct command_list methods = {"Calibration methods:", method_row};

static const struct command_example examples[] = {
    {"quantize w.npy", "writes w.int8.npy and its sidecar w.int8.npy.json"},
    {"quantize -t int4 --block-size 32 --report w.npy",
     "quantizes to int4 with one scale per 32 elements, and prints the error"},
    {"quantize -s zero-point -c -5,5 --output-dir out weights/*.npy",
     "maps the range [-5, 5], saturates elements outside it, and writes to the directory out"},
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
    .examples = examples,
    .computes = true,
    .run = run,
};
