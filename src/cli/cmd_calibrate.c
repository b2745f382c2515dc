/* SPDX-License-Identifier: MIT */
/* `quant calibrate`: finds one range for many files, in one call or in parts that are merged. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/calibrate_options.h"
#include "cli/choosing.h"
#include "cli/command.h"
#include "cli/directory_inputs.h"
#include "cli/message.h"
#include "cli/numbers.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

#define AT(field) offsetof(struct calibrate_options, field)

/* Not auto, which compares the methods on one tensor. */
static const char *choice_method(size_t i)
{
    const char *name = choice_any_method(i);
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
     .help = "choose the range with METHOD, explained in 'quant help quantize'",
     .initial = "minmax",
     .choice = choice_method,
     .parse = value_calibration,
     .offset = AT(mapping.calibration),
     .is_common = true},
    {.brief = 's',
     .name = "scheme",
     .argument = "SCHEME",
     .help = "find a range for SCHEME",
     .initial = "absmax",
     .choice = choice_scheme,
     .synonym = synonym_scheme,
     .parse = value_choice_from_1,
     .offset = AT(scheme),
     .is_common = true},
    {.brief = 't',
     .name = "dtype",
     .argument = "TYPE",
     .help = "find a range for TYPE",
     .initial = "int8",
     .choice = choice_scaled_target,
     .synonym = synonym_dtype,
     .parse = value_target,
     .offset = AT(mapping.dtype),
     .is_common = true},
    GROUPING_ROWS_OF(AT(mapping), "range"),
    {.name = "ema",
     .argument = "C",
     .help = "average the ranges of the INPUTs, in order: lo += C * (lo of INPUT - lo), and the "
             "same for hi",
     .initial = "one range over all elements",
     .expected = "a decimal number above 0 and at most 1",
     .parse = value_share,
     .offset = AT(ema)},
    MAPPING_ROWS(AT(mapping)),
    NONFINITE_ROW(AT(mapping), "they are left out"),

    {.heading = "Output:",
     .brief = 'o',
     .name = "output",
     .argument = "FILE",
     .help = "write the range to FILE as JSON; - is standard output",
     .initial = "-",
     .expected = "a file name or '-'",
     .parse = value_text,
     .offset = AT(mapping.target.output),
     .is_common = true},
    {.name = "force",
     .help = "replace an existing output",
     .parse = value_flag,
     .offset = AT(mapping.target.force),
     .is_common = true},
    {.name = "sync",
     .help = "wait until the disk has the output, before it gets its name",
     .parse = value_flag,
     .offset = AT(mapping.ways.sync)},

    {.heading = "Calibrating in parts:",
     .name = "partial",
     .argument = "N",
     .is_optional = true,
     .help =
         "first round: write a partial result of these INPUTs, for --merge; N numbers the part, "
         "needed if another part has the same elements",
     .expected = "a number from 0 to 2^53",
     .parse = value_part,
     .offset = AT(partial)},
    {.name = "merge",
     .help = "merge the INPUTs, the partial results of one round",
     .parse = value_flag,
     .offset = AT(merge)},
    {.name = "continue",
     .argument = "FILE",
     .help = "next round: write a partial result of these INPUTs, starting from FILE, which "
             "--merge wrote",
     .expected = "a file name",
     .parse = value_text,
     .offset = AT(continue_from)},
    {.name = "resume", .alias_of = "continue"},

    INPUT_ROWS(AT(mapping.input)),
    FILES_FROM_ROWS(AT(mapping.files_from), NULL),
    SELECTION_ROWS(AT(mapping.selection), "calibrate"),
    BATCH_ROWS(AT(mapping.batch), "progress or summary"),
    {0},
};

/* ---- The work ---- */

static enum quant_status merge(const struct calibrate_options *options, char *const *inputs,
                               size_t n, const struct quant_cancel *cancel,
                               struct quant_error *error)
{
    const struct quant_merge_job job = {
        .size = sizeof job,
        .paths = (const char *const *)inputs,
        .npaths = n,
        .output = options->mapping.target.output ? options->mapping.target.output : "-",
        .force = options->mapping.target.force,
        .control.cancel = *cancel,
        .ways = options->mapping.ways.sync ? QUANT_SYNC : 0,
    };
    struct quant_calibrate_result result;
    return quant_file_merge(&job, &result, error);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    progress_update(context, done, total);
}

static void begin_input(void *context, size_t i)
{
    progress_begin_input(context, i);
}

/* The many ranges in one line; one range is short enough as it is. */
static void summarize_groups(const struct quant_calibrate_result *result)
{
    const struct quant_calibrated_group *widest = &result->widest;
    const struct quant_calibrated_group *narrowest = &result->narrowest;
    char ranges[256] = "";
    char empty[64] = "";
    if (result->ngroups > result->nempty)
        snprintf(ranges, sizeof ranges,
                 "; widest range %.6g .. %.6g in group %" PRIu64
                 ", narrowest %.6g .. %.6g in group %" PRIu64,
                 widest->range[0], widest->range[1], widest->group, narrowest->range[0],
                 narrowest->range[1], narrowest->group);
    if (result->nempty > 0)
        snprintf(empty, sizeof empty, ", %" PRIu64 " without a finite element", result->nempty);
    message_note("%" PRIu64 " range%s from %" PRIu64 " input%s%s%s", result->ngroups,
                 result->ngroups == 1 ? "" : "s", result->ninputs, result->ninputs == 1 ? "" : "s",
                 empty, ranges);
}

static enum quant_status calibrate(const struct calibrate_options *options, char *const *inputs,
                                   size_t n, const struct quant_cancel *cancel,
                                   struct quant_error *error)
{
    struct progress progress;
    const struct target_options *target = &options->mapping.target;
    const struct batch_options *batch = &options->mapping.batch;
    progress_begin(&progress, batch->quiet ? PROGRESS_NEVER : (enum progress_mode)batch->progress,
                   (const char *const *)inputs, n);
    const struct quant_calibrate_job job = {
        .size = sizeof job,
        .paths = (const char *const *)inputs,
        .npaths = n,
        .input = input_options_input(&options->mapping.input),
        .spec = quantize_options_spec(&options->mapping),
        .has_ema = options->ema.given,
        .ema = options->ema.value,
        .partial = options->partial.given || options->continue_from,
        .has_position = options->partial.has_position,
        .position = options->partial.position,
        .resume = options->continue_from,
        .output = target->output ? target->output : "-",
        .force = target->force,
        .selection = selection_options_selection(&options->mapping.selection),
        .granularity = quantize_options_granularity(&options->mapping),
        .control = {.threads = batch_threads(batch),
                    .cancel = *cancel,
                    .progress = progress.is_wanted ? show_progress : NULL,
                    .context = &progress,
                    .begin_file = begin_input},
        .ways = options->mapping.ways.sync ? QUANT_SYNC : 0,
    };
    struct quant_calibrate_result result;
    const enum quant_status status = quant_file_calibrate(&job, &result, error);
    progress_end(&progress);
    if (status == QUANT_OK && calibrate_options_group(options) && !batch->quiet)
        summarize_groups(&result);
    return status;
}

/* The list of names is read like an INPUT: the output must not replace it either. */
static int check_list(const struct calibrate_options *options)
{
    const char *const inputs[] = {options->mapping.files_from.path, NULL};
    const char *const outputs[] = {NULL, options->mapping.target.output};
    struct quant_clash clashes[2];
    struct quant_error error;
    const enum quant_status found =
        quant_file_find_clashes(inputs, outputs, NULL, NULL, 2, clashes, &error);
    if (found != QUANT_OK)
        return message_failure(found, &error);
    if (!clashes[1].path)
        return EXIT_DONE;
    message_error("the output '%s' is the list of names '%s', which is never replaced",
                  clashes[1].path, clashes[1].other);
    return EXIT_FAILED;
}

static int find_range(const struct calibrate_options *options, char *const *inputs, size_t n)
{
    if (!options->mapping.batch.quiet)
        streams_announce((const char *const *)inputs, n);
    struct quant_cancel cancel;
    if (!signals_start(&cancel)) {
        message_error("cannot make a pipe for signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    struct quant_error error;
    const enum quant_status found = options->merge ? merge(options, inputs, n, &cancel, &error)
                                                   : calibrate(options, inputs, n, &cancel, &error);
    return found == QUANT_OK ? EXIT_DONE : message_failure(found, &error);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct calibrate_options options = {.scheme = 0}; /* no type either, which means int8 */
    struct choosing choosing = {
        .verb = "calibrate", .floats_only = true, .min_dims = QUANT_CONTAINER_MIN_DIMS};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status)) {
        quantize_options_release(&options.mapping);
        return status;
    }
    if (options.scheme != 0)
        options.mapping.scheme = options.scheme - 1;
    struct input_list inputs;
    choosing.input = input_options_input(&options.mapping.input);
    const struct directory_rules rules = {.quiet = options.mapping.batch.quiet};
    status = directory_inputs_init(&inputs, self, &options.mapping.files_from, &rules, argv + first,
                                   (size_t)(argc - first));
    if (status == EXIT_DONE)
        status = calibrate_options_check(self, &options, inputs.names, inputs.n);
    if (status == EXIT_DONE)
        status = check_list(&options);
    if (status == EXIT_DONE)
        status = choosing_look(&choosing, &options.mapping.selection, inputs.names, inputs.n);
    if (status == EXIT_DONE)
        status = find_range(&options, choosing_names(&choosing, inputs.names),
                            choosing_count(&choosing, inputs.n));
    choosing_release(&choosing);
    status = input_list_status(&inputs, status);
    input_list_release(&inputs);
    quantize_options_release(&options.mapping);
    return status;
}

static const char notes[] =
    "The elements of all INPUTs count as one sequence, in order. Give all INPUTs in\n"
    "one call: for a long list, use --files-from and not 'xargs', which splits it.\n"
    "With --ema, each INPUT has its own range and the ranges are averaged, as in\n"
    "MovingAverageMinMaxObserver of PyTorch.\n"
    "\n"
    "With --axis or --block-size, each channel or block has a range of its own, found\n"
    "from its elements in all INPUTs. The INPUTs must have the same channels or\n"
    "blocks; in other dimensions, such as the batch, they may differ.\n"
    "\n"
    "To share the work among machines, run --partial on each with its share of the\n"
    "INPUTs. Then run --merge once, with the partial results in the order of their\n"
    "INPUTs. While \"stage\" in the merged file is \"next\", run --continue on each\n"
    "machine and --merge again. The last merged file is the same as that of one call\n"
    "over all INPUTs.\n"
    "\n"
    "A range found with minmax can be used for any scheme and type; one found with\n"
    "percentile or sigma for any type with the same scheme. mse, entropy and octav\n"
    "also depend on --dtype, --qmin, --qmax, --include-zero, --rounding and\n"
    "--scale-dtype: give 'quant quantize --range-from' the same ones.\n";

static const struct command_example examples[] = {
    {"calibrate -s zero-point -m percentile:99.99 -o calib.json act/*.npy",
     "writes one range for all these files"},
    {"quantize -s zero-point --range-from calib.json --output-dir q act/*.npy",
     "quantizes these files with that range"},
    {"calibrate --files-from list.txt -o calib2.json", "reads the names of the files from a list"},
    {"calibrate -m entropy --partial -o part1.json act/1*.npy",
     "runs the first round on a part of the files"},
    {"calibrate --merge -o merged.json part*.json", "merges the parts of the first round"},
    {"calibrate --continue merged.json -o again1.json act/1*.npy",
     "runs the second round on the same part"},
    {NULL, NULL},
};

const struct command command_calibrate = {
    .name = "calibrate",
    .summary = "find one range for all INPUTs, such as the activations of a layer",
    .usage = "calibrate [OPTION]... INPUT...",
    .options = rows,
    .notes = notes,
    .examples = examples,
    .failure = "nothing was written",
    .computes = true,
    .run = run,
};
