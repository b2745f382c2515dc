/* SPDX-License-Identifier: MIT */
/* The files of a job to quantize. */
#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/file_list.h"
#include "engine/files/mappings.h"
#include "engine/files/onnx_file.h"
#include "engine/files/quantize_file.h"
#include "engine/files/tied_ranges.h"
#include "engine/work/job.h"
#include "io/io.h"

/* Another run has made the outputs meanwhile. This finds them complete, or replaces them, as if the
 * run began now. All tensors have been reported already. */
static enum quant_status quantize_again(const struct quant_quantize_job *job,
                                        const struct quant_mappings *mappings,
                                        const struct quant_file_work *work,
                                        struct quant_error *error)
{
    struct quant_quantize_job own = *job;
    struct quant_file_work again = *work;
    own.control.on_tensor = NULL;
    own.control.progress = NULL;
    again.output_directory = NULL; /* it knows the outputs of the beginning */
    return quant_quantize_file(&own, mappings, &again, error);
}

/* Two that resume the same: the second finds that there is nothing left to do. */
static enum quant_status quantize(void *context, const struct quant_file_work *work,
                                  struct quant_error *error)
{
    const struct quant_mappings *mappings = context;
    struct quant_quantize_job job = *mappings->job;
    job.input.path = work->file->path;
    job.output.path = work->file->output;
    job.output.sidecar = work->file->sidecar;
    job.output.text_only = work->file->text_only;
    job.control = *work->control;
    const enum quant_status status = quant_quantize_file(&job, mappings, work, error);
    const bool can_repeat = quant_ways_resume(job.ways) && !(job.ways & QUANT_DRY_RUN) &&
                            !quant_path_is_stream(job.input.path);
    return status == QUANT_EXISTS && can_repeat ? quantize_again(&job, mappings, work, error)
                                                : status;
}

static void show(const void *result, enum quant_status status, struct quant_file_result *shown)
{
    shown->found = status == QUANT_OK ? result : NULL;
}

enum quant_status quant_file_quantize(const struct quant_quantize_job *job,
                                      struct quant_quantize_result *result,
                                      struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_quantize_job own;
    enum quant_status status = quant_quantize_job_copy(&own, job, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_file only = {.path = own.input.path,
                                    .output = own.output.path,
                                    .sidecar = own.output.sidecar,
                                    .text_only = own.output.text_only};
    struct quant_mappings mappings;
    struct quant_file_list list = {
        .control = &own.control,
        .ways = own.ways & ~(uint64_t)QUANT_REQUANTIZE,
        .result_nbytes = sizeof *result,
        .context = &mappings,
        .work = quantize,
        .show = show,
    };
    const bool has_model = own.onnx && !(own.ways & QUANT_DRY_RUN);
    if (own.output.force && quant_ways_resume(own.ways))
        return quant_error_set(error, QUANT_INVALID,
                               "'output.force' replaces all outputs, but QUANT_RESUME keeps some");
    status = quant_file_list_begin(&list, own.files, own.nfiles, &only, own.input.tensor, error);
    if (status != QUANT_OK)
        return status;
    status = quant_mappings_make(&mappings, &own, error);
    if (status == QUANT_OK && own.onnx)
        status = quant_onnx_check_files(&mappings, list.files, list.n, error);
    if (status == QUANT_OK && (own.output.force || quant_ways_resume(own.ways)))
        quant_file_list_clear(&list, true);
    if (status == QUANT_OK && !(own.ways & QUANT_DRY_RUN)) /* they take all elements */
        status = quant_tied_ranges_find(&mappings, list.files, list.n, error);
    if (status == QUANT_OK && has_model)
        status = quant_onnx_begin(&own, error);
    if (status == QUANT_OK)
        status = quant_file_list_run(&list, result, error);
    if (status == QUANT_OK && has_model)
        status = quant_onnx_write(&own, list.files, list.n, error);
    quant_mappings_release(&mappings);
    return status;
}
