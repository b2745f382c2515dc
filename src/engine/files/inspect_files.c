/* SPDX-License-Identifier: MIT */
/* The files of a job to inspect. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/dequantize_inputs.h"
#include "engine/files/file_list.h"
#include "engine/files/inspection.h"
#include "engine/files/sidecar_pair.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "io/io.h"
#include "io/sidecar_names.h"
#include "methods/plan_make.h"

const char *quant_role_name(enum quant_role role)
{
    static const char *const names[] = {"mapped", "copied",      "refused", "quantized",
                                        "scales", "zero_points", "biases",  "unknown"};
    return (size_t)role < sizeof names / sizeof names[0] ? names[role] : "unknown";
}

void quant_inspection_add_fault(struct quant_inspection *run, const struct quant_error *fault)
{
    struct quant_inspect_result *result = run->result;
    if (result->nfaults++ == 0)
        result->fault = *fault;
}

void quant_inspection_miss_sidecar(struct quant_inspection *run, const char *what)
{
    if (run->sidecar.fault.status != QUANT_OK)
        return;
    quant_error_set(&run->result->remark, QUANT_UNSUPPORTED,
                    "%s, but there is no sidecar%s%s%s: not quantized by quant, or unfinished",
                    what, run->sidecar.path ? " '" : "", run->sidecar.path ? run->sidecar.path : "",
                    run->sidecar.path ? "'" : "");
}

const struct quant_spec *quant_inspected_spec(const struct quant_inspect_job *job,
                                              const struct quant_inspected *tensor)
{
    const struct quant_dtype_info *info = quant_dtype_info(tensor->dtype);
    const bool is_source = tensor->role == QUANT_ROLE_MAPPED || tensor->role == QUANT_ROLE_COPIED;
    return info && info->is_source && is_source ? &job->spec : NULL;
}

/* What the sidecar says goes before what the file looks like. */
static enum quant_status choose_format(struct quant_inspection *run)
{
    struct quant_input input = run->job->input;
    if (!input.format && run->sidecar.reader)
        input.format = quant_sidecar_tensors_head(run->sidecar.reader)->data_format;
    if (!input.format && run->sidecar.is_single)
        input.format = run->sidecar.single.data.format;
    if (input.format && !quant_format_from_name(input.format))
        input.format = run->job->input.format;
    return quant_tensor_choose_format(&run->tensor, &input, run->error);
}

/* A sidecar of many tensors beside a file of one, or the reverse, is another file's. */
static void check_kind(struct quant_inspection *run)
{
    struct quant_inspected_sidecar *sidecar = &run->sidecar;
    const bool is_container = run->tensor.format->container;
    if (sidecar->reader && !is_container)
        quant_error_set(&sidecar->fault, QUANT_CORRUPT,
                        "'%s' is the sidecar of a file of many tensors", sidecar->path);
    else if (sidecar->is_single && is_container)
        quant_error_set(&sidecar->fault, QUANT_CORRUPT,
                        "'%s' is the sidecar of a file of one tensor", sidecar->path);
    else
        return;
    sidecar->is_single = false;
}

static enum quant_status inspect_opened(struct quant_inspection *run)
{
    enum quant_status status = choose_format(run);
    if (status != QUANT_OK)
        return status;
    check_kind(run);
    if (run->sidecar.fault.status != QUANT_OK)
        quant_inspection_add_fault(run, &run->sidecar.fault);
    run->result->format = run->tensor.format->name;
    run->result->is_container = run->tensor.format->container;
    run->result->has_sidecar =
        (run->sidecar.reader || run->sidecar.is_single) && run->sidecar.fault.status == QUANT_OK;
    return run->result->is_container ? quant_inspect_container(run) : quant_inspect_single(run);
}

static void close_inputs(struct quant_inspection *run)
{
    quant_tensor_close(&run->tensor);
    quant_inspected_sidecar_close(&run->sidecar);
}

static enum quant_status open_inputs(struct quant_inspection *run)
{
    const struct quant_inspect_job *job = run->job;
    const enum quant_status status =
        quant_input_open(job->input.path, &job->control.cancel, &run->tensor.source, run->error);
    return status == QUANT_OK
               ? quant_inspected_sidecar_open(&run->sidecar, run->tensor.source, job->input.path,
                                              job->sidecar, &job->control.cancel, run->error)
               : status;
}

/* Again if another process replaces them meanwhile: sidecar_pair.h. */
static enum quant_status open_pair(struct quant_inspection *run)
{
    const char *path = run->job->input.path;
    char *sidecar = run->job->sidecar ? strdup(run->job->sidecar) : quant_sidecar_default(path);
    bool is_replaced = true;
    enum quant_status status = QUANT_OK;
    if (!sidecar)
        return quant_error_no_memory(run->error, strlen(path) + 6, "path");
    if (quant_path_is_stream(path) || quant_path_is_stream(sidecar)) {
        free(sidecar);
        return open_inputs(run);
    }
    for (int tries = 0; is_replaced && tries < QUANT_PAIR_TRIES; tries++) {
        struct quant_pair_mark mark;
        close_inputs(run);
        status = quant_pair_mark(path, sidecar, &mark, run->error);
        if (status == QUANT_OK)
            status = open_inputs(run);
        is_replaced = !quant_is_fatal(status) && !quant_pair_is_marked(path, &mark);
        quant_pair_mark_release(&mark);
    }
    free(sidecar);
    return status;
}

static enum quant_status inspect(void *context, const struct quant_file_work *work,
                                 struct quant_error *error)
{
    struct quant_inspect_job job = *(const struct quant_inspect_job *)context;
    struct quant_inspection run = {
        .job = &job, .pool = work->pool, .result = work->result, .error = error};
    job.input.path = work->file->path;
    job.sidecar = work->file->sidecar;
    job.control = *work->control;
    enum quant_status status = open_pair(&run);
    if (status == QUANT_OK)
        status = inspect_opened(&run);
    close_inputs(&run);
    return status;
}

static void show(const void *result, enum quant_status status, struct quant_file_result *shown)
{
    const struct quant_inspect_result *inspected = result;
    shown->inspected = status == QUANT_OK || inspected->nunread > 0 ? inspected : NULL;
}

enum quant_status quant_file_inspect(const struct quant_inspect_job *job,
                                     struct quant_inspect_result *result, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_inspect_job own;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_inspect_job", error);
    if (status == QUANT_OK)
        status = quant_input_check(&own.input, "input", error);
    if (status == QUANT_OK)
        status = quant_selection_check(&own.selection, error);
    if (status == QUANT_OK)
        status = quant_spec_check_values(&own.spec, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_file only = {.path = own.input.path, .sidecar = own.sidecar};
    struct quant_file_list list = {
        .control = &own.control,
        .result_nbytes = sizeof *result,
        .context = &own,
        .work = inspect,
        .show = show,
    };
    status = quant_file_list_begin(&list, own.files, own.nfiles, &only, own.input.tensor, error);
    return status == QUANT_OK ? quant_file_list_run(&list, result, error) : status;
}
