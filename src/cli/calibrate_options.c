/* SPDX-License-Identifier: MIT */
#include "cli/calibrate_options.h"

#include <string.h>

#include "cli/message.h"

/* The first given option that describes the range; NULL if none. */
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

const char *calibrate_options_group(const struct calibrate_options *options)
{
    const struct quantize_options *mapping = &options->mapping;
    return mapping->axis.given ? "axis" : mapping->blocks.size > 0 ? "block-size" : NULL;
}

static int check_groups(const struct command *self, const struct calibrate_options *options)
{
    const char *name = calibrate_options_group(options);
    const char *part = options->partial.given   ? "partial"
                       : options->continue_from ? "continue"
                       : options->merge         ? "merge"
                                                : NULL;
    if (options->mapping.axis.given && options->mapping.blocks.rows > 0)
        return message_usage(
            self->name, "'--axis' and a '--block-size' of rows and columns exclude each other");
    if (name && part)
        return message_usage(self->name, "'--%s' finds many ranges in one call: it excludes '--%s'",
                             name, part);
    return EXIT_DONE;
}

static int check_parts(const struct command *self, const struct calibrate_options *options)
{
    const struct input_options *input = &options->mapping.input;
    const char *said = spec_option(options);
    if (options->merge && (options->partial.given || options->continue_from))
        return message_usage(self->name, "'--merge' combines parts, but '--%s' makes one",
                             options->partial.given ? "partial" : "continue");
    if (options->partial.has_position && options->continue_from)
        return message_usage(self->name, "'--partial=N' is for the first round only");
    if (said && (options->continue_from || options->merge))
        return message_usage(
            self->name,
            "'--%s' is for the first round only; the files that '--%s' reads already have it", said,
            options->merge ? "merge" : "continue");
    if (options->merge &&
        (input->from || input->shape.given || input->dtype != 0 || input->byte_order != 0))
        return message_usage(self->name, "'--merge' reads what '--partial' and '--continue' wrote, "
                                         "not tensors: it takes no options for reading them");
    if (options->merge &&
        (options->mapping.selection.include.n > 0 || options->mapping.selection.exclude.n > 0))
        return message_usage(self->name, "'--merge' combines parts of tensors that are already "
                                         "chosen: it takes no '--include' and no '--exclude'");
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
        return message_usage(self->name,
                             "'-' is given twice, but standard input can be read only once");
    return EXIT_DONE;
}

int calibrate_options_check(const struct command *self, const struct calibrate_options *options,
                            char *const *inputs, size_t n)
{
    const struct quant_spec spec = quantize_options_spec(&options->mapping);
    struct quant_error error;
    int status = check_groups(self, options);
    if (status == EXIT_DONE)
        status = check_parts(self, options);
    if (status != EXIT_DONE)
        return status;
    if (quant_spec_check(&spec, &error) != QUANT_OK)
        return message_usage(self->name, "%s", error.text);
    if (!quant_spec_needs_range(&spec))
        return message_usage(self->name, "%s is unscaled: there is no range to calibrate for it",
                             quant_dtype_info(spec.dtype)->name);
    return check_inputs(self, inputs, n);
}
