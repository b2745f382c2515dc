/* SPDX-License-Identifier: MIT */
/* From a finished quantization to its sidecar. */
#include "engine/files/sidecar_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "io/io.h"

/* A stream has no path, and JSON has no text for one that is not UTF-8: *relative stays NULL. */
enum quant_status quant_record_path(char **relative, const char *path, bool is_file,
                                    const char *sidecar, struct quant_error *error)
{
    if (strcmp(path, "-") == 0 || (!is_file && quant_path_is_stream(path)))
        return QUANT_OK;
    struct quant_error own;
    *relative = quant_path_relative(path, sidecar, error ? error : &own);
    if (!*relative)
        return error ? error->status : own.status;
    if (!quant_is_utf8(*relative)) {
        free(*relative);
        *relative = NULL;
    }
    return QUANT_OK;
}

const char *quant_record_method(const struct quant_choice *choice)
{
    if (quant_dtype_info(choice->params.dtype)->is_unscaled)
        return "none";
    if (choice->calibration)
        return choice->calibration;
    return choice->has_range ? "clip" : "given";
}

static void set_numbers(struct quant_sidecar *sidecar, const struct quant_quantize_result *result)
{
    const struct quant_observed *observed = &result->observed;
    const struct quant_choice *choice = &result->choice;
    sidecar->params = choice->params;
    snprintf(sidecar->method, sizeof sidecar->method, "%s", quant_record_method(choice));
    sidecar->has_argument = choice->has_calibration_argument;
    sidecar->argument = choice->calibration_argument;
    sidecar->has_range = choice->has_range;
    memcpy(sidecar->range, choice->range, sizeof sidecar->range);
    sidecar->has_observed = observed->count > observed->nonfinite;
    sidecar->observed[0] = (double)observed->min + 0.0; /* -0 becomes 0 */
    sidecar->observed[1] = (double)observed->max + 0.0;
}

enum quant_status
quant_record_fill(struct quant_sidecar *sidecar, const struct quant_record_files *files,
                  const struct quant_quantize_job *job, const struct quant_quantize_result *result,
                  const struct quant_reader *reader, const struct quant_format *data_format,
                  struct quant_error *error)
{
    memset(sidecar, 0, sizeof *sidecar);
    set_numbers(sidecar, result);
    sidecar->shape = reader->shape;
    sidecar->order = reader->order;
    sidecar->source_dtype = reader->stored;
    if (reader->format->takes_raw_options)
        sidecar->source_byte_order = reader->byte_order;
    snprintf(sidecar->source.format, sizeof sidecar->source.format, "%s", reader->format->name);
    snprintf(sidecar->data.format, sizeof sidecar->data.format, "%s", data_format->name);
    enum quant_status status = quant_record_path(&sidecar->source.path, job->input.path,
                                                 files->source_is_file, files->sidecar, error);
    if (status == QUANT_OK)
        status = quant_record_path(&sidecar->data.path, job->output.path, files->data_is_file,
                                   files->sidecar, error);
    return status;
}
