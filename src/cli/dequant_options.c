/* SPDX-License-Identifier: MIT */
#include "cli/dequant_options.h"

#include "cli/message.h"

bool dequant_options_measure(const struct dequant_options *options)
{
    return !options->ways.dry_run && report_options_measure(&options->report);
}

bool dequant_options_write(const struct dequant_options *options)
{
    return options->target.output || options->target.directory || !dequant_options_measure(options);
}

enum quant_dtype dequant_options_dtype(const struct dequant_options *options)
{
    return options->dtype ? (enum quant_dtype)options->dtype : QUANT_FLOAT32;
}

/* ---- Options that exclude each other ------------------------------------------------------- */

static int check_measuring(const struct command *self, const struct dequant_options *options,
                           char *const *inputs, size_t n)
{
    const char *idle = options->against               ? "against"
                       : options->original.from       ? "from"
                       : options->original.dtype      ? "input-dtype"
                       : options->original.byte_order ? "byte-order"
                                                      : NULL;
    if (idle && !report_options_measure(&options->report))
        return message_usage(
            self->name,
            "'--%s' describes the original, which is read only with '--report' or '--fail-if'",
            idle);
    if (!dequant_options_write(options) && options->dtype)
        return message_usage(self->name,
                             "'--dtype' is the type of the array, which '--report' and '--fail-if' "
                             "write only with '--output' or '--output-dir'");
    if (!dequant_options_write(options) && options->target.format)
        return message_usage(self->name,
                             "'--to' is the format of the array, which '--report' and '--fail-if' "
                             "write only with '--output' or '--output-dir'");
    if (options->against && n > 1)
        return message_usage(self->name, "'--against' names one file, but there are %zu INPUTs", n);
    if (targets_is_stream(options->against) &&
        (targets_is_stream(inputs[0]) || targets_is_stream(options->files_from.path)))
        return message_usage(self->name,
                             "'-' is given twice, but standard input can be read only once");
    return EXIT_DONE;
}

static int check_streams(const struct command *self, const struct dequant_options *options,
                         char *const *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (targets_is_stream(inputs[i]) && !options->target.sidecar)
            return message_usage(self->name, n > 1 ? "'-' needs '--sidecar', which names one file; "
                                                     "dequantize '-' in a separate call"
                                                   : "'-' needs '--sidecar FILE'");
        if (!dequant_options_write(options) || !targets_to_stdout(&options->target, inputs[i]))
            continue;
        if (report_options_to_stdout(&options->report))
            return message_usage(
                self->name,
                "the data and the report cannot both go to standard output; give '--output FILE' "
                "or '--report-file FILE'");
        return EXIT_DONE;
    }
    return EXIT_DONE;
}

int dequant_options_check(const struct command *self, const struct dequant_options *options,
                          char *const *inputs, size_t n)
{
    int status = targets_check(self, &options->target, inputs, n);
    if (status == EXIT_DONE)
        status = report_options_check(self, &options->report);
    if (status == EXIT_DONE)
        status = way_options_check(self, &options->ways, &options->report, options->target.force);
    if (status == EXIT_DONE)
        status = check_measuring(self, options, inputs, n);
    if (status == EXIT_DONE)
        status = check_streams(self, options, inputs, n);
    if (status == EXIT_DONE)
        status = targets_check_extension(self, &options->target, dequant_options_dtype(options));
    return status;
}
