/* SPDX-License-Identifier: MIT */
/* The files of a job to dequantize. */
#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/dequantize_file.h"
#include "engine/files/file_list.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"

static enum quant_status dequantize(void *context, const struct quant_file_work *work,
                                    struct quant_error *error)
{
    struct quant_dequantize_job job = *(const struct quant_dequantize_job *)context;
    job.path = work->file->path;
    job.sidecar = work->file->sidecar;
    job.output.path = work->file->output;
    job.output.text_only = work->file->text_only;
    job.control = *work->control;
    return quant_dequantize_file(&job, work, error);
}

static void show(const void *result, enum quant_status status, struct quant_file_result *shown)
{
    shown->restored = status == QUANT_OK ? result : NULL;
}

static enum quant_status check_dtype(enum quant_dtype dtype, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (dtype == QUANT_DTYPE_NONE || dtype == QUANT_FLOAT32 ||
        (info && info->is_unscaled && info->is_scale))
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "floats are restored as float32, float16 or bfloat16, not as %s",
                           info ? info->name : "an unknown type");
}

enum quant_status quant_file_dequantize(const struct quant_dequantize_job *job,
                                        struct quant_dequantize_result *result,
                                        struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_dequantize_job own;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_dequantize_job", error);
    if (status == QUANT_OK)
        status = quant_input_check(&own.against, "against", error);
    if (status == QUANT_OK)
        status = quant_selection_check(&own.selection, error);
    if (status == QUANT_OK)
        status = check_dtype(own.dtype, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_file only = {.path = own.path,
                                    .output = own.output.path,
                                    .sidecar = own.sidecar,
                                    .text_only = own.output.text_only};
    struct quant_file_list list = {
        .control = &own.control,
        .ways = own.ways,
        .result_nbytes = sizeof *result,
        .context = &own,
        .work = dequantize,
        .show = show,
    };
    if (own.output.force && quant_ways_resume(own.ways))
        return quant_error_set(error, QUANT_INVALID,
                               "'output.force' replaces all outputs, but QUANT_RESUME keeps some");
    status = quant_file_list_begin(&list, own.files, own.nfiles, &only, NULL, error);
    if (status == QUANT_OK && (own.output.force || quant_ways_resume(own.ways)))
        quant_file_list_clear(&list, false);
    return status == QUANT_OK ? quant_file_list_run(&list, result, error) : status;
}
