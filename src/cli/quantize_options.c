/* SPDX-License-Identifier: MIT */
/* From the options to what the library takes. */
#include "cli/quantize_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/message.h"

void quantize_options_release(struct quantize_options *options)
{
    report_options_release(&options->report);
    selection_options_release(&options->selection);
    word_list_release(&options->ties);
    for (size_t i = 0; i < options->sections.n; i++)
        free(options->sections.items[i]);
    free(options->sections.items);
}

struct quant_spec quantize_options_spec(const struct quantize_options *options)
{
    return (struct quant_spec){
        .scheme = (enum quant_scheme)options->scheme,
        .dtype = (enum quant_dtype)options->dtype,
        .rounding = (enum quant_rounding)options->rounding,
        .scale_dtype = (enum quant_dtype)options->scale_dtype,
        .nonfinite = (enum quant_nonfinite)options->nonfinite,
        .include_zero = options->include_zero,
        .like = options->like,
        .exact = options->exact,
        .has_clip = options->clip.given,
        .has_scale = options->scale.given,
        .has_zero_point = options->zero_point.given,
        .has_qmin = options->qmin.given,
        .has_qmax = options->qmax.given,
        .clip = {options->clip.low, options->clip.high},
        .scale = options->scale.value,
        .zero_point = options->zero_point.value,
        .qmin = options->qmin.value,
        .qmax = options->qmax.value,
        .calibration = options->calibration.name,
        .has_calibration_argument = options->calibration.has_argument,
        .calibration_argument = options->calibration.argument,
    };
}

struct quant_granularity quantize_options_granularity(const struct quantize_options *options)
{
    return (struct quant_granularity){
        .has_axis = options->axis.given,
        .axis = options->axis.value,
        .block_size = options->blocks.size,
        .block_rows = options->blocks.rows,
    };
}

int quantize_options_usage(const struct command *command, const struct quantize_options *options,
                           const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return options->pattern
               ? message_usage(command->name, "after '--for %s': %s", options->pattern, text)
               : message_usage(command->name, "%s", text);
}

bool quantize_options_have_groups(const struct quantize_options *options)
{
    return options->axis.given || options->blocks.size > 0;
}

/* Where there is no file, opening it says so. */
static bool is_stream(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode));
}

/* A range that was calibrated for other options is wrong usage. A file with many ranges is read
 * here to know that, and again by the job. */
int quantize_options_read_spec(const struct command *command,
                               const struct quantize_options *options, struct quant_spec *spec)
{
    const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    const char *path = options->range_from;
    enum quant_status status = QUANT_OK;
    struct quant_error error;
    *spec = quantize_options_spec(options);
    if (path && quantize_options_have_groups(options) && is_stream(path))
        return quantize_options_usage(command, options,
                                      "'--range-from' with '--axis' or '--block-size' needs a "
                                      "regular file, and '%s' is a stream",
                                      path);
    if (path && quantize_options_have_groups(options)) {
        status = quant_file_check_ranges(path, &never, spec, &error);
    } else if (path) {
        status = quant_file_range(path, &never, spec, &error);
        if (status == QUANT_OK)
            status = quant_spec_check(spec, &error);
    }
    if (status == QUANT_INVALID)
        return quantize_options_usage(command, options, "%s", error.text);
    return status == QUANT_OK ? EXIT_DONE : message_failure(status, &error);
}
