/* SPDX-License-Identifier: MIT */
/* The files of a job to verify. */
#include <quant/verify.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/file_list.h"
#include "engine/files/verify_run.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"

/* What is kept of a file until it is reported. */
struct result {
    struct quant_verified verified;
    struct quant_findings findings;
    bool is_checked; /* to the end */
};

/* A job, and the directory that its files are compared with. */
struct verifying {
    struct quant_verify_job job;
    bool has_directory;
    struct quant_against_directory directory;
};

static enum quant_status verify(void *context, const struct quant_file_work *work,
                                struct quant_error *error)
{
    struct verifying *verifying = context;
    const struct quant_verify_job *job = &verifying->job;
    struct result *result = work->result;
    struct quant_verify_run run = {
        .file = work->file,
        .control = work->control,
        .against = &job->against,
        .directory = verifying->has_directory ? &verifying->directory : NULL,
        .name = job->against_names ? job->against_names[work->file - job->files] : NULL,
        .selection = &job->selection,
        .pool = work->pool,
        .findings = &result->findings,
        .verified = &result->verified,
        .error = error,
        .progress = {.call = work->control->progress, .context = work->control->context},
    };
    enum quant_status status = quant_verify_file(&run);
    quant_against_partner_release(&run.partner);
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

/* What is missing is of interest also if some files are not as they should be. */
static enum quant_status run_list(const struct quant_file_list *list,
                                  const struct verifying *verifying, struct quant_error *error)
{
    struct quant_error of_missing;
    const enum quant_status status = quant_file_list_run(list, NULL, error);
    if (!verifying->has_directory || quant_is_fatal(status))
        return status;
    const enum quant_status missing =
        quant_against_report_missing(&verifying->directory, &of_missing);
    if (missing == QUANT_OK || (status != QUANT_OK && !quant_is_fatal(missing)))
        return status;
    if (error)
        *error = of_missing;
    return missing;
}

static enum quant_status check_job(const struct quant_verify_job *job, struct quant_error *error)
{
    const enum quant_status status = quant_input_check(&job->against, "against", error);
    if (status != QUANT_OK)
        return status;
    const uint64_t known = QUANT_AGAINST_RECURSIVE | QUANT_AGAINST_WHOLE;
    if (job->against_ways & ~known)
        return quant_error_set(error, QUANT_INVALID, "unknown bits in 'against_ways': %llx",
                               (unsigned long long)job->against_ways);
    if (job->nfiles == 0)
        return quant_error_set(error, QUANT_INVALID, "at least one file is needed");
    return quant_selection_check(&job->selection, error);
}

enum quant_status quant_file_verify(const struct quant_verify_job *job, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct verifying verifying = {.has_directory = false};
    struct quant_verify_job *own = &verifying.job;
    enum quant_status status = quant_job_copy(own, sizeof *own, job, "quant_verify_job", error);
    if (status == QUANT_OK)
        status = check_job(own, error);
    if (status != QUANT_OK)
        return status;
    struct quant_file_list list = {
        .control = &own->control,
        .result_nbytes = sizeof(struct result),
        .context = &verifying,
        .work = verify,
        .show = show,
    };
    status = quant_file_list_begin(&list, own->files, own->nfiles, NULL, NULL, error);
    if (status == QUANT_OK && quant_against_is_directory(own)) {
        verifying.has_directory = true;
        status = quant_against_directory_open(&verifying.directory, own, error);
    }
    if (status == QUANT_OK)
        status = run_list(&list, &verifying, error);
    if (verifying.has_directory)
        quant_against_directory_close(&verifying.directory);
    return status;
}
