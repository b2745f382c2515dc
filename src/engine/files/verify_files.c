/* SPDX-License-Identifier: MIT */
/* The files of a job to verify. */
#include <quant/verify.h>
#include <stdlib.h>

#include "base/error.h"
#include "engine/files/file_list.h"
#include "engine/files/verify_run.h"
#include "engine/work/job.h"

/* What is kept of a file until it is reported. */
struct result {
    struct quant_verified verified;
    struct quant_findings findings;
    bool is_checked; /* to the end */
};

static enum quant_status verify(void *context, const struct quant_file_work *work,
                                struct quant_error *error)
{
    const struct quant_verify_job *job = context;
    struct result *result = work->result;
    struct quant_verify_run run = {
        .file = work->file,
        .control = work->control,
        .against = &job->against,
        .selection = &job->selection,
        .pool = work->pool,
        .findings = &result->findings,
        .verified = &result->verified,
        .error = error,
        .progress = {.call = work->control->progress, .context = work->control->context},
    };
    enum quant_status status = quant_verify_file(&run);
    free(run.path_owned);
    if (status != QUANT_OK)
        return status;
    result->is_checked = true;
    status = quant_findings_end(&result->findings, &result->verified, error);
    if (result->verified.nfaulty == 0)
        return status;
    if (error)
        *error = run.of_tensor;
    return run.of_tensor.status;
}

static void show(const void *result, enum quant_status status, struct quant_file_result *shown)
{
    const struct result *own = result;
    (void)status;
    shown->verified = own->is_checked ? &own->verified : NULL;
}

enum quant_status quant_file_verify(const struct quant_verify_job *job, struct quant_error *error)
{
    struct quant_verify_job own;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_verify_job", error);
    if (status != QUANT_OK)
        return status;
    struct quant_file_list list = {
        .control = &own.control,
        .result_nbytes = sizeof(struct result),
        .context = &own,
        .work = verify,
        .show = show,
    };
    status = quant_file_list_begin(&list, own.files, own.nfiles, NULL, NULL, error);
    return status == QUANT_OK ? quant_file_list_run(&list, NULL, error) : status;
}
