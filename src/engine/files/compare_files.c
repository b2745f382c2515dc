/* SPDX-License-Identifier: MIT */
/* The files of a job to compare. */
#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/compare_container.h"
#include "engine/files/file_list.h"
#include "engine/files/file_selection.h"
#include "engine/tensor/compare_tensor.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "methods/plan_make.h"

static enum quant_status compare_single(const struct quant_compare_job *job,
                                        struct quant_tensor *tensor, struct quant_pool *pool,
                                        struct quant_compare_result *result,
                                        struct quant_error *error)
{
    struct quant_progress progress = {.call = job->control.progress,
                                      .context = job->control.context};
    enum quant_status status = quant_selection_check_file(
        &job->selection, "compare", job->input.path, job->input.tensor, error);
    if (status == QUANT_OK)
        status = quant_tensor_open_reader(tensor, &job->input, NULL, &job->control.cancel, error);
    if (status == QUANT_OK)
        status = quant_compare_tensor(job, tensor, pool, &progress, result, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_result shown = {
        .name = "",
        .nbytes = quant_dtype_bytes(result->source_dtype, result->grouping.nelems),
        .compared = result,
    };
    return quant_control_report(&job->control, &shown, error);
}

static enum quant_status compare(void *context, const struct quant_file_work *work,
                                 struct quant_error *error)
{
    struct quant_compare_job job = *(const struct quant_compare_job *)context;
    struct quant_tensor tensor = {.source = NULL};
    job.input.path = work->file->path;
    job.control = *work->control;
    enum quant_status status = quant_compare_check(&job, error);
    if (status == QUANT_OK)
        status = quant_tensor_recognize(&tensor, &job.input, &job.control.cancel, error);
    if (status == QUANT_OK && tensor.format->container && !job.input.tensor) {
        struct quant_source *source = tensor.source;
        tensor.source = NULL;
        status =
            quant_compare_container(&job, source, tensor.format, work->pool, work->result, error);
    } else if (status == QUANT_OK) {
        status = compare_single(&job, &tensor, work->pool, work->result, error);
    }
    quant_tensor_close(&tensor);
    return status;
}

static void show(const void *result, enum quant_status status, struct quant_file_result *shown)
{
    const struct quant_compare_result *compared = result;
    shown->compared = status == QUANT_OK || compared->ntensors > 0 ? compared : NULL;
}

static enum quant_status check_job(const struct quant_compare_job *job, struct quant_error *error)
{
    enum quant_status status = quant_input_check(&job->input, "input", error);
    if (status == QUANT_OK)
        status = quant_selection_check(&job->selection, error);
    if (status == QUANT_OK && job->ndtypes > 0 && !job->dtypes)
        return quant_error_set(error, QUANT_INVALID, "a list of %zu types is needed", job->ndtypes);
    return status == QUANT_OK ? quant_spec_check_values(&job->spec, error) : status;
}

enum quant_status quant_file_compare(const struct quant_compare_job *job,
                                     struct quant_compare_result *result, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_compare_job own;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_compare_job", error);
    if (status == QUANT_OK)
        status = check_job(&own, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_file only = {.path = own.input.path};
    struct quant_file_list list = {
        .control = &own.control,
        .result_nbytes = sizeof *result,
        .context = &own,
        .work = compare,
        .show = show,
    };
    status = quant_file_list_begin(&list, own.files, own.nfiles, &only, own.input.tensor, error);
    return status == QUANT_OK ? quant_file_list_run(&list, result, error) : status;
}
