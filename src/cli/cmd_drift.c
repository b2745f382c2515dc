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
#include "cli/drift_rows.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "cli/sections.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

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
        status = drift_rows_check(self, options, inputs.names, inputs.n);
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
    options.mapping.scheme = NOT_GIVEN; /* an engine may know one only */
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
    .options = drift_rows,
    .notes = notes,
    .examples = examples,
    .failure = "a file cannot be read, or shapes do not fit",
    .computes = true,
    .run = run,
};
