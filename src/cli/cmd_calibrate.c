/* SPDX-License-Identifier: MIT */
/* `quant calibrate`: one range for many files, whole, in parts, or put together from parts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/numbers.h"
#include "cli/progress.h"
#include "cli/quantize_options.h"
#include "cli/signals.h"

struct part_option {
    bool given;
    bool has_position;
    uint64_t position;
};

struct calibrate_options {
    struct quantize_options mapping; /* what of it there are rows for */
    int scheme;                      /* from 1: 0 where not given */
    struct given_double ema;
    struct part_option partial;
    const char *resume;
    bool merge;
};

#define AT(field) offsetof(struct calibrate_options, field)

/* auto weighs the methods on one tensor. */
static const char *choice_method(size_t i)
{
    const char *name = quant_calibration_name(i);
    return name && strcmp(name, "auto") != 0 ? name : NULL;
}

/* A struct part_option; the position may be left out. */
static bool value_part(const struct option_row *row, const char *text, void *field,
                       struct option_reason *reason)
{
    (void)row;
    (void)reason;
    struct part_option *part = field;
    part->given = true;
    part->has_position = text != NULL;
    return !text || (number_count(text, &part->position) && part->position <= UINT64_C(1) << 53);
}

static const struct option_row rows[] = {
    {.heading = "Range:",
     .brief = 'm',
     .name = "method",
     .argument = "METHOD[:ARG]",
     .help = "how the range is found",
     .initial = "minmax",
     .choice = choice_method,
     .parse = value_calibration,
     .offset = AT(mapping.calibration)},
    {.brief = 's',
     .name = "scheme",
     .argument = "SCHEME",
     .help = "what the range is for",
     .initial = "absmax",
     .choice = choice_scheme,
     .parse = value_later,
     .offset = AT(scheme)},
    {.brief = 't',
     .name = "dtype",
     .argument = "TYPE",
     .help = "what the range is for",
     .initial = "int8",
     .choice = choice_scaled_target,
     .parse = value_target,
     .offset = AT(mapping.dtype)},
    MAPPING_ROWS(AT(mapping)),
    {.name = "ema",
     .argument = "C",
     .help = "the moving average of each INPUT's own range, in order: lo += C * (its lo - lo), hi "
             "the same",
     .initial = "one range over all elements",
     .expected = "a decimal number above 0 and at most 1",
     .parse = value_share,
     .offset = AT(ema)},
    {.name = "nonfinite",
     .argument = "POLICY",
     .help = "what to do with NaN and infinities; saturate leaves them out",
     .initial = "error",
     .choice = choice_nonfinite,
     .parse = value_choice,
     .offset = AT(mapping.nonfinite)},

    {.heading = "In parts:",
     .name = "partial",
     .argument = "N",
     .is_optional = true,
     .help = "write what these INPUTs give in the first round; as part N of all, if other parts "
             "have INPUTs with the same elements",
     .expected = "a number from 0 to 2^53",
     .parse = value_part,
     .offset = AT(partial)},
    {.name = "resume",
     .argument = "FILE",
     .help = "write what these INPUTs give in the next round, which FILE, merged from the round "
             "before, is for",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(resume)},
    {.name = "merge",
     .help = "the INPUTs are what --partial or --resume wrote, all of one round",
     .parse = value_flag,
     .offset = AT(merge)},

    INPUT_ROWS(AT(mapping.input)),
    FILES_FROM_ROWS(AT(mapping.files_from)),

    {.heading = "Output:",
     .brief = 'o',
     .name = "output",
     .argument = "FILE",
     .help = "where the range goes, as JSON; - is standard output",
     .initial = "-",
     .expected = "a file name or '-'",
     .parse = value_text,
     .offset = AT(mapping.target.output)},
    {.name = "force",
     .help = "replace an existing output",
     .parse = value_flag,
     .offset = AT(mapping.target.force)},

    BATCH_ROWS(AT(mapping.batch), "Telling:", "numbers", "no progress"),
    {0},
};

/* ---- What options must not say together ---- */

/* The first option that says what a range is to be, if any. */
static const char *spec_option(const struct calibrate_options *options)
{
    const struct quantize_options *mapping = &options->mapping;
    const struct {
        bool given;
        const char *name;
    } names[] = {
        {mapping->calibration.name != NULL, "method"},
        {options->scheme != 0, "scheme"},
        {mapping->dtype != 0, "dtype"},
        {mapping->qmin.given, "qmin"},
        {mapping->qmax.given, "qmax"},
        {mapping->include_zero, "include-zero"},
        {mapping->rounding != 0, "rounding"},
        {mapping->scale_dtype != 0, "scale-dtype"},
        {options->ema.given, "ema"},
        {mapping->nonfinite != 0, "nonfinite"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].given)
            return names[i].name;
    return NULL;
}

static int check_parts(const struct command *self, const struct calibrate_options *options)
{
    const struct input_options *input = &options->mapping.input;
    const char *said = spec_option(options);
    if (options->merge && (options->partial.given || options->resume))
        return message_usage(self->name, "'--merge' puts parts together, '--%s' makes one",
                             options->partial.given ? "partial" : "resume");
    if (options->partial.has_position && options->resume)
        return message_usage(self->name, "'--partial=N' is for the first round only");
    if (said && (options->resume || options->merge))
        return message_usage(self->name,
                             "'--%s' is for the first round; what '--%s' reads says it now", said,
                             options->merge ? "merge" : "resume");
    if (options->merge &&
        (input->from || input->shape.given || input->dtype != 0 || input->byte_order != 0))
        return message_usage(self->name, "'--merge' reads what '--partial' and '--resume' wrote: "
                                         "it takes no option of tensors");
    return EXIT_DONE;
}

static int check_inputs(const struct command *self, char *const *inputs, size_t n)
{
    size_t nstreams = 0;
    if (n == 0)
        return message_usage(self->name, "no INPUT; give a file, or '-' for standard input");
    for (size_t i = 0; i < n; i++)
        nstreams += strcmp(inputs[i], "-") == 0;
    if (nstreams > 1)
        return message_usage(self->name, "'-' is given twice, but standard input is read once");
    return EXIT_DONE;
}

static int check(const struct command *self, const struct calibrate_options *options,
                 char *const *inputs, size_t n)
{
    const struct quant_spec spec = quantize_options_spec(&options->mapping);
    struct quant_error error;
    const int status = check_parts(self, options);
    if (status != EXIT_DONE)
        return status;
    if (quant_spec_check(&spec, &error) != QUANT_OK)
        return message_usage(self->name, "%s", error.text);
    if (!quant_spec_needs_range(&spec))
        return message_usage(self->name, "%s is unscaled: there is no range to calibrate for it",
                             quant_dtype_info(spec.dtype)->name);
    return check_inputs(self, inputs, n);
}

/* ---- The work ---- */

static enum quant_status merge(const struct calibrate_options *options, char *const *inputs,
                               size_t n, const struct quant_cancel *cancel,
                               struct quant_error *error)
{
    const struct quant_merge_job job = {
        .paths = (const char *const *)inputs,
        .npaths = n,
        .output = options->mapping.target.output ? options->mapping.target.output : "-",
        .force = options->mapping.target.force,
        .cancel = *cancel,
    };
    struct quant_calibrate_result result;
    return quant_file_merge(&job, &result, error);
}

static enum quant_status calibrate(const struct calibrate_options *options, char *const *inputs,
                                   size_t n, const struct quant_cancel *cancel,
                                   struct quant_error *error)
{
    struct progress progress;
    struct progress_file all;
    const struct target_options *target = &options->mapping.target;
    const struct batch_options *batch = &options->mapping.batch;
    progress_begin(&progress, batch->quiet ? PROGRESS_NEVER : (enum progress_mode)batch->progress,
                   (const char *const *)inputs, n);
    progress_begin_all(&progress, &all);
    const struct quant_calibrate_job job = {
        .paths = (const char *const *)inputs,
        .npaths = n,
        .input = input_options_input(&options->mapping.input),
        .spec = quantize_options_spec(&options->mapping),
        .has_ema = options->ema.given,
        .ema = options->ema.value,
        .partial = options->partial.given || options->resume,
        .has_position = options->partial.has_position,
        .position = options->partial.position,
        .resume = options->resume,
        .output = target->output ? target->output : "-",
        .force = target->force,
        .threads = batch->threads,
        .cancel = *cancel,
        .progress = progress.is_wanted ? progress_update : NULL,
        .begin_input = progress_begin_input,
        .progress_context = &all,
    };
    struct quant_calibrate_result result;
    const enum quant_status status = quant_file_calibrate(&job, &result, error);
    progress_end(&progress);
    return status;
}

static int find_range(const struct calibrate_options *options, const struct input_list *inputs)
{
    struct quant_cancel cancel;
    if (!signals_start(&cancel)) {
        message_error("cannot make a pipe for signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    struct quant_error error;
    const enum quant_status found =
        options->merge ? merge(options, inputs->names, inputs->n, &cancel, &error)
                       : calibrate(options, inputs->names, inputs->n, &cancel, &error);
    return found == QUANT_OK ? EXIT_DONE : message_failure(found, &error);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct calibrate_options options = {.scheme = 0}; /* no type either: int8 without one */
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status))
        return status;
    if (options.scheme != 0)
        options.mapping.scheme = options.scheme - 1;
    struct input_list inputs;
    status = input_list_init(&inputs, self, &options.mapping.files_from, argv + first,
                             (size_t)(argc - first));
    if (status == EXIT_DONE)
        status = check(self, &options, inputs.names, inputs.n);
    if (status == EXIT_DONE)
        status = find_range(&options, &inputs);
    input_list_release(&inputs);
    return status;
}

static const char epilogue[] =
    "All INPUTs count as one sequence of elements, in order; with --ema C, each has\n"
    "its own range, as in PyTorch's MovingAverageMinMaxObserver.\n"
    "\n"
    "One call must see all INPUTs, or it finds the range of a part of them. 'xargs'\n"
    "splits a long list into several calls; --files-from does not.\n"
    "\n"
    "What a machine writes for its share of them is merged, round by round, until\n"
    "'stage' is no longer 'next': the file is then the same as one call over all\n"
    "INPUTs writes. Parts are named in the order of their INPUTs.\n"
    "\n"
    "What minmax finds is for any mapping, what percentile and sigma find for any of\n"
    "the scheme. mse, entropy and octav reckon with --dtype, --qmin, --qmax,\n"
    "--include-zero, --rounding and --scale-dtype too: 'quant quantize --range-from'\n"
    "takes the same.\n"
    "\n"
    "Examples:\n"
    "  quant calibrate -s zero-point -m percentile:99.99 -o calib.json a/*.npy\n"
    "  quant quantize -s zero-point --range-from calib.json a/*.npy\n"
    "  find a -name '*.npy' -print0 | quant calibrate --files-from - --null\n"
    "  quant calibrate -m entropy --partial -o part1.json a/1*.npy\n"
    "  quant calibrate --merge -o merged.json part*.json\n"
    "  quant calibrate --resume merged.json -o again1.json a/1*.npy\n";

const struct command command_calibrate = {
    .name = "calibrate",
    .summary = "find one range for all INPUTs, as for the activations of a layer",
    .usage = "calibrate [OPTION]... INPUT...",
    .options = rows,
    .epilogue = epilogue,
    .computes = true,
    .run = run,
};
